"""The packages of Debian and of the systems with rpm, as nfpm makes them: one description, two forms."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditrules import __version__
from tools.release.project import PROJECT, PROJECT_NAME, moment

FORMS = ("deb", "rpm")

EXTENSIONS = "/usr/lib/osquery/extensions"
COMMAND = f"/usr/lib/{PROJECT_NAME}"  # where the extension has the name of the command line
SHARE = f"/usr/share/{PROJECT_NAME}"
DOC = f"/usr/share/doc/{PROJECT_NAME}"

DESCRIPTION = """\
osquery extension: what is audited on this host, as SQL
Tables of the audit rules of kernel and files, query packs with the verdicts of
benchmarks, and a command line that asks the same without osquery."""

# A Debian system has one python3; the others are those of newer ones beside it.
DEB = ("python3 (>= 3.10) | python3.13 | python3.12 | python3.11 | python3.10",)
RPM = ("(python3 >= 3.10 or python3.11 or python3.12 or python3.13)",)


def build(extension: Path, folder: Path) -> list[Path]:
    """Make the packages of the extension's file in the folder.

    Raises:
        subprocess.CalledProcessError: nfpm refused; it has said why.
    """
    nfpm = Path(sys.executable).with_name("nfpm")
    with tempfile.TemporaryDirectory() as work:
        description = Path(work, "nfpm.yaml")
        description.write_text(json.dumps(described(extension)), encoding="utf-8")  # JSON is YAML, too
        for form in FORMS:
            command = (nfpm, "package", "--config", description, "--packager", form, "--target", folder)
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return sorted(path for form in FORMS for path in folder.glob(f"*.{form}"))


def described(extension: Path) -> dict[str, Any]:
    """What nfpm is told."""
    return {
        "name": PROJECT_NAME,
        "version": __version__,
        "arch": "all",
        "platform": "linux",
        "section": "admin",
        "priority": "optional",
        "maintainer": PROJECT_NAME,
        "description": DESCRIPTION,
        "license": "Apache-2.0",
        "mtime": moment().isoformat(),
        "contents": list(_contents(extension)),
        "scripts": {
            "postinstall": str(Path(__file__).with_name("postinstall.sh")),
            "preremove": str(Path(__file__).with_name("preremove.sh")),
        },
        # Debian's python3-apsw lets `auditrules check` and `query` run; the extension does without.
        "overrides": {"deb": {"depends": DEB, "suggests": ["python3-apsw (>= 3.42)"]}, "rpm": {"depends": RPM}},
        "rpm": {"buildhost": PROJECT_NAME, "summary": DESCRIPTION.partition("\n")[0]},
    }


def _contents(extension: Path) -> Iterator[dict[str, Any]]:
    files = {
        **{f"{DOC}/{file.relative_to(PROJECT)}": file for file in documents()},
        f"{DOC}/copyright": PROJECT / "LICENSE",
        **{f"{SHARE}/packs/{file.relative_to(PROJECT / 'packs')}": file for file in packs()},
    }
    folders = {"/usr/lib/osquery", EXTENSIONS, COMMAND, DOC, *(str(Path(name).parent) for name in files), SHARE}
    for folder in sorted(folders):
        yield _entry(folder, 0o755, type="dir")
    yield _entry(f"{EXTENSIONS}/auditrules.ext", 0o755, src=str(extension))
    yield _entry("/usr/bin/auditrules", 0o755, src=str(Path(__file__).with_name("auditrules.sh")))
    yield {
        "dst": f"{COMMAND}/auditrules",
        "src": f"..{EXTENSIONS.removeprefix('/usr/lib')}/auditrules.ext",
        "type": "symlink",
    }
    for name, file in sorted(files.items()):
        yield _entry(name, 0o644, src=str(file))


def packs() -> list[Path]:
    """All that is below packs/: osquery's, and in a folder of its own Fleet's."""
    return sorted(path for path in (PROJECT / "packs").rglob("*") if path.is_file())


def documents() -> list[Path]:
    """The pages for readers: those beside the README, and all below docs/, where its links lead."""
    return [*sorted(PROJECT.glob("*.md")), *sorted(path for path in (PROJECT / "docs").rglob("*") if path.is_file())]


def _entry(name: str, mode: int, **others: str) -> dict[str, Any]:
    info = {"mode": mode, "owner": "root", "group": "root", "mtime": moment().isoformat()}
    return {"dst": name, "file_info": info, **others}
