from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.windows import WindowGrid
from tests.data.slow_windows import share_a_letter, slow_windows

lengths = st.integers(1, 60)
sizes = st.integers(1, 20)


def windows_of(grid: WindowGrid, length: int, first: int = 0, last: int | None = None) -> list:
    starts, ends = grid.bounds(length, first, last)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


@given(lengths, sizes, sizes)
def test_bounds__are_those_of_the_slow_version(length: int, window: int, step: int) -> None:
    grid = WindowGrid(window, step)
    expected = slow_windows(length, window, step)
    assert windows_of(grid, length) == expected
    assert grid.count(length) == len(expected)


@given(lengths, sizes, sizes, st.data())
def test_bounds__of_a_range_are_a_part_of_all(
    length: int, window: int, step: int, data: st.DataObject
) -> None:
    grid = WindowGrid(window, step)
    first = data.draw(st.integers(0, grid.count(length) - 1))
    last = data.draw(st.integers(first + 1, grid.count(length)))
    assert windows_of(grid, length, first, last) == windows_of(grid, length)[first:last]


@given(lengths, sizes, st.data())
def test_bounds__leave_no_letter_out_where_the_grid_has_no_gaps(
    length: int, window: int, data: st.DataObject
) -> None:
    step = data.draw(st.integers(1, window))
    windows = windows_of(WindowGrid(window, step), length)
    assert windows[0][0] == 0
    assert windows[-1][1] == length
    assert all(after[0] <= before[1] for before, after in pairwise(windows))
    assert len({end - start for start, end in windows}) == 1


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (7, [(0, 7)]),  # shorter than a window
        (10, [(0, 10)]),
        (11, [(0, 10), (1, 11)]),  # the last is moved back to the end
        (14, [(0, 10), (4, 14)]),  # the grid meets the end
        (15, [(0, 10), (4, 14), (5, 15)]),
    ],
)
def test_bounds__end_where_the_sequence_ends(length: int, expected: list) -> None:
    assert windows_of(WindowGrid(10, 4), length) == expected


regions_in = st.lists(st.tuples(st.integers(0, 59), st.integers(1, 20)), max_size=4)


@given(lengths, sizes, sizes, regions_in)
def test_overlapping__finds_all_windows_that_share_a_letter_with_a_region(
    length: int, window: int, step: int, drawn: list[tuple[int, int]]
) -> None:
    regions = sorted((a, min(a + size, length)) for a, size in drawn if a < length)
    grid = WindowGrid(window, step)
    ranges = grid.overlapping(length, regions)
    found = [number for first, last in ranges for number in range(first, last)]
    windows = slow_windows(length, window, step)
    assert found == [k for k, one in enumerate(windows) if share_a_letter(one, regions)]
    assert all(before[1] < after[0] for before, after in pairwise(ranges))


def test_overlapping__of_neighbours_at_a_border() -> None:
    grid = WindowGrid(10, 10)
    assert grid.overlapping(100, [(10, 20)]) == [(1, 2)]
    assert grid.overlapping(100, [(9, 20)]) == [(0, 2)]
    assert grid.overlapping(100, [(10, 21)]) == [(1, 3)]
    assert grid.overlapping(95, [(94, 95)]) == [(9, 10)]  # only the last, from 85 on
    assert grid.overlapping(95, [(89, 90)]) == [(8, 10)]


@given(lengths, sizes, sizes)
def test_span__of_all_windows_is_the_sequence(length: int, window: int, step: int) -> None:
    grid = WindowGrid(window, step)
    assert grid.span(length, [(0, grid.count(length))]) == length
    assert grid.span(length, []) == 0


def test_span__takes_no_memory_for_the_windows_between() -> None:
    length = 10**15  # a byte for each would be a petabyte
    assert WindowGrid(10, 1).span(length, [(0, length - 9), (5, 6)]) == length + 10
