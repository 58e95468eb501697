"""The pictures of the page in the documents: `python -m tests.report.present.pictures FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.report.present.browser import Browser, browser
from tests.report.present.fleet import fleet

SIZE = 240  # hosts


def summary(page: Browser) -> None:
    """The top of the page."""
    page.look(1280, 1040)
    page.open(fleet(SIZE))


def findings(page: Browser) -> None:
    """A failing host with its evidence and its remediation, in the dark."""
    page.look(1280, 960, dark=True)
    page.open(fleet(SIZE))
    page.show("#trend")
    page.find("#findings .opener").click()


def narrow(page: Browser) -> None:
    """A telephone."""
    page.look(390, 844)
    page.open(fleet(SIZE))
    page.show("#summary")


def printed(page: Browser) -> None:
    """What paper shows."""
    page.look(794, 1123, printed=True)
    page.open(fleet(SIZE))


PICTURES = {"report": summary, "report-dark": findings, "report-narrow": narrow, "report-print": printed}


def take(page: Browser, folder: Path) -> list[Path]:
    """Make each picture, and give their files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, show in PICTURES.items():
        show(page)
        file = folder / f"{name}.png"
        file.write_bytes(page.picture())
        made.append(file)
    page.look()
    return made


def main(arguments: Sequence[str]) -> int:
    """Make the pictures in a folder."""
    with browser() as page:
        for file in take(page, Path(arguments[0])):
            print(f"{file}  {file.stat().st_size} bytes")  # noqa: T201 - a script
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
