from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fastgru.data.track_files import TrackChoice, TrackFiles
from fastgru.errors import ConfigurationError, LabelError
from tests.data.slow_windows import Row, as_rows, slow_intervals, slow_windows

SIZES = {"chr2": 95, "chr10": 40, "chr1": 7}


def table(strands: str, n_columns: int = 2) -> list[Row]:
    rng = np.random.default_rng(4)
    return [
        (chrom, start, end, strand, tuple(rng.integers(0, 21, n_columns) / 20))
        for chrom, length in SIZES.items()
        for start, end in slow_windows(length, 10, 4)
        for strand in strands
        if rng.random() < 0.9 or chrom == "chr1"
    ]


def write(choice: TrackChoice, rows: list[Row], columns: tuple[str, ...] = ("no", "yes")) -> None:
    with TrackFiles(choice, columns) as files:
        for chrom in dict.fromkeys(row[0] for row in rows):
            files.add(as_rows([row for row in rows if row[0] == chrom]))
        files.finish(SIZES)


def lines(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def bedgraph(path: Path) -> list[tuple[str, int, int, float]]:
    return [(row[0], int(row[1]), int(row[2]), float(row[3])) for row in lines(path)]


@pytest.mark.parametrize(("strands", "name"), [("+", "s"), (".", "s"), ("+-", "s.{strand}")])
def test_tracks__have_the_intervals_of_each_strand(tmp_path: Path, strands: str, name: str) -> None:
    rows = table(strands)
    write(TrackChoice(bedgraph=str(tmp_path / f"{name}.bedgraph")), rows)
    for strand in strands:
        word = {"+": "plus", "-": "minus"}.get(strand, "")
        path = tmp_path / f"{name.format(strand=word)}.bedgraph"
        assert bedgraph(path) == slow_intervals(rows, strand, 1)


def test_tracks__meet_the_rules_of_bedgraph(tmp_path: Path) -> None:
    path = tmp_path / "s.bedgraph"
    write(TrackChoice(bedgraph=str(path)), table("+"))
    found = bedgraph(path)
    assert list(dict.fromkeys(row[0] for row in found)) == list(SIZES)
    assert all(0 <= start < end <= SIZES[chrom] for chrom, start, end, _ in found)
    assert all(before[2] <= after[1] for before, after in pairwise(found) if before[0] == after[0])


def test_bigwig__has_the_intervals_of_the_bedgraph(tmp_path: Path) -> None:
    pyBigWig = pytest.importorskip("pyBigWig")
    paths = tmp_path / "s.bedgraph", tmp_path / "s.bw"
    write(TrackChoice(bedgraph=str(paths[0]), bigwig=str(paths[1]), name="no"), table("."))
    expected = bedgraph(paths[0])
    assert expected
    with pyBigWig.open(str(paths[1])) as file:
        assert file.chroms() == SIZES
        found = [(chrom, *row) for chrom in SIZES for row in file.intervals(chrom)]
    assert found == [(*row[:3], float(np.float32(row[3]))) for row in expected]


def test_calls__are_bed6(tmp_path: Path) -> None:
    path = tmp_path / "c.bed"
    rows: list[Row] = [
        ("chr2", 0, 10, "+", (0.1, 0.9)),
        ("chr2", 0, 10, "-", (0.0, 1.0)),
        ("chr2", 4, 14, "+", (0.4, 0.6)),
        ("chr2", 4, 14, "-", (0.6, 0.4)),
        ("chr2", 85, 95, "+", (0.0004, 0.9996)),
    ]
    with TrackFiles(TrackChoice(calls=str(path)), ("no", "yes")) as files:
        files.add(as_rows(rows))
        files.finish()
    assert lines(path) == [
        ["chr2", "0", "7", "yes", "1000", "-"],
        ["chr2", "0", "14", "yes", "900", "+"],
        ["chr2", "85", "95", "yes", "1000", "+"],
    ]


def test_calls__of_more_classes_have_all_of_them(tmp_path: Path) -> None:
    path, names = tmp_path / "c.bed", ("a", "b", "c")
    rows: list[Row] = [("chr2", 0, 10, "+", (0.1, 0.9, 0.95))]
    write(TrackChoice(calls=str(path)), rows, names)
    assert [row[3:5] for row in lines(path)] == [["b", "900"], ["c", "950"]]
    path.unlink()
    write(TrackChoice(calls=str(path), name="b"), rows, names)
    assert [row[3:5] for row in lines(path)] == [["b", "900"]]


@pytest.mark.skipif(shutil.which("bedtools") is None, reason="bedtools is not installed")
def test_outputs__are_taken_by_bedtools(tmp_path: Path) -> None:
    paths, sizes = (tmp_path / "s.bedgraph", tmp_path / "c.bed"), tmp_path / "sizes"
    sizes.write_text("".join(f"{name}\t{size}\n" for name, size in SIZES.items()))
    choice = TrackChoice(
        bedgraph=str(paths[0]), calls=str(paths[1]), call_above=0.6, extend_above=0.3
    )
    write(choice, table("+"))
    for path in paths:
        ordered = run("bedtools", "sort", "-i", path, "-g", sizes)
        assert ordered == path.read_text()
        merged = run("bedtools", "merge", "-i", path, "-d", -1)  # touching is no overlap
        assert len(merged.splitlines()) == len(ordered.splitlines()) > 3
        # slop refuses what ends behind a chromosome only by cutting it
        assert run("bedtools", "slop", "-i", path, "-g", sizes, "-b", 0) == ordered
    covered = run("bedtools", "genomecov", "-i", paths[0], "-g", sizes, "-bga")
    depths = {line.split("\t")[3] for line in covered.splitlines()}
    assert depths <= {"0", "1"}


def run(*command: object) -> str:
    arguments = [str(word) for word in command]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("choice", "columns", "strands", "message"),
    [
        (
            {"calls": "c", "call_above": 0.4},
            2,
            "+",
            "--call-above 0.4 --extend-above 0.5: expected",
        ),
        ({"calls": "c", "extend_above": 0}, 2, "+", "expected the second above 0 and at most the"),
        ({"calls": "c", "name": "z"}, 2, "+", "--class z: there is no such class, expected one of"),
        ({"bigwig": "b"}, 3, "+", "--class: not given, and there are 3 classes, expected the one"),
        ({"bedgraph": "b"}, 2, "+-", r"--bedgraph b: is one name for the strands \+ and -, expec"),
        ({"bigwig": "{strand}"}, 2, ".", r"--bigwig {strand}: is a name for each strand, and the"),
    ],
)
def test_choice__is_checked_beforehand(
    choice: dict, columns: int, strands: str, message: str
) -> None:
    TrackChoice(calls="c").check("ab", "+-")
    TrackChoice(bigwig="b", name="a").check("abc", ".")
    with pytest.raises(ConfigurationError, match=message):
        TrackChoice(**choice).check("abc"[:columns], strands)


def test_strands__that_come_later_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.bedgraph"
    with pytest.raises(ConfigurationError, match="is one name for the strands"):
        write(TrackChoice(bedgraph=str(path)), table("+-"))
    assert list(tmp_path.iterdir()) == []


def test_calls__of_numbers_are_refused(tmp_path: Path) -> None:
    rows: list[Row] = [("chr2", 0, 10, "+", (0.5,)), ("chr2", 4, 14, "+", (1.5,))]
    with pytest.raises(LabelError, match=r"--calls: chr2 4 to 14 has the scores 1.5 for 'dose'"):
        write(TrackChoice(calls=str(tmp_path / "c.bed")), rows, ("dose",))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("field", ["bedgraph", "bigwig", "calls"])
def test_files__appear_whole_or_not_at_all(
    tmp_path: Path, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyBigWig")

    def stop(self: Callable, rows: object) -> None:
        raise KeyboardInterrupt

    choice = TrackChoice(**{field: str(tmp_path / "file")})
    monkeypatch.setattr(TrackFiles, "add", stop)
    with pytest.raises(KeyboardInterrupt):
        write(choice, table("+"))
    assert list(tmp_path.iterdir()) == []
