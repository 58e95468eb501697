"""Run a script in a guest: `python -m tests.vm.run [-t SECONDS] [-k ARGS] [-f HERE:THERE]... [-o FOLDER] SCRIPT`.

What the script writes comes to stdout, byte for byte, and its exit status is ours; 125 if the guest did not get to its
end. What it leaves in /out goes into FOLDER.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.vm.contents import RigError
from tests.vm.guest import Guest

NO_RESULT = 125


def main(arguments: Sequence[str]) -> int:
    """Run the script; `-` reads it from stdin."""
    parser = argparse.ArgumentParser(prog="python -m tests.vm.run", description="run a script on a real kernel")
    parser.add_argument("script", metavar="SCRIPT", help="the script's file; -: stdin")
    parser.add_argument("-t", dest="timeout", type=float, default=120.0, metavar="SECONDS", help="default: 120")
    parser.add_argument("-k", dest="kernel_args", default="", metavar="ARGS", help="for the kernel's command line")
    parser.add_argument("-f", dest="files", action="append", default=[], metavar="HERE:THERE", help="copy it in")
    parser.add_argument("-o", dest="out", type=Path, metavar="FOLDER", help="where the files of /out go")
    options = parser.parse_args(arguments)
    script = sys.stdin.read() if options.script == "-" else Path(options.script).read_text(encoding="utf-8")
    files = {there: Path(here) for here, _, there in (each.rpartition(":") for each in options.files)}
    try:
        result = Guest.ready().run(script, files, kernel_args=options.kernel_args, timeout=options.timeout)
    except RigError as error:
        print(f"vm-run: {error}", file=sys.stderr)
        return NO_RESULT
    sys.stdout.buffer.write(result.stdout)
    for name, content in result.files_out.items() if options.out else ():
        place = options.out / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
