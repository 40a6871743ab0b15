"""The README's table of accuracy is what the generator makes of the stored summary."""

from __future__ import annotations

from benchmarks.accuracy_table import ROOT, STORED, as_markdown, replace_table


def test_page__shows_the_stored_figures() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert replace_table(page, as_markdown(STORED)) == page


def test_as_markdown__has_all_models_and_the_best_baselines() -> None:
    table = as_markdown(STORED)
    kinds = [line.split("\t")[2] for line in STORED.read_text(encoding="utf-8").splitlines()[1:]]
    assert table.count(" sequences |") == kinds.count("model") + 2 == 5
    assert "| splice | bigru_position | 601 sequences |" in table
    assert table.count("the best model") >= 2
