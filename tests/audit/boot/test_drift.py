"""How files and kernel agree on each line: the `state` of a row, and why it is no better."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from auditrules.audit.boot.drift import Drift
from auditrules.audit.boot.load import load_rules
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.kernel.rule_data import encode
from auditrules.audit.model.collected import File, Kernel, Netlink, Sources, Units
from tests.audit.strategies import HOST

STATUS = struct.pack("=11I", 0, 1, 1, 0, 0, 8192, 0, 0, 0x7F, 15000, 0)
RULES_D = "/etc/audit/rules.d/"
W = "-w /etc/docker -p wa -k docker"
X = "-w /usr/bin/dockerd -p x -k docker"
NEVER = "-a never,exit -F path=/usr/bin/dockerd -F perm=x -F key=docker"


def netlink(*lines: str) -> Kernel:
    """The kernel's own word, after these lines were loaded."""
    rules = load_rules("".join(f"{line}\n" for line in lines).encode(), HOST).rules
    return Kernel("netlink", netlink=Netlink(tuple(map(encode, rules)), STATUS))


def listing(*lines: str) -> Kernel:
    text = "".join(f"{line}\n" for line in lines or ("No rules",))
    return Kernel("listing", saved=File("saved", text.encode()))


NOBODY = Kernel("none", reason="the kernel was not asked, as wanted")


def drift(
    kernel: Kernel,
    files: Sequence[str] = (),
    *,
    audit: str | None = None,
    units: Units | None = None,
) -> Drift:
    rules_d = tuple(File(f"{RULES_D}{number}.rules", text.encode()) for number, text in enumerate(files))
    audit_file = File("/etc/audit/audit.rules", audit.encode()) if audit is not None else None
    return HostAudit(Sources(kernel, rules_d, audit_rules=audit_file, units=units, facts=HOST)).drift


def states(found: Drift, source: str = "rules.d") -> list[tuple[str, str, str]]:
    """The lines of a source, the state of each, and why it is no better."""
    both = zip(found.files.lines, found.of_files, strict=True)
    return [(line.text, state.state.value, line.error or state.reason) for line, state in both if line.source == source]


def of_kernel(found: Drift) -> list[tuple[str, str]]:
    both = zip(found.reading.lines or (), found.of_kernel, strict=True)
    return [(line.text, state.state.value) for line, state in both]


GONE = "auditctl takes this line, and the kernel does not have its rule"

STATES = (
    ("loaded", netlink(W), W, [(W, "loaded", "")]),
    ("missing", netlink(X), W, [(W, "missing", GONE)]),
    (
        "rejected",
        netlink(),
        "-w docker",
        [("-w docker", "rejected", "expected an absolute path, without quotes or variables, found 'docker'")],
    ),
    (
        "rejected by the kernel",
        netlink(),
        "-a never,filesystem -F uid=0",
        [
            (
                "-a never,filesystem -F uid=0",
                "rejected",
                "the kernel takes no uid on the filesystem list",
            )
        ],
    ),
    ("twice", netlink(W), f"{W}\n{W}", [(W, "loaded", ""), (W, "rejected", "the rule is loaded already")]),
    (
        "unreached",
        netlink(),
        f"-w docker\n{W}",
        [
            ("-w docker", "rejected", "expected an absolute path, without quotes or variables, found 'docker'"),
            (W, "unreached", "the load stops at a line before it: -w docker"),
        ],
    ),
    (
        "reached behind -i",
        netlink(W),
        f"-i\n-w docker\n{W}",
        [
            ("-i", "", ""),
            ("-w docker", "rejected", "expected an absolute path, without quotes or variables, found 'docker'"),
            (W, "loaded", ""),
        ],
    ),
    ("deleted", netlink(), f"{W}\n-W /etc/docker -p wa -k docker", [(W, "deleted", ""), (f"-W{W[2:]}", "", "")]),
    (
        "overridden",
        netlink(),
        "-b 64\n-b 8192",
        [("-b 64", "overridden", "augenrules keeps the last line of its kind"), ("-b 8192", "loaded", "")],
    ),
    ("a value that the kernel does not have", netlink(), "-b 320", [("-b 320", "missing", "the kernel has 8192")]),
    ("a kernel that nobody asked", NOBODY, W, [(W, "unknown", "the kernel's rules are not known")]),
    ("a value that nobody asked for", NOBODY, "-b 8192", [("-b 8192", "unknown", "the kernel's status is not known")]),
    ("a never rule is no watch", netlink(X), NEVER, [(NEVER, "missing", GONE)]),
    ("a listing can't tell them apart", listing(X), NEVER, [(NEVER, "loaded", "")]),
    (
        "a listing that is broken",
        listing("what is this"),
        W,
        [(W, "unknown", "a rule of the kernel is not understood")],
    ),
)


@pytest.mark.parametrize(("kernel", "text", "wanted"), [case[1:] for case in STATES], ids=[case[0] for case in STATES])
def test_a_line_of_rules_d_has_its_state(kernel: Kernel, text: str, wanted: list[tuple[str, str, str]]) -> None:
    assert states(drift(kernel, [f"{text}\n"])) == wanted


@pytest.mark.parametrize(
    ("kernel", "text", "wanted"),
    [case[1:] for case in STATES if case[0] != "overridden"],
    ids=[case[0] for case in STATES if case[0] != "overridden"],
)
def test_a_line_of_audit_rules_has_its_state(kernel: Kernel, text: str, wanted: list[tuple[str, str, str]]) -> None:
    assert states(drift(kernel, audit=f"{text}\n"), "audit.rules") == wanted


def test_of_two_values_in_audit_rules_the_last_holds() -> None:
    found = states(drift(netlink(), audit="-b 64\n-b 8192\n"), "audit.rules")
    assert found == [("-b 64", "overridden", ""), ("-b 8192", "loaded", "")]


def test_a_stop_in_one_file_leaves_the_next_unreached() -> None:
    assert [state for _, state, _ in states(drift(netlink(), ["-w docker\n", f"{W}\n"]))] == ["rejected", "unreached"]


def test_lines_that_are_glued_share_their_fate() -> None:
    found = drift(netlink(), [W, f"{X}\n"])
    assert [state for _, state, _ in states(found)] == ["rejected", "rejected"]


def test_a_file_that_augenrules_leaves_out_is_told() -> None:
    file = File(f"{RULES_D}a b.rules", f"{W}\n".encode())
    found = HostAudit(Sources(netlink(), (file,), facts=HOST)).drift
    assert states(found) == [(W, "missing", "augenrules does not read this file")]


UNITS = Units(augenrules=True, awk="/usr/bin/mawk")


def test_a_rule_that_boot_loads_again_is_persistent() -> None:
    found = drift(netlink(W, X), [f"{W}\n"], units=UNITS)
    assert of_kernel(found) == [(W, "persistent"), (X, "runtime")]


def test_what_boot_loads_unknown_says_nothing_of_a_rule() -> None:
    assert of_kernel(drift(netlink(W), [f"{W}\n"])) == [(W, "unknown")]


GONE_PATH = "-w /gone/file -p wa -k gone"
NO_DIRECTORY = "the kernel takes a path whose directory exists: there is no directory /gone"


def test_a_rule_whose_directory_went_is_missing_where_the_load_once_went_on() -> None:
    found = drift(netlink(W), [f"{GONE_PATH}\n{W}\n"])
    assert states(found) == [
        (GONE_PATH, "missing", NO_DIRECTORY),
        (W, "loaded", "a load would stop before this line now"),
    ]


def test_a_rule_whose_directory_went_is_missing_where_nothing_stands_behind_it() -> None:
    assert states(drift(netlink(W), [f"{W}\n{GONE_PATH}\n"])) == [
        (W, "loaded", ""),
        (GONE_PATH, "missing", NO_DIRECTORY),
    ]


def test_a_path_without_a_directory_is_rejected_where_the_load_stopped_at_it() -> None:
    assert states(drift(netlink(), [f"{GONE_PATH}\n{W}\n"])) == [
        (GONE_PATH, "rejected", NO_DIRECTORY),
        (W, "unreached", f"the load stops at a line before it: {GONE_PATH}"),
    ]


def test_a_path_without_a_directory_is_unknown_where_nobody_asked() -> None:
    assert states(drift(NOBODY, [f"{GONE_PATH}\n"])) == [(GONE_PATH, "unknown", NO_DIRECTORY)]
