"""Bills of materials in CycloneDX: what is in the files that are made, with versions, licences and origins."""

from __future__ import annotations

import importlib
import importlib.metadata
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from auditrules import __version__
from tools.release import contents
from tools.release.project import PROJECT_NAME, moment, sha256

# The licences of what is pinned, in the words of SPDX, after their own licence files.
_SPDX = {
    "apsw": "any-OSI",
    "future": "MIT",
    "osquery": "BSD-3-Clause",
    "pyinstaller": "GPL-2.0-or-later WITH Bootloader-exception",
    "python": "PSF-2.0",
    "sqlite": "blessing",
    "thrift": "Apache-2.0",
    PROJECT_NAME: "Apache-2.0",
}


class BillError(Exception):
    """A bill that can't be made, or is not valid; the message says why."""


def of_archive(file: Path) -> str:
    """The bill of the extension's file, which is also what the packages hold."""
    return _written("archive", map(_named, sorted(contents.of_archive(file))))


def of_tree(tree: Path) -> str:
    """The bill of the tarball: all whose modules are in it, what these bring along, and the libraries beside them."""
    named = sorted(contents.of_tree(tree))
    return _written("tarball", (*map(_named, named), *_brought(named), *_libraries(tree)))


def _named(name: str) -> Component:
    if name == contents.PYTHON:
        return _component(name, platform.python_version(), "generic")
    return _component(name, importlib.metadata.version(name), "pypi")


def _brought(named: Iterable[str]) -> Iterator[Component]:
    if "apsw" in named:  # SQLite is compiled into it
        yield _component("sqlite", importlib.import_module("apsw").sqlite_lib_version(), "generic")


def _libraries(tree: Path) -> Iterator[Component]:
    for library in sorted(tree.glob("_internal/*.so*")):
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=sha256(library))]
        yield Component(name=library.name, type=ComponentType.FILE, bom_ref=library.name, hashes=hashes)


def _written(kind: str, components: Iterable[Component]) -> str:
    serial = uuid5(NAMESPACE_URL, f"{PROJECT_NAME}/{__version__}/{kind}/{int(moment().timestamp())}")
    bill = Bom(serial_number=serial, components=components)
    bill.metadata.timestamp = moment()
    bill.metadata.component = _component(PROJECT_NAME, __version__, "pypi", ComponentType.APPLICATION)
    bill.register_dependency(bill.metadata.component, bill.components)
    text: str = JsonV1Dot6(bill).output_as_string(indent=2) + "\n"
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem:
        raise BillError(f"the bill of the {kind} is not valid: {problem}")
    return text


def _component(name: str, version: str, origin: str, kind: ComponentType = ComponentType.LIBRARY) -> Component:
    if name not in _SPDX:
        raise BillError(f"{name} is packed, and bill.py does not name its licence")
    return Component(
        name=name,
        version=version,
        type=kind,
        bom_ref=f"{name}@{version}",
        purl=PackageURL(origin, name=name, version=version),
        licenses=[LicenseFactory().make_from_string(_SPDX[name])],
    )
