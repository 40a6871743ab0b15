from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from fastgru.data.series_files import Series, SeriesKind, SeriesRecord, read_series
from fastgru.errors import FastaFormatError, LabelError

ANY = SeriesKind()
ARRAYS = {"a": np.array([[1.5, -2], [3, 4e-3]]), "b": np.array([[5.0, 6]])}
TABLE = "# made by hand\nid\tmean\tdwell\na\t1.5\t-2\n\na\t3\t4e-3\nb\t5\t6\n"


def values_of(records: list[SeriesRecord]) -> dict[str, list[list[float]]]:
    return {record.id: record.sequence.values.tolist() for record in records}


EXPECTED = {name: array.tolist() for name, array in ARRAYS.items()}


def test_read_series__of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text(TABLE, encoding="utf-8")
    digest = hashlib.sha256()
    records = list(read_series(path, ANY, digest=digest))
    assert values_of(records) == EXPECTED
    assert [record.line for record in records] == [3, 6]
    assert digest.hexdigest() == hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "x.tsv.gz").write_bytes(gzip.compress(TABLE.encode()))
    assert values_of(list(read_series(tmp_path / "x.tsv.gz", ANY))) == EXPECTED


def test_read_series__of_an_archive(tmp_path: Path) -> None:
    np.savez(tmp_path / "x", **ARRAYS, flat=np.arange(3))
    with pytest.raises(LabelError, match=r"x.npz, record 'flat': has 1 feature, expected 2 as"):
        list(read_series(tmp_path / "x.npz", ANY))
    np.savez(tmp_path / "x", **ARRAYS)
    assert values_of(list(read_series(tmp_path / "x.npz", ANY))) == EXPECTED


def test_read_series__of_a_folder_with_a_file_for_each(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    (folder / "a.tsv").write_text("mean\tdwell\n1.5\t-2\n3\t4e-3\n", encoding="utf-8")
    (folder / ".hidden").write_text("", encoding="utf-8")
    np.savez(folder / "b", ARRAYS["b"])
    digest = hashlib.sha256()
    records = list(read_series(folder, ANY, digest=digest))
    assert values_of(records) == EXPECTED
    sums = [(name, (folder / name).read_bytes()) for name in ("a.tsv", "b.npz")]
    listed = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sums)
    assert digest.hexdigest() == hashlib.sha256(listed.encode()).hexdigest()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", r"x\.tsv, line 1: found '', expected a header with the column id and then one"),
        ("a\t1\n", "line 1: found 'a.*1', expected a header"),
        ("id\n", "line 1: found 'id', expected a header"),
        ("mean\tdwell\n", "line 1: found 'mean.*dwell', expected a header"),
        ("id\tx\n", r"x\.tsv: there is no series in it, expected at least one"),
        ("id\tx\na\t1\t2\n", "line 2: has 3 cells, expected one for each of 2 columns"),
        ("id\tx\na\t\n", r"line 2: the column 'x' holds '', expected a number\. Fill it in"),
        ("id\tx\ty\na\t1\tNA\n", "line 2: the column 'y' holds 'NA', expected a number"),
        ("id\tx\na\t1\na\tinf\n", "line 3: the column 'x' holds 'inf', expected a number"),
        ("id\tx\na\t1\nb\t1\na\t1\n", r"line 4: the id comes back behind another \('a'\), exp"),
        ("id\tx\n\t1\n", "line 2: the id is empty, expected all steps"),
    ],
)
def test_read_series__names_the_line_of_a_fault(table: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text(table, encoding="utf-8")
    with pytest.raises(FastaFormatError, match=message):
        list(read_series(tmp_path / "x.tsv", ANY))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (SeriesKind(3), r"x\.tsv, line 3, record 'a': has 2 features, expected 3"),
        (SeriesKind(2, timed=True), "line 3, record 'a': step 1 has the time 1 behind 1.5, expec"),
    ],
)
def test_read_series__names_the_record_that_does_not_fit(
    kind: SeriesKind, message: str, tmp_path: Path
) -> None:
    text = TABLE.replace("a\t3", "a\t1")
    (tmp_path / "x.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(LabelError, match=message):
        list(read_series(tmp_path / "x.tsv", kind))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "x\n1\n", r"a\.txt: is no series, expected files called ID\.tsv or ID\.npz"),
        ("a.tsv", "id\tx\na\t1\n", "a.tsv, line 1: found 'id.*x', expected .* none called id"),
        ("a.tsv", "x\n", r"a\.tsv: holds 0 records, expected one in each"),
    ],
)
def test_read_series__of_a_folder_names_the_file_of_a_fault(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(FastaFormatError, match=message):
        list(read_series(tmp_path, ANY))
    np.savez(tmp_path / "0.npz", np.zeros(3), np.zeros(3))
    with pytest.raises(FastaFormatError, match=r"0\.npz: holds 2 records"):
        list(read_series(tmp_path, ANY))


def test_read_series__names_arrays_of_another_shape(tmp_path: Path) -> None:
    np.savez(tmp_path / "x", a=np.zeros((2, 2, 2)))
    with pytest.raises(LabelError, match=r"record 'a': has the shape \(2, 2, 2\), expected"):
        list(read_series(tmp_path / "x.npz", ANY))


def test_series__are_equal_if_their_numbers_are() -> None:
    one, same, other = Series(ARRAYS["a"]), Series(ARRAYS["a"] + 0), Series(ARRAYS["b"])
    assert len(one) == 2
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert hash(Series(np.zeros((1, 1)))) == hash(Series(-np.zeros((1, 1))))
    np.testing.assert_array_equal(np.asarray(one), ARRAYS["a"])
