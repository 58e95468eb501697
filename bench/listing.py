"""`auditctl -l` over rules of our own: the program itself, with the kernel's messages lent to it by shim.c."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

from bench.rulesets import DOCKER, lines, payloads

PROGRAMS = ("auditctl", "/usr/sbin/auditctl", "/sbin/auditctl")


class SetupError(Exception):
    """Something that the benchmarks need is not there; the message says what to do."""


class Listing:
    """The program, and what it takes to run it on a rule set."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.program = self._found()
        self._shim = folder / "shim.so"
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise SetupError("expected a C compiler, to lend rules to auditctl: install gcc, or name one with CC=")
        source = Path(__file__).with_name("shim.c")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", self._shim, source], check=True)

    @staticmethod
    def _found() -> str:
        for program in (os.environ.get("AUDITCTL"), *PROGRAMS):
            path = shutil.which(program) if program else None
            if path:
                return path
        raise SetupError("expected auditctl: install auditd (no daemon need run), or name the program with AUDITCTL=")

    def rules(self, count: int) -> str:
        """The file with so many rules as the kernel tells them, each behind its length."""
        file = self._folder / f"rules.{count}"
        if not file.exists():
            file.write_bytes(b"".join(struct.pack("=I", len(each)) + each for each in payloads(lines(count))))
        return str(file)

    def environment(self, count: int) -> dict[str, str]:
        """The environment in which the program lists so many rules."""
        lent = {"LD_PRELOAD": str(self._shim), "BENCH_RULES": self.rules(count), "BENCH_AUDITCTL": self.program}
        return os.environ | lent

    def once(self, count: int) -> None:
        """List the rules, as a process."""
        done = subprocess.run([self.program, "-l"], env=self.environment(count), capture_output=True, check=True)
        found = done.stdout.count(b"\n")
        if found != count:
            raise SetupError(f"expected {count} lines of {self.program} -l, found {found}")

    def sixteen_greps(self, count: int) -> None:
        """Judge as the benchmark has it: `auditctl -l | grep PATH` for each of its sixteen paths."""
        self.greps(count, DOCKER)

    def one_listing_and_greps(self, count: int, controls: Iterable[str]) -> None:
        """List the rules once, and look for one word in them for each control."""
        file = self._folder / "listing"
        greps = "\n".join(f"grep {each} {file} >/dev/null" for each in controls)
        script = f"{self.program} -l >{file}\n{greps}; true"
        subprocess.run(["/bin/sh", "-c", script], env=self.environment(count), check=True)

    def greps(self, count: int, paths: Iterable[str]) -> None:
        """Look for paths in the listing as people do: `auditctl -l | grep PATH` for each of them."""
        script = "\n".join(f"{self.program} -l | grep {path} >/dev/null" for path in paths)
        subprocess.run(["/bin/sh", "-c", f"{script}; true"], env=self.environment(count), check=True)
