"""Which distributions what is packed belongs to, of which the bills are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.release import archive, contents

OWNERS: tuple[tuple[str, list[str], set[str]], ...] = (
    ("our own modules are in no bill but as its subject", ["auditrules.serve.wire", "run"], set()),
    ("a part is its distribution's", ["thrift.protocol.TBinaryProtocol"], {"thrift"}),
    ("Python's library is Python's", ["json.decoder", "_json", "_sysconfigdata__linux_x86_64-linux-gnu"], {"python"}),
    ("what PyInstaller adds is its own", ["pyimod02_importers", "pyi_rth_inspect"], {"pyinstaller"}),
    ("a package of another name than its distribution's", ["past.builtins"], {"future"}),
    ("a name is written as in an index", ["PIL"], {"pillow"}),
)


@pytest.mark.parametrize(("modules", "owners"), [case[1:] for case in OWNERS], ids=[case[0] for case in OWNERS])
def test_of_modules(monkeypatch: pytest.MonkeyPatch, modules: list[str], owners: set[str]) -> None:
    installed = {"thrift": ["thrift"], "past": ["future"], "PIL": ["Pillow"]}
    monkeypatch.setattr("importlib.metadata.packages_distributions", lambda: installed)
    assert contents.distributions(modules) == owners


@pytest.mark.parametrize("module", ["test.support", "_testcapi", "stranger"])
def test_a_module_of_no_distribution_is_an_error_that_names_it(module: str) -> None:
    with pytest.raises(contents.ContentError, match=module.partition(".")[0]):
        contents.distributions([module])


def test_the_extensions_file_holds_the_libraries_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "auditrules.ext"
    file.write_bytes(archive.build({}))
    assert contents.of_archive(file) == {library.name for library in archive.LIBRARIES}
