from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fastgru.data.annotations import CodingSegment, cut_labelled_windows
from fastgru.data.fasta import read_fasta
from tests.cli.commands import peak_megabytes

LETTERS = "".join(np.random.default_rng(2).choice(list("ACGTacgt"), 100))


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    """Two sequences, the first with a gene on either strand."""
    path = tmp_path / "genome.fa"
    path.write_text(f">one\n{LETTERS}\n>two\n{LETTERS[:30]}\n", encoding="utf-8")
    return path


@pytest.fixture
def annotation(tmp_path: Path) -> Path:
    path = tmp_path / "genes.gff"
    lines = ["one\ts\tCDS\t11\t35\t.\t+\t0\tg", "one\ts\tCDS\t51\t60\t.\t-\t1\th"]
    path.write_text("\n".join([*lines, "three\ts\tCDS\t1\t900\t.\t-\t0\tk", ""]), encoding="utf-8")
    return path


def read_pairs(folder: Path) -> list[tuple[str, str, str]]:
    windows, labels = (list(read_fasta(folder / name)) for name in ("w.fa", "l.fa"))
    assert [record.id for record in windows] == [record.id for record in labels]
    return [(a.id, a.sequence, b.sequence) for a, b in zip(windows, labels, strict=True)]


def outputs(folder: Path) -> list[object]:
    return ["-o", folder / "w.fa", "--labels-output", folder / "l.fa"]


def test_label__writes_windows_of_both_strands_with_their_labels(
    run_cli, genome, annotation, tmp_path
) -> None:
    command = ["label", genome, "--annotation", annotation, "--window", "40"]
    code, _, err = run_cli([*command, *outputs(tmp_path)])
    assert code == 0
    assert "4 windows of 40 letters, both strands of each; 21.9 % of the letters are coding" in err
    segments = [CodingSegment(10, 35, "+", 0), CodingSegment(50, 60, "-", 1)]
    names = [f"one:{start}-{start + 40}:{strand}" for start in (0, 40) for strand in "+-"]
    expected = cut_labelled_windows(LETTERS, segments, 0, 100, 40)
    assert read_pairs(tmp_path) == [
        (name, *pair) for name, pair in zip(names, expected, strict=True)
    ]


def test_label__cuts_up_regions_alone(run_cli, genome, annotation, tmp_path) -> None:
    bed = tmp_path / "regions.bed"
    bed.write_text("one\t5\t26\ntwo\t0\t9\n", encoding="utf-8")
    command = ["label", genome, "--annotation", annotation, "--window", "10", "--regions", bed]
    assert run_cli([*command, *outputs(tmp_path)]).code == 0
    names = [name for name, *_ in read_pairs(tmp_path)]
    assert names == [f"one:{k}-{k + 10}:{strand}" for k in (5, 15) for strand in "+-"]


@pytest.mark.parametrize(
    ("old", "new", "options", "message"),
    [
        ("one", "1", [], "has coding sequences of '1', 'three', expected names among 'one', 'two'"),
        ("60", "101", [], "one has a coding sequence up to 101, expected none behind the end of"),
        ("", "", ["--window", "101"], "--window 101: no sequence or region is as long"),
        ("CDS", "exon", [], "holds no line of type CDS"),
    ],
)
def test_label__refuses_what_does_not_fit(
    run_cli, genome, annotation, tmp_path, old, new, options, message
) -> None:
    if old:
        annotation.write_text(annotation.read_text("utf-8").replace(old, new), encoding="utf-8")
    command = ["label", genome, "--annotation", annotation, *options]
    code, _, err = run_cli([*command, *outputs(tmp_path)])
    assert code == 1
    assert message in err
    assert not (tmp_path / "w.fa").exists()
    assert not (tmp_path / "l.fa").exists()


def test_label__keeps_its_input(run_cli, genome, annotation, tmp_path) -> None:
    command = ["label", genome, "--annotation", annotation, "--window", "40", "--force"]
    ends = ["-o", annotation, "--labels-output", tmp_path / "l.fa"]
    code, _, err = run_cli([*command, *ends])
    assert code == 2
    assert "is an input and would be overwritten" in err


def test_label__makes_what_train_reads_and_scan_sums_up(
    run_cli, genome, annotation, tmp_path
) -> None:
    command = ["label", genome, "--annotation", annotation, "--window", "20"]
    assert run_cli([*command, *outputs(tmp_path)]).code == 0
    model, table = tmp_path / "model.safetensors", tmp_path / "rows.tsv"
    how = ["--hidden-size", "2", "--max-epochs", "1", "--no-early-stopping", "-t", "1"]
    labels = ["--task", "tagging", "--step-labels", tmp_path / "l.fa"]
    assert run_cli(["train", tmp_path / "w.fa", *labels, *how, "-o", model]).code == 0
    sums = ["--sum", "coding=1,2,3", "--class", "coding"]
    code, _, err = run_cli(["scan", model, genome, *sums, "-o", table, "-t", "1"])
    assert code == 0, err
    header, *rows = table.read_text(encoding="utf-8").splitlines()
    assert header == "chrom\tstart\tend\tstrand\tcoding\tN"
    assert len(rows) == 2 * (10 + 3)


def test_label__leaves_no_windows_without_labels(
    run_cli, genome: Path, annotation: Path, tmp_path: Path
) -> None:
    windows = tmp_path / "w.fa"
    words = ["label", genome, "--annotation", annotation, "--window", "30", "-o", windows]
    code, _, err = run_cli([*words, "--labels-output", "/dev/full"])
    assert code != 0
    assert "No space left on device" in err
    assert not windows.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_memory__does_not_grow_with_the_number_of_windows(tmp_path: Path, annotation: Path) -> None:
    peaks = []
    for size in (2_000_000, 12_000_000):
        fasta = tmp_path / "genome.fa"
        lines = "ACGTTGCAAC" * 10 + "\n"
        fasta.write_text(f">one\n{lines * (size // 100)}", encoding="utf-8")
        command = ["label", "-q", fasta, "--annotation", annotation, "--window", 1000]
        peaks.append(peak_megabytes(*command, "--labels-output", "/dev/null", "-o", "-"))
    # the windows of both strands and their labels are 40 MB more
    assert peaks[1] < peaks[0] + 10, f"{peaks} MB"
