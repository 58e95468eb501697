"""What osquery is told to load, and whether it will: the load file, the file it names, and what runs that."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditrules.doctor.facts import NAME, PROJECT, SUFFIX, ExtensionFile, Installation, LoadFile
from auditrules.doctor.line import Line, ok, problem, warning

_OLDEST = (3, 10)

_STUB = re.compile(rf"#!/bin/sh\n# {PROJECT} (?P<version>\S+?)\.? ".encode())
_SHEBANG = re.compile(rb"#! *(?P<path>/[^ \t\n]*)")
_PYTHON = re.compile(r".*/python(\d+)\.(\d+)")
_ELF = b"\x7fELF"

_WORLD_WRITABLE, _EXECUTABLE, _STICKY = 0o002, 0o100, 0o1000


def load_file(load: LoadFile, host: Installation, version: str) -> Iterator[Line]:
    """Judge a load file and what it names of ours; `version` is our own."""
    add = f"add a line with the path of the extension to {load.path}, and restart osquery"
    if load.error:
        yield problem("load file", f"{load.path}: {load.error}", "let root read it; run as root")
    elif load.lines is None:
        yield problem("load file", f"{load.path} is not there", add)
    elif not load.files:
        yield problem("load file", f"{load.path} names no {NAME}{SUFFIX}", add)
    elif len(load.files) > 1:
        named = ", ".join(file.path for file in load.files)
        yield problem(
            "load file",
            f"{load.path} names more than one: {named}: all but one are refused as duplicates, again and again",
            "leave one of the lines",
        )
    else:
        yield ok("load file", f"{load.path} names {load.files[0].path}")
    for file in load.files:
        yield from _extension(file, host, version)


def _extension(file: ExtensionFile, host: Installation, version: str) -> Iterator[Line]:
    path = file.path
    lines = list(_unsafe(file))
    yield from lines or [ok("extension", f"{path} is a file that osquery loads")]
    if file.place is None or file.place.kind != "regular":
        return
    if file.error:
        yield warning("extension", f"{path}: {file.error}", "run as root")
        return
    yield from _program(file, host)
    stub = _STUB.match(file.start)
    if stub and (found := stub["version"].decode("ascii", "replace")) != version:
        yield warning("extension", f"{path} is version {found}, and this is {version}", "install one version of both")


def _unsafe(file: ExtensionFile) -> Iterator[Line]:
    """What osquery refuses, all of it as "unsafe directory permissions" (osquery/filesystem/filesystem.cpp)."""
    path, place = file.path, file.place
    if not path.endswith(SUFFIX):
        yield problem("extension", f"{path} does not end in {SUFFIX}", f"rename it to end in {SUFFIX}")
    if place is None:
        yield problem("extension", f"{path} is not there", "install it, or correct the load file")
        return
    if place.kind != "regular":
        yield problem("extension", f"{path} is no regular file, but {place.kind}", "install it as a file")
        return
    if place.uid != 0:
        yield problem("extension", f"{path} belongs to user {place.uid}", f"chown root:root {path}")
    if place.mode & _WORLD_WRITABLE:
        yield problem("extension", f"{path} can be written by everybody (mode {place.mode:04o})", f"chmod 0755 {path}")
    if not place.mode & _EXECUTABLE:
        yield problem("extension", f"{path} can't be run (mode {place.mode:04o})", f"chmod 0755 {path}")
    if file.folder and file.folder.mode & _STICKY:
        folder = path.rpartition("/")[0]
        yield problem(
            "extension",
            f"{folder} has the sticky bit (mode {file.folder.mode:04o})",
            "put it into a folder of root's, such as /usr/lib/osquery/extensions",
        )


def _program(file: ExtensionFile, host: Installation) -> Iterator[Line]:
    """Whether the kernel can run it: the interpreter of its first line, and the Python that our stub looks for."""
    if file.start.startswith(_ELF):
        yield ok("interpreter", f"{file.path} brings its own")
        return
    shebang = _SHEBANG.match(file.start)
    if not shebang:
        yield problem("interpreter", f"{file.path} has no #! line", "install it anew")
        return
    interpreter = shebang["path"].decode("utf-8", "backslashreplace")
    if not (file.interpreter and file.interpreter.kind == "regular" and file.interpreter.mode & _EXECUTABLE):
        yield problem(
            "interpreter", f"{interpreter} is not there, or can't be run", "install it, or the extension anew"
        )
    elif not _STUB.match(file.start):
        yield ok("interpreter", f"{file.path} is run by {interpreter}")
    elif python := next(filter(_is_new_enough, host.pythons), None):
        yield ok("interpreter", f"{file.path} finds {python}")
    else:
        yield problem(
            "interpreter",
            f"{file.path} needs Python 3.10 or newer in /usr/bin, found {', '.join(host.pythons) or 'none'}",
            "install the package python3.11, or the tarball, which brings its own",
        )


def _is_new_enough(python: str) -> bool:
    match = _PYTHON.fullmatch(python)
    return bool(match and (int(match[1]), int(match[2])) >= _OLDEST)
