"""The tables on the pages are what the generator makes of the stored run that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import readme
from benchmarks.readme import (
    ROOT,
    WHOLE_TABLE,
    block,
    block_of,
    images,
    source_of,
    write_tables,
)
from benchmarks.results import load

STORED = Path(__file__).parent / "stored.json"


@pytest.mark.parametrize("name", WHOLE_TABLE)
def test_page__shows_the_stored_figures(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    stored = source_of(page)
    assert stored is not None, f"{name} has no table: make bench-readme"
    assert block_of(page) == block(stored, name)


def test_write_tables__leaves_the_rest_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- speed -->\nold\n<!-- /speed -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    monkeypatch.setattr(readme, "WHOLE_TABLE", {"README.md": True})
    stored = tmp_path / "results" / "run.json"
    stored.parent.mkdir()
    stored.write_bytes(STORED.read_bytes())
    for _ in range(2):  # the second time replaces a table
        write_tables(stored)
        text = page.read_text(encoding="utf-8")
        assert text.startswith("before\n<!-- speed -->\n<!-- from results/run.json by ")
        assert text.endswith("between two CPUs.\n<!-- /speed -->\nafter\n")
        assert "old" not in text
        assert source_of(text) == stored


def test_images__stand_where_the_page_finds_them() -> None:
    document = load(STORED)
    assert "](benchmarks/results/roofline.svg)\n![" in images(document, "README.md")
    assert "](results/ratios.svg)\n\n" in images(document, "benchmarks/README.md")
    assert images(load(STORED) | {"benchmarks": []}, "README.md") == ""


def test_source_of__page_without_table() -> None:
    assert source_of("<!-- speed -->\n<!-- /speed -->\n") is None
    with pytest.raises(SystemExit, match="no place for the table"):
        source_of("no marks")
