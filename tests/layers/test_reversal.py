"""Sequences of a batch in reverse."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fastgru.layers.reversal import reverse_rows


def test_reverse_rows__leaves_what_is_past_the_end() -> None:
    rows = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 9, 9, 0]])
    expected = [[3, 2, 1, 4], [5, 6, 7, 8], [0, 9, 9, 9]]
    assert reverse_rows(rows, np.array([3, 0, 4])).tolist() == expected


@given(data=st.data(), shape=hnp.array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=5))
def test_reverse_rows__turns_each_sequence_by_itself(
    data: st.DataObject, shape: tuple[int, ...]
) -> None:
    lengths = data.draw(hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1])))
    rows = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    turned = reverse_rows(rows, lengths)
    assert turned.dtype == rows.dtype
    for row, found, length in zip(rows, turned, lengths, strict=True):
        np.testing.assert_array_equal(found[:length], row[:length][::-1])
        np.testing.assert_array_equal(found[length:], row[length:])
    np.testing.assert_array_equal(reverse_rows(turned, lengths), rows)
