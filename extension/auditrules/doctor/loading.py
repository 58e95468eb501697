"""Checks whether osquery will load the extension: the load file, the file that it names, and its interpreter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditrules.audit.model.text import decode
from auditrules.doctor.facts import NAME, PROJECT, SUFFIX, ExtensionFile, Installation, LoadFile, PathChain
from auditrules.doctor.finding import Finding, ok, problem, warning
from auditrules.doctor.wrapper import passes_arguments
from auditrules.doctor.writers import writers

_OLDEST = (3, 10)

_STUB = re.compile(rf"#!/bin/sh\n# {PROJECT} (?P<version>\S+?)\.? ".encode())
_SHEBANG = re.compile(rb"#! *(?P<path>/[^ \t\n]*)")
_PYTHON = re.compile(r".*/python(\d+)\.(\d+)")
_ELF = b"\x7fELF"

_EXECUTABLE, _STICKY = 0o100, 0o1000


def is_stub(start: bytes) -> bool:
    """Whether a program begins with the header of our shell stub."""
    return _STUB.match(start) is not None


def shebang(start: bytes) -> str:
    """The path of the interpreter in a program's first line; empty if there is none."""
    match = _SHEBANG.match(start)
    return decode(match["path"]) if match else ""


def load_file(load: LoadFile, host: Installation, version: str) -> Iterator[Finding]:
    """Judge a load file and our files that it names. `version` is our own."""
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
    for finding, advice in writers(load.path, host.path_chains.get(load.path), "0644"):
        yield problem("load file", finding, advice)
    for file in load.files:
        yield from _extension(file, host, version)


def _extension(file: ExtensionFile, host: Installation, version: str) -> Iterator[Finding]:
    lines = list(_unsafe(file, host))
    yield from lines or [ok("extension", f"{file.path} is a file that osquery loads")]
    yield from _content(file, host, version)


def _content(file: ExtensionFile, host: Installation, version: str) -> Iterator[Finding]:
    """Judge the content of a regular file: the program that it needs, the file that it starts, and its version."""
    if file.place is None or file.place.kind != "regular":
        return
    if file.error:
        yield warning("extension", f"{file.path}: {file.error}", "run as root")
        return
    yield from _program(file, host)
    if file.starts is not None:
        yield from _started(file, file.starts, host, version)
    yield from _version(file, version)


def _started(script: ExtensionFile, file: ExtensionFile, host: Installation, version: str) -> Iterator[Finding]:
    """Judge the extension that a script starts. osquery does not check it, only the kernel does."""
    if not passes_arguments(script.start.decode("utf-8", "replace")):
        yield problem("extension", f"{script.path} does not pass osquery's arguments on", 'write "$@" behind its flags')
    if not file.path:
        yield warning(
            "extension", f"{script.path}: which file it starts can't be told", "name it by its absolute path there"
        )
        return
    lines = list(_unfit(file, host, script.path))
    yield from lines or [ok("extension", f"{script.path} starts {file.path}")]
    yield from _content(file, host, version)


def _version(file: ExtensionFile, version: str) -> Iterator[Finding]:
    stub = _STUB.match(file.start)
    if stub and (found := stub["version"].decode("ascii", "replace")) != version:
        yield warning(
            "extension", f"{file.path} is version {found}, and this is {version}", "install one version of both"
        )


def _unsafe(file: ExtensionFile, host: Installation) -> Iterator[Finding]:
    """Say why osquery refuses a file, as for "unsafe directory permissions" (osquery/filesystem/filesystem.cpp)."""
    if not file.path.endswith(SUFFIX):
        yield problem("extension", f"{file.path} does not end in {SUFFIX}", f"rename it to end in {SUFFIX}")
    yield from _unfit(file, host, "the load file")
    if file.place and file.place.kind == "regular" and file.folder and file.folder.mode & _STICKY:
        folder = file.path.rpartition("/")[0]
        yield problem(
            "extension",
            f"{folder} has the sticky bit (mode {file.folder.mode:04o})",
            "put it into a folder of root's, such as /usr/lib/osquery/extensions",
        )


def _unfit(file: ExtensionFile, host: Installation, named_in: str) -> Iterator[Finding]:
    """Say why a file can't be run, and who besides root could change what is run."""
    path, place = file.path, file.place
    if place is None:
        yield problem("extension", f"{path} is not there", f"install it, or correct {named_in}")
        return
    if place.kind != "regular":
        yield problem("extension", f"{path} is no regular file, but {place.kind}", "install it as a file")
        return
    folder = {path.rpartition("/")[0] or "/": file.folder} if file.folder else {}
    folders = {**folder, **(host.path_chains[path].folders if path in host.path_chains else {})}
    for finding, advice in writers(path, PathChain(place, folders), "0755"):
        yield problem("extension", finding, advice)
    if not place.mode & _EXECUTABLE:
        yield problem("extension", f"{path} can't be run (mode {place.mode:04o})", f"chmod 0755 {path}")


def _program(file: ExtensionFile, host: Installation) -> Iterator[Finding]:
    """Judge whether the kernel can run a file: the interpreter of its first line, and the Python of our stub."""
    if file.start.startswith(_ELF):
        yield ok("interpreter", f"{file.path} brings its own")
        return
    interpreter = shebang(file.start)
    if not interpreter:
        yield problem("interpreter", f"{file.path} has no #! line", "install it anew")
        return
    if not (file.interpreter and file.interpreter.kind == "regular" and file.interpreter.mode & _EXECUTABLE):
        yield problem(
            "interpreter", f"{interpreter} is not there, or can't be run", "install it, or the extension anew"
        )
        return
    for finding, advice in writers(interpreter, host.path_chains.get(interpreter), "0755"):
        yield problem("interpreter", finding, advice)
    if not _STUB.match(file.start):
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
