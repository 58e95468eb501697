"""Asks a running osquery for its extensions and flags, over its own socket."""

from __future__ import annotations

import os

from auditrules.doctor import Answer


def ask(path: str) -> Answer:
    """Ask osquery at a socket for its extensions and flags; nobody is believed but root and the reader himself."""
    # Only here, since the other commands start sooner without osquery's wire.
    from auditrules.serve.life import NoAnswer  # noqa: PLC0415
    from auditrules.serve.wire import Core  # noqa: PLC0415

    core = Core(path, (), owners={0, os.geteuid()})
    try:
        return Answer(extensions=core.versions(), options=core.options())
    except NoAnswer as error:
        return Answer(error=str(error))
