"""Compare the language with what real programs did: `make truth [CASES=DIR]`.

Reads the case files of a folder (tests/corpus by default), tells for each file how many cases agree and shows the first
ten that don't. Exits 1 if any case disagrees, 2 if the folder holds no case file. Nothing is read but what the files
state.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditrules.audit.errors import RuleSyntaxError
from auditrules.audit.facts import DEFAULT_VERSION, Entry, Facts, parse_version
from auditrules.audit.listing import NO_RULES, parse_listed
from auditrules.audit.load import file_refusal, load
from auditrules.audit.render import listed
from auditrules.audit.words import decode, encode

Case = dict[str, Any]
Check = Callable[[Case, Facts], Iterator[str]]

SHOWN = 10
OWN_CORPUS = Path(__file__).parent / "corpus"
DEBIAN_LSM = ("lockdown", "capability", "landlock", "yama", "apparmor", "tomoyo", "bpf")  # where a guest does not say
CUT = re.compile(r"\.\.\.\(\d+ lines\)")  # a long input is cut in the case file; what is left can't be loaded


def main(arguments: list[str]) -> int:
    """Run the comparisons over one folder and print the result."""
    folder = Path(arguments[0]) if arguments else OWN_CORPUS
    facts = guest(folder / "guest.json")
    disagreeing = 0
    files = [(path, check) for pattern, check in CHECKS for path in sorted(folder.glob(pattern))]
    if not files:
        sys.stderr.write(f"{folder}: no case files; expected {' or '.join(pattern for pattern, _ in CHECKS)}\n")
        return 2
    for path, check in files:
        cases = read(path)
        wrong = [(number, case, said) for number, case in cases if (said := list(check(case, facts)))]
        disagreeing += len(wrong)
        sys.stdout.write(f"{path.name}: {len(cases) - len(wrong)} of {len(cases)} cases agree\n")
        for number, case, said in wrong[:SHOWN]:
            sys.stdout.write(f"  line {number}: {case.get('input', '')!r:.160}\n")
            sys.stdout.writelines(f"    {text:.600}\n" for text in said)
    return 1 if disagreeing else 0


def read(path: Path) -> list[tuple[int, Case]]:
    """The cases of a file that a comparison here is about, with their line numbers."""
    rows = [(number, json.loads(line)) for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)]
    return [(number, row) for number, row in rows if row.get("kind", "file") == "file"]


def guest(path: Path) -> Facts:
    """The facts of the machine that the cases were run on."""
    if not path.exists():
        return Facts()
    row = json.loads(path.read_text("utf-8"))
    files = {
        name: Entry(entry["type"], entry.get("target", ""), entry.get("errno", 2))
        for name, entry in row["files"].items()
    }
    lsm = tuple(row.get("lsm", DEBIAN_LSM))
    return Facts(DEFAULT_VERSION, row["machine"], files, row["users"], row["groups"], lsm)


def facts_of(case: Case, facts: Facts) -> Facts:
    """The facts of one case: the guest's, with the auditctl that was run."""
    version = parse_version(case["auditctl"])
    if version is None:
        message = f"no version: {case['auditctl']}"
        raise ValueError(message)
    return replace(facts, version=version)


def exact(case: Case, name: str) -> bytes:
    """A text of a case as bytes; those that are not UTF-8 are given in base64 as well."""
    if f"{name}_b64" in case:
        return base64.b64decode(case[f"{name}_b64"])
    return encode(case[name])


def shown_listing(case: Case) -> list[str]:
    """The listing a case shows, a line each; none where there were no rules."""
    shown: list[str] = case["listing"]
    if "listing_b64" in case:
        given = case["listing_b64"]
        raw = given.split("\n") if isinstance(given, str) else given
        shown = [line for part in raw for line in decode(base64.b64decode(part)).split("\n")]
    return [line for line in shown if line not in (NO_RULES, "")]


def listing_case(case: Case, facts: Facts) -> Iterator[str]:
    """One rules-file line: accepted or not, the listing it leads to, and the listing read back."""
    own = facts_of(case, facts)
    loaded = load(exact(case, "input") + b"\n", own)
    wanted = shown_listing(case)
    refused = [reason for _, reason in loaded.refused]
    if case["accepted"] and loaded.stopped_at is not None:
        yield f"accepted, but refused here: {refused}"
    ours = [listed(rule, own.version, own.machine) for rule in loaded.rules]
    if ours != wanted:
        yield f"listing {wanted}"
        yield f"   ours {ours}"
    yield from back(wanted, own)


def back(wanted: list[str], facts: Facts) -> Iterator[str]:
    """Each line of a listing, read as a rule, lists the same."""
    for line in wanted:
        try:
            rule = parse_listed(line, facts)
        except RuleSyntaxError as error:
            yield f"no rule: {error.summary} in {line!r}"
            continue
        again = listed(rule, facts.version, facts.machine)
        if again != line:
            yield f"read back {again!r} from {line!r}"


def file_case(case: Case, facts: Facts) -> Iterator[str]:
    """One rules file: where the load stops, and the rules that are there then."""
    own = facts_of(case, facts)
    wanted = [line for line in shown_listing(case) if line != "..."]
    yield from back(wanted, own)
    if CUT.search(case["input"]):
        return
    refused = file_refusal(int(case.get("file_mode", "0o640"), 8), case.get("file_uid", 0), own.version)
    loaded = load(b"" if refused else exact(case, "input"), own)
    # These listings were split at CR as well as at LF; listing.jsonl shows that auditctl prints a key's CR.
    ours = [listed(rule, own.version, own.machine).removesuffix("\r") for rule in loaded.rules]
    if loaded.stopped_at != case["stopped_at"]:
        yield f"stopped at {case['stopped_at']}, here at {loaded.stopped_at}: {loaded.refused}"
    if len(ours) != case["listing_count"] or (len(wanted) == len(ours) and ours != wanted):
        yield f"listing of {case['listing_count']} {wanted}"
        yield f"   ours of {len(ours)} {ours}"


CHECKS: tuple[tuple[str, Check], ...] = (
    ("listing*.jsonl", listing_case),
    ("files.jsonl", file_case),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
