"""Runs the SQL of a report in Spark, over the same tables. No other module imports pyspark or sqlglot.

Where nothing says otherwise, Spark runs within this machine, on all of its cores, and listens on the loopback alone.
What Spark's own users set (`MASTER`, `PYSPARK_SUBMIT_ARGS`, `SPARK_CONF_DIR`, `SPARK_HOME`, or spark-submit) decides
instead where it is there: then nothing of the configuration is ours but names, times in UTC and quiet.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyspark
import sqlglot
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import LongType, StringType, StructField, StructType

from auditrules.report.errors import ReportError
from auditrules.report.evaluate import queries
from auditrules.report.evaluate.engine import ResultRows
from auditrules.report.tables import LOG_TABLES, NUMBER

SETTINGS = {
    "spark.app.name": "auditrules report",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.showConsoleProgress": "false",
}
"""The settings of every session."""

OWN = {
    "spark.default.parallelism": str(os.cpu_count() or 1),
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.master": "local[*]",
    "spark.sql.shuffle.partitions": str(os.cpu_count() or 1),
    "spark.ui.enabled": "false",
}
"""Further settings, unless somebody has configured Spark."""

_CONFIGURED = ("MASTER", "PYSPARK_GATEWAY_PORT", "PYSPARK_SUBMIT_ARGS", "SPARK_CONF_DIR", "SPARK_HOME")
_NOT_FOUND = "PATH_NOT_FOUND"
_WRONG = re.compile("error|exception|no such file", re.IGNORECASE)


class SparkError(ReportError):
    """Spark could not be started, or could not read the store."""


class Spark:
    """A session of Spark. A process has one at a time; `close` ends it."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Start Spark. Raises `SparkError`."""
        configured = any(environment.get(name) for name in _CONFIGURED)
        settings = SETTINGS if configured else {**OWN, **SETTINGS}
        conf = pyspark.SparkConf(loadDefaults=False).setAll(list(settings.items()))
        gateway, log = _java(tuple(settings.items()))
        try:
            self._session = SparkSession(pyspark.SparkContext(gateway=gateway, conf=conf))
        except Py4JError as error:
            raise SparkError(f"Spark did not start: {_output(log) or _cause(str(error))}") from error

    def add_logs(self, files: Mapping[str, Sequence[Path]]) -> None:
        """Take the Parquet files of each table; a table may have none."""
        for name, schema in LOG_TABLES.items():
            addresses = [path.resolve().as_uri() for path in files.get(name, ())]
            if addresses:
                self._view(name, self._parquet(schema, *addresses))
            else:
                self.set_table(name, schema.empty_table())

    def add_store(self, address: str) -> None:
        """Take the tables of a store by its address, which may be of any file system that Spark knows."""
        found = [name for name in LOG_TABLES if self._add_table(name, f"{address.rstrip('/')}/{name}")]
        if not found:
            raise SparkError(f"{address}: expected a store, found none of {', '.join(LOG_TABLES)}")

    def set_table(self, name: str, table: pa.Table) -> None:
        """Take a small table as it is, in the place of one of that name."""
        self._view(name, self._session.createDataFrame(table, _schema(table.schema)))

    def create(self, name: str) -> None:
        """Run a step, and keep its result as a table of its name."""
        result = self._query(name)
        # A view of views is planned anew as often as it is named; with a checkpoint the next plan begins here.
        self._view(name, result if queries.is_view(name) else result.localCheckpoint())

    def create_async(self, name: str) -> Callable[[], None]:
        """Run the step now, and return a function that does nothing: Spark is busy enough with one step."""
        self.create(name)
        return lambda: None

    def fetch(self, name: str) -> ResultRows:
        """Return the result of a question."""
        return [tuple(row) for row in self._query(name).collect()]

    def fetch_async(self, *names: str) -> Callable[[], list[ResultRows]]:
        """Return the function that runs the questions. Nothing starts before it is called."""
        return lambda: [self.fetch(name) for name in names]

    def close(self) -> None:
        """End the session."""
        self._session.stop()

    def _add_table(self, name: str, address: str) -> bool:
        """Take a table of a store. False: the store has none, as nothing was ever logged for it."""
        schema = LOG_TABLES[name]
        try:
            self._view(name, self._parquet(schema, address))
        except PySparkException as error:
            if error.getCondition() != _NOT_FOUND:
                raise SparkError(f"{address}: cannot be read: {_cause(str(error))}") from error
            self.set_table(name, schema.empty_table())
            return False
        return True

    def _parquet(self, schema: pa.Schema, *paths: str) -> DataFrame:
        # A day of a folder's name is in the rows as well: what is below is one table.
        return self._session.read.schema(_schema(schema)).option("recursiveFileLookup", "true").parquet(*paths)

    def _query(self, name: str) -> DataFrame:
        return self._session.sql(translated(queries.text(name)))

    def _view(self, name: str, frame: DataFrame) -> None:
        frame.createOrReplaceTempView(name)


def translated(sql: str, dialect: str = "spark") -> str:
    """Translate a query from DuckDB's dialect. Raises `sqlglot.UnsupportedError`."""
    (statement,) = sqlglot.transpile(sql, "duckdb", dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)
    return statement


@cache
def _java(settings: tuple[tuple[str, str], ...]) -> tuple[Any, IO[bytes]]:
    """Start the Java process, which ends with this process. Its output is shown only if it does not start."""
    log = tempfile.TemporaryFile()  # noqa: SIM115 - Java writes to it as long as it runs
    conf = pyspark.SparkConf(loadDefaults=False).setAll(list(settings))
    try:
        return launch_gateway(conf, {"stdout": log, "stderr": log}), log
    except (OSError, PySparkException) as error:
        output = _output(log) or _cause(str(error))
        log.close()
        raise SparkError(f"Spark did not start, which needs Java 17 or newer: {output}") from error


def _output(log: IO[bytes]) -> str:
    log.seek(0)
    return _cause(log.read().decode("utf-8", "replace"))


def _cause(output: str) -> str:
    """Find the line of Java's output with the error: the first that looks like one, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next(filter(_WRONG.search, lines), lines[-1] if lines else "")


def _schema(schema: pa.Schema) -> StructType:
    return StructType(
        [StructField(field.name, LongType() if field.type == NUMBER else StringType()) for field in schema]
    )
