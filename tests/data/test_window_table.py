from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.window_table import (
    check_columns,
    read_columns,
    read_window_rows,
    rounded,
    write_window_header,
    write_window_rows,
)
from fastgru.errors import LabelError
from tests.data.slow_windows import Row, as_list, as_rows

HEADER = "chrom\tstart\tend\tstrand\tno\tyes\n"


def text_of(rows: list[Row]) -> str:
    file = io.StringIO()
    write_window_header(file, ["no", "yes"])
    for row in rows:
        write_window_rows(file, as_rows([row]))
    return file.getvalue()


def read(*paths: Path) -> list[Row]:
    return [row for rows in read_window_rows(paths) for row in as_list(rows)]


ROWS: list[Row] = [
    ("a", 0, 10, "+", (0.25, 0.75)),
    ("a", 0, 10, "-", (1.0, 0.0)),
    ("a", 5, 15, "+", (0.123456, 1e-6)),
    ("b", 0, 7, ".", (0.5, 0.5)),
]


def test_rows__are_written_with_six_decimals() -> None:
    assert text_of(ROWS[1:3]) == HEADER + (
        "a\t0\t10\t-\t1.000000\t0.000000\na\t5\t15\t+\t0.123456\t0.000001\n"
    )


def test_tables__in_order_are_one_table(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("1.tsv", "2.tsv", "3.tsv")]
    for path, rows in zip(paths, (ROWS[:2], [], ROWS[2:]), strict=True):
        path.write_text(text_of(rows), encoding="utf-8")
    assert read(*paths) == ROWS
    assert read_columns(paths[1]) == ("no", "yes")


@given(st.floats(-1e6, 1e6))
def test_rounded__is_what_the_table_says_and_reads(value: float) -> None:
    (number,) = rounded(np.array([value]))
    text = f"{number:.6f}"
    assert float(text) == number
    assert not text.startswith("-0.000000")
    assert abs(number - value) <= 0.5000001e-6


def test_read_window_rows__reads_more_rows_than_fit_one_piece(tmp_path: Path) -> None:
    rows: list[Row] = [("a", k, k + 5, "+", (0.5, 0.5)) for k in range(20_000)]
    path = tmp_path / "w.tsv"
    path.write_text(text_of([]) + "".join(text_of([row])[len(HEADER) :] for row in rows[:5]))
    with path.open("a") as file:
        write_window_rows(file, as_rows(rows[5:]))
    pieces = list(read_window_rows([path]))
    assert len(pieces) > 1
    assert [row for piece in pieces for row in as_list(piece)] == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"w.tsv, line 1: found nothing, expected the columns chrom start end strand and one"),
        ("id\tlabel\n", "line 1: found 'id"),
        ("chrom\tstart\tend\tstrand\n", "expected the columns"),
        (HEADER + "a\t0\t10\t+\t0.5\n", "line 2: found .* a strand and 2 numbers"),
        (HEADER + "a\t0\tx\t+\t0.5\t0.5\n", "line 2: found"),
        (HEADER + "a\t0\t10\t+\tnan\t0.5\n", "line 2: found"),
        (HEADER + "a\t0\t10\t*\t0.5\t0.5\n", r"the strand is '\*', expected one of \+ - \."),
        (HEADER + "a\t10\t10\t+\t0.5\t0.5\n", "is 10 to 10, expected a start from 0 on below"),
        (HEADER + "a\t-1\t10\t+\t0.5\t0.5\n", "is -1 to 10, expected a start from 0 on below"),
    ],
)
def test_read_window_rows__refuses_what_is_no_table(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "w.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelError, match=message):
        read(path)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([2, 0], r"line 3: the window 0 to 10 of strand \+ stands behind 5 to 15, expected rising"),
        ([0, 0], r"line 3: the window 0 to 10 of strand \+ stands behind 0 to 10"),
        ([2, 1], r"line 3: the window 0 to 10 of strand - stands behind"),
        ([0, 3, 2], r"line 4: 'a' comes back behind 'b', expected its rows together. Give the tab"),
    ],
)
def test_read_window_rows__refuses_rows_out_of_order(
    tmp_path: Path, order: list[int], message: str
) -> None:
    path = tmp_path / "w.tsv"
    path.write_text(text_of([ROWS[k] for k in order]), encoding="utf-8")
    with pytest.raises(LabelError, match=message):
        read(path)


def test_read_window_rows__refuses_tables_of_two_models(tmp_path: Path) -> None:
    first, second = tmp_path / "1.tsv", tmp_path / "2.tsv"
    first.write_text(text_of(ROWS), encoding="utf-8")
    second.write_text(HEADER.replace("yes", "maybe"), encoding="utf-8")
    with pytest.raises(LabelError, match=r"2\.tsv, line 1: has the columns no maybe, the first"):
        read(first, second)


def test_check_columns__refuses_the_names_of_places() -> None:
    check_columns(["no", "yes"])
    with pytest.raises(LabelError, match="class 'strand': is also the name of a column"):
        check_columns(["no", "strand"])
