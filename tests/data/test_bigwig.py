from __future__ import annotations

import contextlib
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fastgru.data.bigwig import BigWigFile, _largest_size, read_sizes
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
    needed = _largest_size(2, ["chr1"])
    usage = SimpleNamespace(free=needed - 1)
    monkeypatch.setattr("fastgru.data.bigwig.shutil.disk_usage", lambda folder: usage)
    file = BigWigFile(str(tmp_path / "s.bw"))
    file.add(intervals("chr1", (0, 5, 1.0), (5, 7, 0.5)))
    with pytest.raises(FastgruError, match=r"0 MB are free for temporary files in .*TMPDIR"):
        file.write({"chr1": 7})
    assert list(tmp_path.iterdir()) == []
    usage.free = needed
    file.write({"chr1": 7})
    file.close()
    assert read(tmp_path / "s.bw") == {"chr1": [(0, 5, 1.0), (5, 7, 0.5)]}


@pytest.mark.parametrize(
    ("n_names", "n_rows", "n_letters"), [(1, 100_000, 4), (1, 0, 1), (5000, 1, 20), (500, 3, 200)]
)
def test_bigwig__takes_no_more_room_than_it_asks_for(
    tmp_path: Path, n_names: int, n_rows: int, n_letters: int
) -> None:
    rng = np.random.default_rng(1)
    starts = np.arange(n_rows) * 10
    names = [f"{number}".ljust(n_letters, "x") for number in range(n_names)]
    file = BigWigFile(str(tmp_path / "s.bw"))
    for name in names:
        file.add(Intervals(name, starts, starts + 10, rng.random(len(starts))))
    file.write(dict.fromkeys(names, 1_000_000))
    file.close()
    assert (tmp_path / "s.bw").stat().st_size <= _largest_size(n_names * n_rows, names)


def many() -> Intervals:
    starts = np.arange(20_000) * 10
    return Intervals("chr1", starts, starts + 10, np.random.default_rng(1).random(len(starts)))


def test_bigwig__is_whole_where_others_fill_the_disk_while_it_is_written(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    paths = [tmp_path / "alone.bw", tmp_path / "crowded.bw"]
    add_entries = BigWigFile._add_entries

    def fill_and_add(*arguments: object) -> None:
        with contextlib.suppress(OSError), (small_disk / "fill").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        add_entries(*arguments)

    for path, add in zip(paths, (add_entries, fill_and_add), strict=True):
        monkeypatch.setattr(BigWigFile, "_add_entries", add)
        file = BigWigFile(str(path))
        file.add(many())
        file.write({"chr1": 200_000})
        file.close()
    assert (small_disk / "fill").stat().st_size > 1000
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_bigwig__refuses_what_libbigwig_has_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "whole.bw"
    file = BigWigFile(str(whole))
    file.add(many())
    file.write({"chr1": 200_000})
    file.close()
    content = whole.read_bytes()
    for n_bytes in (0, 3, 1000, len(content) - 1):

        def write(self: BigWigFile, place: str, header: object, n_bytes: int = n_bytes) -> None:
            Path(place).write_bytes(content[:n_bytes])

        monkeypatch.setattr(BigWigFile, "_write", write)
        file = BigWigFile(str(tmp_path / "s.bw"))
        with pytest.raises(FastgruError, match=r"its temporary file in .* is cut off \(the disk"):
            file.write({"chr1": 200_000})
        file.close()
    assert list(tmp_path.iterdir()) == [whole]


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
