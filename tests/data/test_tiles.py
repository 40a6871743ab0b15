from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.tiles import RowGrid, tiles_of_rows


@st.composite
def places(draw: st.DrawFn, length: int) -> list[tuple[int, int]]:
    """Ranges that rise and are apart from each other."""
    ends = sorted(draw(st.sets(st.integers(0, length), max_size=8)))
    return list(zip(ends[::2], ends[1::2], strict=False))


@given(length=st.integers(1, 60), letters=st.integers(1, 9), data=st.data())
def test_row_grid__cuts_a_sequence_up(length, letters, data) -> None:
    grid = RowGrid(letters)
    starts, ends = grid.bounds(length)
    assert [
        place for start, end in zip(starts, ends, strict=True) for place in range(start, end)
    ] == list(range(length))
    assert set((ends - starts)[:-1]) <= {letters}
    assert len(starts) == grid.count(length)
    first = data.draw(st.integers(0, len(starts) - 1))
    last = data.draw(st.integers(first, len(starts)))
    for part, whole in zip(grid.bounds(length, first, last), (starts, ends), strict=True):
        assert np.array_equal(part, whole[first:last])


@given(length=st.integers(1, 60), letters=st.integers(1, 9), data=st.data())
def test_row_grid__finds_the_rows_that_share_a_letter_with_a_region(length, letters, data) -> None:
    grid = RowGrid(letters)
    regions = data.draw(places(length))
    inside = {place for start, end in regions for place in range(start, end)}
    starts, ends = grid.bounds(length)
    expected = [k for k in range(len(starts)) if inside & set(range(starts[k], ends[k]))]
    found = grid.overlapping(length, regions)
    assert [row for first, last in found for row in range(first, last)] == expected
    assert all(a[1] < b[0] for a, b in itertools.pairwise(found))


@given(ranges=places(50), n_rows=st.integers(1, 12))
def test_tiles_of_rows__have_each_row_once_in_its_tile(ranges, n_rows) -> None:
    expected: dict[int, list[int]] = {}
    for first, last in ranges:
        for row in range(first, last):
            expected.setdefault(row // n_rows, []).append(row)
    found = [(tile, rows.tolist()) for tile, rows in tiles_of_rows(ranges, n_rows)]
    assert found == list(expected.items())
