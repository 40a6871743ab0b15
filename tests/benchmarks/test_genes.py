"""The benchmark of genes, on a made-up chromosome, and its table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks.accuracy import genes
from benchmarks.accuracy.hexamers import HexamerBaseline
from benchmarks.accuracy_table import replace_table
from fastgru.data.annotations import CodingSegment, codon_places

CONFIG = """\
window = 100
block = 100
[data]
fasta = "chr.fa"
annotation = "chr.gff"
offset = 1000
[parts]
train = [1000, 5000]
validation = [5000, 6000]
test = [6000, 8005]
[model]
hidden_size = 4
max_epochs = 1
[scan]
context = 50
resolution = 1
[baseline]
half_windows = [20, 60]
n_letters = 100000
"""


def made_up(size: int = 8005, offset: int = 1000) -> tuple[str, list[tuple[int, int, str]]]:
    """Random letters with segments of few codons on either strand, and where these are."""
    rng = np.random.default_rng(5)
    letters = rng.choice(list("ACGT"), size)
    segments = []
    for number, start in enumerate(range(offset + 50, size - 200, 240)):
        codons = "".join(rng.choice(["GAA", "CTG", "GCC", "AAG"], 40))
        strand = "+-"[number % 2]
        if strand == "-":
            codons = codons[::-1].translate(str.maketrans("ACGT", "TGCA"))
        letters[start : start + 120] = list(codons)
        segments.append((start, start + 120, strand))
    return "".join(letters), segments


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A chromosome with an annotation whose places count from the offset."""
    letters, segments = made_up()
    (tmp_path / "chr.fa").write_text(f">chr2R\n{letters}\n", encoding="utf-8")
    lines = [
        f"chr2R\tmade\tCDS\t{start - 1000 + 1}\t{end - 1000}\t.\t{strand}\t0\tg\n"
        for start, end, strand in segments
    ]
    (tmp_path / "chr.gff").write_text("".join(lines), encoding="utf-8")
    return tmp_path


def test_page__shows_the_stored_figures() -> None:
    page = genes.PAGE.read_text(encoding="utf-8")
    assert replace_table(page, genes.as_markdown(genes.STORED), "genes") == page


def test_read_chromosome__places_segments_on_the_whole(folder: Path) -> None:
    data = {"fasta": "chr.fa", "annotation": "chr.gff", "offset": 1000}
    letters, segments = made_up()
    expected = [CodingSegment(start, end, strand, 0) for start, end, strand in segments]
    assert genes.read_chromosome(folder, data) == (letters, expected)


def test_baseline__knows_frames_and_strands() -> None:
    letters, segments = made_up()
    known = [CodingSegment(start, end, strand, 0) for start, end, strand in segments]

    def places(start: int, end: int) -> dict[str, np.ndarray]:
        return {strand: codon_places(known, start, end, strand) for strand in "+-"}

    baseline = HexamerBaseline([20, 60], 100_000).fit(letters[1000:5000], places(1000, 5000))
    found = baseline.predict_proba(letters[5000:8005])
    for strand, truth in places(5000, 8005).items():
        assert roc_auc_score(truth > 0, found[strand]) > 0.95


def test_baseline__reads_unknown_letters_and_short_sequences() -> None:
    letters, _ = made_up()
    places = {strand: np.tile([1, 2, 3, 0, 0, 0], 100)[:600] for strand in "+-"}
    baseline = HexamerBaseline([5], 1000).fit(letters[:300] + "N" * 300, places)
    for text in ("ACG", "NNNNNNNN", "ACGTNACGTA"):
        found = baseline.predict_proba(text)
        assert {strand: len(values) for strand, values in found.items()} == {
            "+": len(text),
            "-": len(text),
        }
        assert np.isfinite([*found["+"], *found["-"]]).all()


def test_judge__has_the_scores_of_scikit_learn_and_intervals_of_blocks() -> None:
    rng = np.random.default_rng(3)
    truth = {strand: rng.random(3000) < 0.3 for strand in "+-"}
    scores = {
        strand: np.clip(right * 0.3 + rng.random(3000) * 0.7, 0, 1)
        for strand, right in truth.items()
    }
    found = genes.judge(scores, truth, 0.5, 100)
    right, values = (np.concatenate([part["+"], part["-"]]) for part in (truth, scores))
    assert found["roc_auc"] == roc_auc_score(right, values)
    assert found["f1"] == f1_score(right, values > 0.5)
    for name in ("roc_auc", "f1"):
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]
        assert found[f"{name}_high"] - found[f"{name}_low"] < 0.06


def test_best_threshold__has_the_highest_f1() -> None:
    scores = {"+": np.array([0.1, 0.3, 0.6]), "-": np.array([0.2, 0.7, 0.9])}
    truth = {"+": np.array([False, False, True]), "-": np.array([False, True, True])}
    assert 0.3 <= genes.best_threshold(scores, truth) < 0.6


def test_main__stores_figures_and_writes_the_table(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, Any] = {"STORED": "genes.tsv", "PAGE": "page.md", "CONFIG": "config.toml"}
    for name, file in changes.items():
        monkeypatch.setattr(genes, name, tmp_path / file)
    genes.CONFIG.write_text(CONFIG, encoding="utf-8")
    genes.PAGE.write_text("before\n<!-- genes -->\n<!-- /genes -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["genes", str(folder), "-t", "1"])
    genes.main()
    header, *rows = genes.STORED.read_text(encoding="utf-8").splitlines()
    assert tuple(header.split("\t")) == genes.COLUMNS
    assert [row.split("\t")[:2] for row in rows] == [["tagger", "4010"], ["composition", "4010"]]
    page = genes.PAGE.read_text(encoding="utf-8")
    assert genes.as_markdown(genes.STORED) in page
    assert page.startswith("before\n")
    assert page.endswith("after\n")
