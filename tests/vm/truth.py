"""Compare our answers with the kernel's on random cases: `make truth-vm [SEED=1] [N=500]`.

Each case is a random rule set and an access, made on a real kernel. As many more cases have a rule that is asked for:
where we say that it is met, the kernel must record each access that it matches, and where we say that none is recorded,
it must record none. Where the two disagree, the case is made as small as it gets, and shown with both answers. Cases
that hang on the order in which rules were loaded are counted, and not judged. The counts come last; exits 1 if any
disagree, 2 if no case was answered.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from auditrules.audit.model.host_facts import Facts
from tests.truth import compare
from tests.truth.coverage_cases import by_load_order
from tests.vm import asked, generate_asked
from tests.vm.ask import Case, Row, ask, batches
from tests.vm.contents import RigError
from tests.vm.generate import cases
from tests.vm.guest import Guest
from tests.vm.shrink import shrunk

AT_ONCE = 250  # cases in one boot: what a guest that is not done in time takes with it
SHOWN = 10  # cases made small and shown; the others are counted


def main(arguments: Sequence[str]) -> int:
    """Ask the kernel, compare, show."""
    parser = argparse.ArgumentParser(prog="python -m tests.vm.truth", description="random cases on a real kernel")
    parser.add_argument("--seed", type=int, default=1, help="which cases; default: 1")
    parser.add_argument("--count", type=int, default=500, help="how many; default: 500")
    parser.add_argument("--rows", type=Path, metavar="FILE", help="write all answers there, as rows of coverage.jsonl")
    options = parser.parse_args(arguments)
    try:
        guest = Guest.ready()
    except RigError as error:
        print(f"truth-vm: {error}", file=sys.stderr)
        return 2
    drawn = [*cases(options.seed, options.count), *generate_asked.cases(options.seed, options.count)]
    rows, unanswered = answered(guest, drawn, f"random-{options.seed}")
    for reason, count in unanswered.items():
        print(f"{count} cases were not answered: {reason.splitlines()[0]}")
    if options.rows:
        lines = (json.dumps(row, separators=(",", ":")) for row in rows)
        options.rows.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    judged = decided_by_listing(rows)
    wrong = [row for row in judged if list(disagreements(row))]

    def again(smaller: Sequence[Case]) -> list[Row]:
        return ask(guest, smaller, "smaller")

    smallest = wrong[:SHOWN]
    try:
        smallest = shrunk(
            smallest, again, lambda row: bool(decided_by_listing(judgeable([row])) and [*disagreements(row)])
        )
    except RigError as error:
        print(f"the cases that disagree are shown as they were made: {str(error).splitlines()[0]}")
    for row in smallest:
        sys.stdout.writelines(f"{line}\n" for line in shown(row))
    if len(judged) < len(rows):
        print(f"{len(rows) - len(judged)} cases were not judged: no listing tells which of their rules was loaded last")
    counted = f"{len(judged)} cases, {len(wrong)} disagree; {summary(judged)}"
    print(f"kernel {guest.release}, seed {options.seed}: {counted}")
    return 1 if wrong else 0 if rows else 2


def answered(guest: Guest, drawn: Sequence[Case], group: str) -> tuple[list[Row], Mapping[str, int]]:
    """The rows of the cases whose access was made, and how many cases a guest did not come to, by the reason."""
    rows: list[Row] = []
    unanswered: Counter[str] = Counter()
    for start in range(0, len(drawn), AT_ONCE):
        part = drawn[start : start + AT_ONCE]
        left = len(part)
        try:
            for done in batches(guest, part, group):
                left -= len(done)
                rows += judgeable(done)
        except RigError as error:
            unanswered[str(error)] += left
    return rows, unanswered


def judgeable(rows: Sequence[Row]) -> list[Row]:
    """The rows whose access was made at all."""
    return [row for row in rows if "setup_failed" not in row]


def decided_by_listing(rows: Sequence[Row]) -> list[Row]:
    """The rows whose answer does not hang on an order of loading that no listing tells."""
    return [row for row in rows if not by_load_order(row)]


def disagreements(row: Row) -> Iterator[str]:
    """What we say otherwise than the kernel did; the same comparison judges the corpus."""
    yield from compare.coverage_case(row, Facts())
    yield from asked.disagreements(row)


def summary(rows: Sequence[Row]) -> str:
    """How many of the rules that are asked for match their access, and how we judge them."""
    counts = Counter(status.value for row in rows for status in asked.judged(row))
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"{sum(counts.values())} that are asked for match the access: {told or 'none'}"


def shown(row: Row) -> Iterator[str]:
    """A case with both answers."""
    access = row["access"]
    subject = " ".join(f"{name}={value}" for name, value in access["as"].items())
    early = ", by a process older than the rules" if row.get("early") else ""
    yield from row["rules"] or ["(no rule)"]
    yield from (f"  then: {command}" for command in row.get("post", ()))
    yield f"  {access.get('op', access['kind'])} {access['path']} {access.get('path2', '')} as {subject}{early}"
    if "asked" in row:
        yield f"  asked for: {' '.join([*row['asked']['fields'], *row['asked']['compare']]) or 'everybody'}"
    yield f"  kernel: {'recorded by ' + str(row['by_key']) if row['recorded'] else 'not recorded'}"
    yield from (f"  here: {text}" for text in disagreements(row))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
