"""``fastgru scan`` with models that label letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastgru import SequenceClassifier, SequenceTagger
from fastgru.data.fasta import read_fasta

SMALL = ["--resolution", "4", "--context", "30", "--strands", "both", "--threads", "1"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger that knows a run of G from the rest, on the strand that it reads."""
    rng = np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACT"), 40)) for _ in range(60)]
    sequences = [text[:15] + "G" * 10 + text[25:] for text in sequences]
    labels = ["n" * 15 + "123" * 3 + "1" + "n" * 15] * 60
    path = tmp_path_factory.mktemp("model") / "tagger.safetensors"
    how = {"hidden_size": 8, "max_epochs": 25, "learning_rate": 2e-2, "batch_size": 8}
    tagger = SequenceTagger(**how, early_stopping=False, threads=1, random_state=0)
    tagger.fit(sequences, labels).save(path)
    return path


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sequence with such a run on either strand, in lower case in part, and one of N."""
    rng = np.random.default_rng(1)
    letters = rng.choice(list("AT"), 201)
    letters[40:60], letters[120:140] = "G", "C"
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text(
        f">one\n{''.join(letters)[:100]}\n{''.join(letters)[100:].lower()}\n>two\nNNNN\n"
    )
    return path


def rows_of(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def test_scan__writes_the_means_of_what_the_tagger_says(run_cli, model, genome, tmp_path) -> None:
    table = tmp_path / "rows.tsv"
    assert run_cli(["scan", model, genome, *SMALL, "-o", table]).code == 0
    header, *rows = rows_of(table)
    assert header == ["chrom", "start", "end", "strand", "1", "2", "3", "n"]
    places = [
        ("one", str(k), str(min(k + 4, 201)), strand) for k in range(0, 201, 4) for strand in "+-"
    ]
    assert [tuple(row[:4]) for row in rows] == places
    record = next(read_fasta(genome)).sequence.upper()
    tagger = SequenceTagger.load(model)
    pairs = str.maketrans("ACGT", "TGCA")
    ahead, back = tagger.predict_proba([record, record[::-1].translate(pairs)])
    for start, end, strand, *values in (row[1:] for row in rows):
        whole = ahead if strand == "+" else back[::-1]
        expected = whole[int(start) : int(end)].mean(axis=0)
        np.testing.assert_allclose(np.array(values, float), expected, rtol=0, atol=0.51e-6)


def test_scan__calls_the_sum_of_labels_on_both_strands(run_cli, model, genome, tmp_path) -> None:
    table, calls, graph = (tmp_path / name for name in ("t.tsv", "c.bed", "g.{strand}.bedgraph"))
    tracks = ["--sum", "coding=1,2,3", "--class", "coding", "--calls", calls, "--bedgraph", graph]
    assert run_cli(["scan", model, genome, *SMALL, *tracks, "-o", table]).code == 0
    assert rows_of(table)[0] == ["chrom", "start", "end", "strand", "coding", "n"]
    found = [(row[0], int(row[1]), int(row[2]), *row[3::2]) for row in rows_of(calls)]
    assert [(chrom, name, strand) for chrom, _, _, name, strand in found] == [
        ("one", "coding", "+"),
        ("one", "coding", "-"),
    ]
    for (_, start, end, *_), (first, last) in zip(found, [(40, 60), (120, 140)], strict=True):
        assert abs(start - first) <= 8
        assert abs(end - last) <= 8
    assert sorted(path.name for path in tmp_path.glob("g.*")) == [
        "g.minus.bedgraph",
        "g.plus.bedgraph",
    ]


def test_scan__has_the_same_rows_for_regions(run_cli, model, genome, tmp_path) -> None:
    bed, part, whole = (tmp_path / name for name in ("r.bed", "part.tsv", "whole.tsv"))
    bed.write_text("one\t50\t57\none\t121\t122\n", encoding="utf-8")
    assert run_cli(["scan", model, genome, *SMALL, "-o", whole]).code == 0
    assert run_cli(["scan", model, genome, *SMALL, "--regions", bed, "-o", part]).code == 0
    starts = {"48", "52", "56", "120"}
    header, *rows = rows_of(whole)
    assert rows_of(part) == [header, *(row for row in rows if row[1] in starts)]


def test_scan__leaves_out_masked_rows(run_cli, model, genome, tmp_path) -> None:
    table = tmp_path / "rows.tsv"
    how = [*SMALL, "--max-masked", "0"]
    assert run_cli(["scan", model, genome, *how, "-o", table]).code == 0
    assert {int(row[1]) for row in rows_of(table)[1:]} == set(range(0, 100, 4))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--window", "50"], "--window 50: the model labels letters"),
        (["--step", "50"], "--step 50: the model labels letters"),
        (["--resolution", "7"], "resolution must be a divisor of 10000"),
        (["--context", "-1"], "context must be at least 0, got -1"),
        (["--sum", "a=1", "--sum", "a=2"], "--sum: a name is given twice"),
        (["--sum", "a=1,x"], "sum a: there is no label 'x', expected some of"),
    ],
)
def test_scan__refuses_what_does_not_fit_a_tagger(
    run_cli, model, genome, tmp_path, options, message
) -> None:
    found = run_cli(["scan", model, genome, *options, "-o", tmp_path / "rows.tsv"])
    assert found.code == 2
    assert message in found.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["coding", "=1,2", "coding="])
def test_sum__needs_a_name_and_labels(run_cli, model, genome, text) -> None:
    found = run_cli(["scan", model, genome, "--sum", text, "-o", "rows.tsv"])
    assert found.code == 2
    assert "expected a name and labels, such as coding=1,2,3" in found.err


@pytest.mark.parametrize("option", [["--context", "5"], ["--resolution", "5"], ["--sum", "a=x"]])
def test_scan__refuses_options_of_taggers_for_classifiers(
    run_cli, option, genome, tmp_path
) -> None:
    model = tmp_path / "model.safetensors"
    classifier = SequenceClassifier(hidden_size=2, max_epochs=1, early_stopping=False, threads=1)
    classifier.fit(["ACGT", "GGTT"], ["a", "b"]).save(model)
    found = run_cli(["scan", model, genome, *option, "-o", tmp_path / "rows.tsv"])
    assert found.code == 2
    assert f"{option[0]}: the model says one thing of a whole window" in found.err
