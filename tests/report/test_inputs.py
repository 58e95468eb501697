"""The inventory and the waivers: what is taken from them, and what is said of what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditrules.report.errors import ReportError
from auditrules.report.inputs import read_inventory, read_waivers
from auditrules.report.model import Waiver

GOOD = """[[waiver]]
hosts = "db-*"
control = "1.2.4"
reason = "moves in December"
owner = "storage"
expires = 2026-12-31
"""
WAIVER = Waiver("db-*", "1.2.4", "moves in December", "storage", "2026-12-31")

KEYS = "hosts, control, reason, owner, expires"

# What is wrong with a file of waivers, and what is said of it; FILE is its path.
TYPOS = {
    "a key": (
        GOOD.replace("owner", "onwer"),
        [
            f"FILE, waiver 1: expected one of {KEYS}, found onwer (is owner meant?): it waives nothing",
            "FILE, waiver 1: expected owner, found none: it waives nothing",
        ],
    ),
    "a day": (
        GOOD.replace("2026-12-31", '"31.12.2026"'),
        [
            "FILE, waiver 1: expected a day such as 2026-12-31 for expires, found '31.12.2026': it waives nothing",
        ],
    ),
    "a number for text": (
        GOOD.replace('"1.2.4"', "1.2"),
        ["FILE, waiver 1: expected text for control, found 1.2: it waives nothing"],
    ),
    "the table's name": (
        GOOD.replace("waiver", "wavier"),
        ["FILE: expected [[waiver]], found wavier (is waiver meant?)"],
    ),
    "one pair of brackets": (
        GOOD.replace("[[", "[").replace("]]", "]"),
        ["FILE: expected [[waiver]], in two pairs of brackets, found [waiver]"],
    ),
}


def test_a_waiver_is_read(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(GOOD + GOOD.replace("2026-12-31", '"2026-12-31"'))
    assert read_waivers(str(path)) == ((WAIVER, WAIVER), ())


@pytest.mark.parametrize(("content", "problems"), TYPOS.values(), ids=TYPOS)
def test_a_waiver_with_a_typo_waives_nothing_and_is_told(content: str, problems: list[str], tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(content)
    found, told = read_waivers(str(path))
    assert (found, [each.replace(str(path), "FILE") for each in told]) == ((), problems)


def test_one_typo_leaves_the_other_waivers_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(GOOD.replace("owner", "onwer") + GOOD)
    found, told = read_waivers(str(path))
    assert (found, len(told)) == ((WAIVER,), 2)


def test_what_is_no_toml_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text("[[waiver]\n")
    found, (told,) = read_waivers(str(path))
    assert found == ()
    assert told.startswith(f"{path}: expected TOML, found: ")
    assert "line 1" in told


def test_a_mark_of_byte_order_before_waivers_is_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert read_waivers(str(path)) == ((WAIVER,), ())


def test_brackets_nested_too_deep_to_be_read_are_told(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(f"a = {'[' * 3000}{']' * 3000}\n")
    assert read_waivers(str(path)) == (
        (),
        (f"{path}: expected TOML, found brackets nested too deep to be read: nothing is waived",),
    )


@pytest.mark.parametrize("key", ["hosts", "control", "reason", "owner"])
def test_a_waiver_of_blanks_waives_nothing(key: str, tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(
        "".join(f'{key} = " \\t"\n' if line.startswith(key) else line for line in GOOD.splitlines(keepends=True))
    )
    assert read_waivers(str(path)) == (
        (),
        (f"{path}, waiver 1: expected text for {key}, found ' \\t': it waives nothing",),
    )


def test_a_file_of_waivers_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"waivers\.toml: No such file or directory"):
        read_waivers(str(tmp_path / "waivers.toml"))


# A file of hosts, and the names of each.
INVENTORIES = {
    "a column": ("host\na\nb\n", (("a",), ("b",))),
    "columns of which some are names": ("owner,hostname,host_uuid\nx,a,u-a\ny,b,\n", (("a", "u-a"), ("b",))),
    "a column by another spelling": ("asset,Host Name\n1,a\n", (("a",),)),
    "a name that many have beside one of its own": (
        "hostname,host_uuid\nlocalhost,U1\nlocalhost,U2\nb,\n",
        (("U1",), ("U2",), ("b",)),
    ),
    "semicolons": ("host;site\na;x\nb;y\n", (("a",), ("b",))),
    "tabs": ("host\tsite\na\tx\n", (("a",),)),
    "a mark of byte order, spaces, empty lines": ("\ufeffhost , owner\n\n a ,x\n,\n", (("a",),)),
    "a host twice": ("host\na\na\n", (("a",),)),
}


@pytest.mark.parametrize(("content", "hosts"), INVENTORIES.values(), ids=INVENTORIES)
def test_the_hosts_of_an_inventory_are_read(content: str, hosts: tuple[tuple[str, ...], ...], tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text(content)
    assert read_inventory(str(path)).hosts == hosts


def test_every_column_of_an_inventory_can_be_grouped_by(tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text("host,owner\na,x\n")
    assert list(read_inventory(str(path)).rows("owner")) == [("a", "a", "x")]


def test_an_inventory_in_utf_16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_bytes("host,site\na,x\nb,y\n".encode("utf-16"))
    assert read_inventory(str(path)).hosts == (("a",), ("b",))


def test_an_inventory_without_a_line_of_columns_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text("w1\nw2\n")
    with pytest.raises(ReportError) as raised:
        read_inventory(str(path))
    assert str(raised.value) == (
        f"{path}, line 1: expected a column called one of host, hostname, host_name, name, host_uuid, uuid, "
        "host_identifier, identifier, fqdn, machine, computer_name, server, found w1"
    )


def test_a_quote_that_is_not_closed_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text('host,note\na,"open\nb,x\n')
    with pytest.raises(ReportError) as raised:
        read_inventory(str(path))
    assert str(raised.value) == f"{path}, line 3: expected CSV, found unexpected end of data"


def test_an_empty_inventory_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text("")
    with pytest.raises(ReportError) as raised:
        read_inventory(str(path))
    assert str(raised.value) == f"{path}: expected a line with the names of the columns, found an empty file"
