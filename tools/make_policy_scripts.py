"""Write tests/policies/: for each control a script that makes a throw-away host pass it, and one that makes it fail.

With --check, only say whether the files are current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from auditrules.benchmarks import CIS_DOCKER, BenchmarkControl
from auditrules.benchmarks.docker_daemon import PROGRAMS
from auditrules.benchmarks.kinds.path import PathRequirement
from auditrules.benchmarks.targets import PathType

FOLDER = Path(__file__).parents[1] / "tests" / "policies"
RULES_D = "/etc/audit/rules.d"

_MAKE = {
    PathType.EXECUTABLE: "printf '#!/bin/sh\\n' >{path}; chmod 755 {path}",
    PathType.FILE: "echo '{{}}' >{path}",  # which is JSON, too: what can't be read would say of nothing where it is
    PathType.DIRECTORY: "mkdir {path}",
    PathType.SOCKET: "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"{path}\")'",
}
_SCRIPT = """\
#!/bin/sh
# {what} {benchmark} {version}, {id}:
# {title}.
# For a throw-away host: it makes files of Docker's and loads rules of its own in the place of all others.
set -eu
{made}
mkdir -p {folder}
{rules}
auditctl -D >/dev/null
auditctl -e 1 >/dev/null
augenrules --load >/dev/null 2>&1
"""


def scripts() -> Iterator[tuple[str, str]]:
    """The names of all scripts, and what they say."""
    for benchmark in (CIS_DOCKER[0], CIS_DOCKER[-1]):
        for control in benchmark.controls:
            file = f"{RULES_D}/CIS_{control.id}.rules"
            (line,) = _wanted(control).remedy(_wanted(control).path).lines
            yield f"CIS_{control.id}_pass.sh", _script(control, "Pass", f"echo '{line}' >{file}")
            yield f"CIS_{control.id}_fail.sh", _script(control, "Fail", f"rm -f {file}")


def _wanted(control: BenchmarkControl) -> PathRequirement:
    """What each control of these benchmarks requires: one path."""
    (wanted,) = control.requirements
    if not isinstance(wanted, PathRequirement):
        raise TypeError(f"{control.id}: expected a path, found {wanted.kind}")
    return wanted


def _script(control: BenchmarkControl, what: str, rules: str) -> str:
    wanted = _wanted(control)
    paths = dict.fromkeys(((PROGRAMS[0], PathType.EXECUTABLE), (wanted.path, wanted.type)))
    return _SCRIPT.format(
        what=what,
        benchmark=control.benchmark,
        version=control.version,
        id=control.id,
        title=control.title,
        made="\n".join(_made(path, kind) for path, kind in paths),
        folder=RULES_D,
        rules=rules,
    )


def _made(path: str, kind: PathType) -> str:
    return f"mkdir -p {path.rpartition('/')[0]}\n[ -e {path} ] || {{ {_MAKE[kind].format(path=path)}; }}"


def main(arguments: list[str]) -> int:
    """Write the files, or compare them. Returns 1 if one is not current, or is none of ours."""
    wanted = dict(scripts())
    if "--check" not in arguments:
        FOLDER.mkdir(exist_ok=True)
        for name, text in wanted.items():
            (FOLDER / name).write_text(text, "utf-8")
            (FOLDER / name).chmod(0o755)
    found = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*")}
    stale = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    for name in stale:
        print(f"tests/policies/{name} is not current: run make packs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
