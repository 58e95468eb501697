"""A stand-in for osquery's core: what it asks of an extension, and what it does with the answers.

`Core` is the daemon's side of the wire: the extension manager on a socket, which spawns real extension processes.
`Database` is its SQL side: SQLite, whose virtual tables follow osquery/sql/virtual_table.cpp. Both are as strict as
osquery 5.23 was seen to be, its oddities included, so that an extension that is wrong there is wrong here.
"""

from tests.core.manager import Core, Extension, Process
from tests.core.tables import Call, Database, Reply, TableError, local

__all__ = ["Call", "Core", "Database", "Extension", "Process", "Reply", "TableError", "local"]
