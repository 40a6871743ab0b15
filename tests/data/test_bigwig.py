from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fastgru.data.bigwig import _BYTES_OF_ROW, BigWigFile, read_sizes
from fastgru.data.tracks import Intervals
from fastgru.errors import FastgruError, LabelError

pyBigWig = pytest.importorskip("pyBigWig")


def intervals(chrom: str, *rows: tuple[int, int, float]) -> Intervals:
    starts, ends, values = zip(*rows, strict=True)
    return Intervals(chrom, np.array(starts), np.array(ends), np.array(values))


def read(path: Path) -> dict[str, list[tuple[int, int, float]]]:
    with pyBigWig.open(str(path)) as file:
        return {chrom: list(file.intervals(chrom) or ()) for chrom in file.chroms()}


def test_bigwig__says_what_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastgru.data.bigwig._AT_ONCE", 2)
    path = tmp_path / "s.bw"
    file = BigWigFile(str(path))
    # chr2 first, as in the sequences: neither by name nor by size
    file.add(intervals("chr2", (0, 10, 0.25), (10, 15, 0.1)))
    file.add(intervals("chr2", (20, 30, 0.5)))
    file.add(intervals("chr1", (5, 7, 1.0)))
    file.write({"chr1": 7, "chr2": 40, "chr3": 9})
    file.close()
    tenth = float(np.float32(0.1))
    assert read(path) == {
        "chr2": [(0, 10, 0.25), (10, 15, tenth), (20, 30, 0.5)],
        "chr1": [(5, 7, 1.0)],
        "chr3": [],
    }
    with pyBigWig.open(str(path)) as opened:
        assert opened.chroms() == {"chr2": 40, "chr1": 7, "chr3": 9}
        assert opened.stats("chr2", 0, 15, exact=True) == [pytest.approx(0.2)]


def test_bigwig__without_intervals_has_names_and_lengths(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = BigWigFile(str(tmp_path / "s.bw"))
    file.write({"a": 5, "b": 7})
    file.close()
    assert read(tmp_path / "s.bw") == {"a": [], "b": []}
    assert "s.bw: is empty, since no window has a score" in caplog.text


def test_bigwig__refuses_names_that_are_no_utf8(tmp_path: Path) -> None:
    file = BigWigFile(str(tmp_path / "s.bw"))
    file.add(intervals("a\udce9", (0, 5, 0.5)))
    with pytest.raises(FastgruError, match="is no UTF-8, expected one that a bigWig can hold"):
        file.write({"a\udce9": 5})
    file.close()
    assert list(tmp_path.iterdir()) == []


def test_bigwig__refuses_a_disk_without_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=63)
    monkeypatch.setattr("fastgru.data.bigwig.shutil.disk_usage", lambda folder: usage)
    file = BigWigFile(str(tmp_path / "s.bw"))
    file.add(intervals("chr1", (0, 5, 1.0), (5, 7, 0.5)))
    with pytest.raises(FastgruError, match=r"0 MB are free for temporary files in .*TMPDIR"):
        file.write({"chr1": 7})
    assert list(tmp_path.iterdir()) == []
    usage.free = 64
    file.write({"chr1": 7})
    file.close()
    assert read(tmp_path / "s.bw") == {"chr1": [(0, 5, 1.0), (5, 7, 0.5)]}


def test_bigwig__takes_no_more_room_than_it_asks_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    starts = np.arange(100_000) * 10
    file = BigWigFile(str(tmp_path / "s.bw"))
    file.add(Intervals("chr1", starts, starts + 10, rng.random(len(starts))))
    file.write({"chr1": 1_000_000})
    file.close()
    assert (tmp_path / "s.bw").stat().st_size < _BYTES_OF_ROW * len(starts)


def test_sizes__of_an_empty_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sizes").touch()
    with pytest.raises(LabelError, match="sizes: is empty, expected names of sequences"):
        read_sizes(tmp_path / "sizes")


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"b": 10}, "there is no length for 'a', expected one for each sequence of the table"),
        ({"a": 9}, "a has a window up to 10, expected none behind its end: it has 9 letters"),
        ({"a": 2**32}, "'a' has more than 4294967295 letters, which a bigWig cannot hold"),
    ],
)
def test_bigwig__refuses_lengths_of_other_sequences(
    tmp_path: Path, sizes: dict[str, int], message: str
) -> None:
    file = BigWigFile(str(tmp_path / "s.bw"))
    file.add(intervals("a", (0, 10, 0.5)))
    with pytest.raises(FastgruError, match=message):
        file.write(sizes)
    file.close()
    assert list(tmp_path.iterdir()) == []


def test_read_sizes__reads_tables_and_sequences(tmp_path: Path) -> None:
    expected = {"chr1": 12, "chr2": 3}
    for name, text in {
        "chrom.sizes": "chr1\t12\nchr2\t3\n",
        "a.fa.fai": "chr1\t12\t6\t60\t61\n\nchr2\t3\t30\t60\t61\n",
        "a.fa": ">chr1 long\nACGTAC\nGTACGT\n>chr2\nACG\n",
    }.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert read_sizes(path) == expected


@pytest.mark.parametrize("line", ["chr2", "chr2\tx", "chr2\t0", "chr1\t13"])
def test_read_sizes__refuses_other_lines(tmp_path: Path, line: str) -> None:
    path = tmp_path / "sizes"
    path.write_text(f"chr1\t12\n{line}\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"sizes, line 2: found 'chr.*', expected a name and its"):
        read_sizes(path)
