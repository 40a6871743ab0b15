"""The README's table of accuracy is what the generator makes of the stored summary."""

from __future__ import annotations

from benchmarks.accuracy import ROOT, STORED, as_markdown, replace_table


def test_page__shows_the_stored_figures() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert replace_table(page, as_markdown(STORED)) == page


def test_as_markdown__has_a_row_for_each_run() -> None:
    table = as_markdown(STORED)
    n_runs = len(STORED.read_text(encoding="utf-8").splitlines()) - 1
    assert table.count(" sequences |") == n_runs >= 3
    assert "splice | bigru_position | 601 sequences" in table
