"""The table of strands is what the generator makes of the stored figures, and how they are made."""

from __future__ import annotations

import tomllib

import pytest

from benchmarks.accuracy import strands
from benchmarks.accuracy_table import replace_table
from fastgru.data.alphabets import get_alphabet
from fastgru.data.strands import reverse_complement

CONFIG = tomllib.loads(strands.CONFIG.read_text(encoding="utf-8"))
DATA = {"motif": "TGACGCAAT", "noise": 0.0, "shortest": 10, "longest": 30}
SMALL = {
    "n_test": 20,
    "data": DATA,
    "model": {"embedding_size": 4, "hidden_size": 3, "pooling": ["max"], "max_epochs": 2},
}


def test_page__shows_the_stored_figures() -> None:
    page = strands.PAGE.read_text(encoding="utf-8")
    assert replace_table(page, strands.as_markdown(strands.STORED), "strands") == page


def test_table__has_a_row_for_each_choice() -> None:
    rows = strands.as_markdown(strands.STORED).splitlines()[2:]
    choices = [(str(n), kind) for n in CONFIG["n_train"] for kind in CONFIG["strands"]]
    assert [tuple(row.split(" | ")[:2]) for row in rows] == [(f"| {n}", k) for n, k in choices]


def test_plant_on_either_strand__has_the_motif_on_one_of_them() -> None:
    sequences, labels = strands.plant_on_either_strand(400, 3, **DATA)
    dna = get_alphabet("dna")
    ahead = [DATA["motif"] in letters for letters in sequences]
    back = [DATA["motif"] in reverse_complement(letters, dna) for letters in sequences]
    found = ["yes" if a or b else "no" for a, b in zip(ahead, back, strict=True)]
    assert found == labels
    assert 60 < sum(ahead) < 140 < sum(ahead) + sum(back) == 200
    assert {len(letters) for letters in sequences} <= set(range(10, 31))


@pytest.mark.parametrize("kind", CONFIG["strands"])
def test_measure__has_a_figure_for_each_column(kind: str) -> None:
    row = strands.measure(kind, 40, 0, SMALL)
    assert tuple(row) == strands.COLUMNS
    assert (row["n_train"], row["strands"], row["seed"]) == (40, kind, 0)
    assert 0 <= row["roc_auc"] <= 1
    assert row["seconds"] > 0
    assert (row["difference"] < 1e-5) == (kind in ("average", "equivariant"))


def test_main__stores_figures_and_writes_the_table(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strands, "STORED", tmp_path / "strands.tsv")
    monkeypatch.setattr(strands, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(strands, "CONFIG", tmp_path / "config.toml")
    strands.CONFIG.write_text(
        'strands = ["none"]\nseeds = [0, 1]\nn_train = [40]\nn_test = 20\n'
        '[data]\nmotif = "TGACGCAAT"\nnoise = 0.0\nshortest = 10\nlongest = 30\n'
        "[model]\nhidden_size = 3\nmax_epochs = 1\nthreads = 1\n",
        encoding="utf-8",
    )
    strands.PAGE.write_text("before\n<!-- strands -->\n<!-- /strands -->\nafter\n", "utf-8")
    strands.main()
    assert len(strands.STORED.read_text(encoding="utf-8").splitlines()) == 3
    page = strands.PAGE.read_text(encoding="utf-8")
    assert strands.as_markdown(strands.STORED) in page
    assert page.startswith("before\n")
    assert page.endswith("after\n")
