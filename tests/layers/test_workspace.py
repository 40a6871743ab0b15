from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.registers import VECTOR_BYTES
from fastgru.layers.workspace import aligned_empty
from tests.problems import DTYPES


@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=3), dtype=st.sampled_from(DTYPES))
def test_aligned_empty__starts_on_a_vector(shape: list[int], dtype: str) -> None:
    array = aligned_empty(tuple(shape), np.dtype(dtype))
    assert array.shape == tuple(shape)
    assert array.dtype == dtype
    assert array.ctypes.data % VECTOR_BYTES == 0
    array.fill(1)
