from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.tracks import CallFinder, Intervals, Track
from fastgru.data.windows import STRANDS
from tests.data.slow_windows import (
    Row,
    as_rows,
    slow_calls,
    slow_intervals,
    slow_windows,
)

scores = st.sampled_from([0.0, 0.2, 0.499999, 0.5, 0.7, 0.9, 1.0])


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    """Rows of up to three sequences on one or two strands, with windows left out."""
    window, step = draw(st.integers(1, 12)), draw(st.integers(1, 14))
    strands = draw(st.sampled_from(["+", "-", ".", "+-"]))
    rows: list[Row] = []
    for number in range(draw(st.integers(0, 3))):
        for start, end in slow_windows(draw(st.integers(1, 60)), window, step):
            for strand in strands:
                if draw(st.integers(0, 5)):
                    values = draw(st.tuples(scores, scores))
                    rows.append((f"chr{number}", start, end, strand, values))
    return rows


def pieces(rows: list[Row], draw: st.DataObject) -> Iterator[list[Row]]:
    """The rows in pieces of any size, each of one sequence."""
    while rows:
        n_rows = draw.draw(st.integers(1, 8))
        piece = [row for row in rows[:n_rows] if row[0] == rows[0][0]]
        yield piece
        rows = rows[len(piece) :]


def as_tuples(intervals: Intervals) -> list[tuple[str, int, int, float]]:
    columns = intervals.starts.tolist(), intervals.ends.tolist(), intervals.values.tolist()
    return [(intervals.chrom, *row) for row in zip(*columns, strict=True)]


@given(tables(), st.sampled_from(STRANDS), st.integers(0, 1), st.data())
def test_track__gives_each_letter_the_score_of_the_nearest_window(
    rows: list[Row], strand: str, column: int, data: st.DataObject
) -> None:
    track, found = Track(strand, column), []
    for piece in pieces(rows, data):
        for intervals in track.add(as_rows(piece)):
            found += as_tuples(intervals)
    for intervals in track.finish():
        found += as_tuples(intervals)
    assert found == slow_intervals(rows, strand, column)


def test_track__puts_the_border_halfway_between_the_centres() -> None:
    rows: list[Row] = [
        ("a", 0, 10, "+", (0.1,)),
        ("a", 5, 15, "+", (0.2,)),
        ("a", 15, 25, "+", (0.3,)),  # touches the last
        ("a", 30, 40, "+", (0.3,)),  # behind a gap
        ("b", 0, 10, "+", (0.3,)),
    ]
    track = Track("+", 0)
    found = [*track.add(as_rows(rows[:4])), *track.add(as_rows(rows[4:])), *track.finish()]
    assert [row for intervals in found for row in as_tuples(intervals)] == [
        ("a", 0, 7, 0.1),
        ("a", 7, 15, 0.2),
        ("a", 15, 25, 0.3),
        ("a", 30, 40, 0.3),
        ("b", 0, 10, 0.3),
    ]


@given(tables(), st.sampled_from([[0], [1], [0, 1]]), st.data())
def test_calls__are_runs_of_letters_above_the_lower_limit(
    rows: list[Row], columns: list[int], data: st.DataObject
) -> None:
    low = data.draw(st.sampled_from([0.2, 0.5]))
    high = data.draw(st.sampled_from([0.5, 0.9]))
    finder, found = CallFinder(columns, call_above=high, extend_above=low), []
    for piece in pieces(rows, data):
        found += finder.add(as_rows(piece))
    found += finder.finish()
    shown = [
        (call.chrom, call.start, call.end, columns[call.column], STRANDS[call.strand])
        for call in found
    ]
    expected = slow_calls(rows, columns, high, low)
    assert shown == [call[:5] for call in expected]
    assert [call.value for call in found] == [round(call[5] * 1e6) for call in expected]


def rows_with(values: list[float], strand: str = "+") -> list[Row]:
    return [("a", 5 * k, 5 * k + 10, strand, (value,)) for k, value in enumerate(values)]


def calls_of(values: list[float]) -> list[tuple[int, int, int]]:
    finder = CallFinder([0], call_above=0.9, extend_above=0.5)
    found = [*finder.add(as_rows(rows_with(values))), *finder.finish()]
    return [(call.start, call.end, call.value) for call in found]


def test_calls__extend_to_both_sides_until_a_window_is_below_the_lower_limit() -> None:
    assert calls_of([0.1, 0.5, 0.9, 0.6, 0.4, 0.1]) == [(7, 22, 900_000)]


def test_calls__need_one_window_that_reaches_the_upper_limit() -> None:
    assert calls_of([0.1, 0.899999, 0.8, 0.1]) == []


def test_calls__reach_both_ends_of_a_sequence() -> None:
    assert calls_of([0.5, 0.9]) == [(0, 15, 900_000)]
    assert calls_of([0.9]) == [(0, 10, 900_000)]


def test_calls__of_one_class_do_not_overlap() -> None:
    assert calls_of([0.9, 0.1, 0.9]) == [(0, 7, 900_000), (12, 20, 900_000)]


def test_calls__of_an_early_run_hold_back_no_later_ones() -> None:
    finder = CallFinder([0], call_above=0.9, extend_above=0.5)
    early = [*finder.add(as_rows(rows_with([1.0], "-")))]
    later = [*finder.add(as_rows(rows_with([1.0, 0.0, 0.0] * 100)[3:]))]
    assert early == []
    assert len(later) > 90
