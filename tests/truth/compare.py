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

from auditrules.audit.auditctl.listing import listed, listing, syscall_names
from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.auditctl.parse_listing import NO_RULES, parse_listed_line
from auditrules.audit.boot.augenrules import IS_A_DIRECTORY, NO_SUCH_FILE, RULES_D, Awk, Content, augenrules
from auditrules.audit.boot.boot import succeeds
from auditrules.audit.boot.load import file_refusal, load_rules
from auditrules.audit.constants.fields import COMPARISONS
from auditrules.audit.kernel import rule_data
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import DEFAULT_VERSION, Entry, Facts, Version
from auditrules.audit.model.rule import Comparison, Condition, last_arch, same
from auditrules.audit.model.text import decode, encode
from tests.truth import coverage_cases, operations, scenarios

Case = dict[str, Any]
Check = Callable[[Case, Facts], Iterator[str]]

SHOWN = 10
OWN_CORPUS = Path(__file__).parents[1] / "corpus"
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
            asked = case.get("input", [case.get("rules"), case.get("access")])
            sys.stdout.write(f"  line {number}: {asked!r:.300}\n")
            sys.stdout.writelines(f"    {text:.600}\n" for text in said)
        for _, case in cases:
            if check is scenario_case:
                sys.stdout.writelines(f"  not told, {case['name']}: {text}\n" for text in scenarios.untold(case))
            elif check is operation_case:
                sys.stdout.writelines(f"  not told, {text}\n" for text in operations.untold(case))
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
        unescaped(name): Entry(entry["type"], entry.get("target", ""), entry.get("errno", 2))
        for name, entry in row["files"].items()
    }
    lsm = tuple(row.get("lsm", DEBIAN_LSM))
    return Facts(DEFAULT_VERSION, row["machine"], files, row["users"], row["groups"], daemon=False, lsm=lsm)


def unescaped(name: str) -> str:
    """A path of the guest; bytes that are not UTF-8 are written as \\xNN there."""
    return decode(re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), encode(name)))


def facts_of(case: Case, facts: Facts) -> Facts:
    """The facts of one case: the guest's, with the auditctl that was run."""
    return replace(facts, version=version_of(case["auditctl"]))


def version_of(text: str) -> Version:
    """A version such as 4.2 or 4.2.1 as numbers."""
    major, minor, patch = (*map(int, text.split(".")), 0)[:3]
    return major, minor, patch


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
    loaded = load_rules(exact(case, "input") + b"\n", own)
    wanted = shown_listing(case)
    refused = [reason for _, reason in loaded.refused]
    if case["accepted"] and loaded.stopped_at is not None:
        yield f"accepted, but refused here: {refused}"
    if not case["accepted"] and loaded.stopped_at is None and "state" not in case.get("needs", ()):
        yield f"refused with {case.get('error', '')!r}, but accepted here"
    ours = list(listing(loaded.rules, own.version, own.machine))
    if ours != wanted:
        yield f"listing {wanted}"
        yield f"   ours {ours}"
    yield from back(wanted, own)


def back(wanted: list[str], facts: Facts) -> Iterator[str]:
    """Each line of a listing, read as a rule, lists the same."""
    above = None
    for line in wanted:
        try:
            rule = parse_listed_line(line, facts, above)
        except RuleSyntaxError as error:
            yield f"no rule: {error.summary} in {line!r}"
            continue
        again = listed(rule, facts.version, facts.machine, above)
        above = last_arch(rule.fields) or above
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
    loaded = load_rules(b"" if refused else exact(case, "input"), own)
    # These listings were split at CR as well as at LF; listing.jsonl shows that auditctl prints a key's CR.
    ours = [line.removesuffix("\r") for line in listing(loaded.rules, own.version, own.machine)]
    if loaded.stopped_at != case["stopped_at"]:
        yield f"stopped at {case['stopped_at']}, here at {loaded.stopped_at}: {loaded.refused}"
    if len(ours) != case["listing_count"] or (len(wanted) == len(ours) and ours != wanted):
        yield f"listing of {case['listing_count']} {wanted}"
        yield f"   ours of {len(ours)} {ours}"


def netlink_case(case: Case, facts: Facts) -> Iterator[str]:
    """One line and the kernel's bytes for what it loaded: decoded, compared with our reading of the line, encoded."""
    parsed = load_rules(exact(case, "input") + b"\n", facts).rules
    raw = [base64.b64decode(rule["raw"]) for rule in case["rules"]]
    decoded = [rule_data.decode(payload) for payload in raw]
    if len(parsed) != len(decoded) or not all(map(same, parsed, decoded)):
        yield f"kernel {[render(rule, facts.machine) for rule in decoded]}"
        yield f"  ours {[render(rule, facts.machine) for rule in parsed]}"
    if [rule_data.encode(rule) for rule in decoded] != raw:
        yield "encoded to other bytes"
    for rule, told in zip(decoded, case["rules"], strict=True):
        if (rule.list.value, rule.action.value) != (told["list"], told["action"]):
            yield f"the case says {told['action']},{told['list']}"
        numbered = "all" if syscall_names(rule, facts.machine) == ("all",) else [*rule.syscalls.numbers]
        if numbered != told["syscalls"]:
            yield f"the case says system calls {told['syscalls']}, decoded {numbered}"
        fields = [[unescaped(part) if isinstance(part, str) else part for part in one] for one in told["fields"]]
        if [described(condition) for condition in rule.fields] != fields:
            yield f"the case says {told['fields']}, decoded {[described(condition) for condition in rule.fields]}"


def described(condition: Condition) -> list[str | int]:
    """A condition as a case tells it: name, operator, value."""
    if isinstance(condition, Comparison):
        return ["field_compare", condition.operator.value, COMPARISONS.index((condition.left, condition.right)) + 1]
    return [condition.name, condition.operator.value, condition.value]


FRESH = {"enabled": 0, "failure": 1, "rate_limit": 0, "backlog_limit": 64, "backlog_wait_time": 15000}
SET_BY = {
    "-e": "enabled",
    "-f": "failure",
    "-r": "rate_limit",
    "-b": "backlog_limit",
    "--backlog_wait_time": "backlog_wait_time",
}
IN_RULES_D: dict[str, Content] = {"DIR": IS_A_DIRECTORY, "LINK": NO_SUCH_FILE}


def augenrules_case(case: Case, facts: Facts) -> Iterator[str]:
    """One folder rules.d: what augenrules makes of it, and with --load what is loaded then."""
    own = facts_of({"auditctl": case["auditd"]}, facts)
    named = {
        name: IN_RULES_D.get(text.partition(":")[0], encode(text))
        for name, text in case["files"].items()
        if name.endswith(".rules") and not name.startswith(".")
    }
    existing = None if case["existing"] is None else encode(case["existing"])
    ran = augenrules(case["args"], named if case["rules_d_exists"] else None, existing, Awk(case["awk"]), own.version)
    loaded = load_rules(ran.content if ran.loads and ran.content else b"", own)
    mode = "0o640" if ran.written else None if existing is None else "0o644"
    cat = [f"cat: {RULES_D}/{name}: {reason}" for name, reason in (ran.merged.complaints if ran.merged else ())]
    status = FRESH | {SET_BY[flag]: int(value) for flag, value in loaded.values.items() if flag in SET_BY}
    told = dict(line.split()[:2] for line in case["status"])
    errors = "\n".join([*case["syslog"], case["stderr"]])
    ours_and_theirs: dict[str, tuple[object, object]] = {
        "audit.rules": (ran.content, None if case["audit_rules"] is None else encode(case["audit_rules"])),
        "mode": (mode, case["mode"]),
        "prev": (ran.written and existing is not None, case["prev"]),
        "rc": (int(not succeeds(loaded)) if ran.returncode is None else ran.returncode, case["rc"]),
        "stdout": (ran.output, case["stdout"].partition("\n")[0] if ran.output or not ran.loads else ""),
        "cat": (cat, [line for line in case["stderr"].splitlines() if line.startswith("cat: ")]),
        "listing": (list(listing(loaded.rules, own.version, own.machine)), shown_listing(case)),
        "lines in error": ([str(number) for number, _ in loaded.refused], re.findall(r"error in line (\d+)", errors)),
        "status": (status, {name: int(told[name]) for name in FRESH}),
    }
    for what, (ours, theirs) in ours_and_theirs.items():
        if ours != theirs:
            yield f"{case['name']}: {what} {theirs!r}, here {ours!r}"


def coverage_case(case: Case, _facts: Facts) -> Iterator[str]:
    """One access under some rules: recorded or not, and with which key."""
    yield from coverage_cases.disagreements(case)


def operation_case(case: Case, _facts: Facts) -> Iterator[str]:
    """One access by one call on one kernel, under several rules: recorded or not by each."""
    yield from operations.disagreements(case)


def scenario_case(case: Case, _facts: Facts) -> Iterator[str]:
    """A host that was changed behind its rules: what is said to be recorded is."""
    yield from scenarios.disagreements(case)


CHECKS: tuple[tuple[str, Check], ...] = (
    ("listing*.jsonl", listing_case),
    ("files.jsonl", file_case),
    ("netlink.jsonl", netlink_case),
    ("augenrules.jsonl", augenrules_case),
    ("coverage*.jsonl", coverage_case),
    ("kernels/coverage*.jsonl", coverage_case),
    ("kernels/operations.jsonl", operation_case),
    ("kernels/scenarios.jsonl", scenario_case),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
