from __future__ import annotations

import numpy as np
import pytest

from fastgru.kernels import registers
from tests.problems import DTYPES


def test_lanes_of__fills_a_vector() -> None:
    sizes = {registers.lanes_of(dtype) * np.dtype(dtype).itemsize for dtype in DTYPES}
    assert sizes == {registers.VECTOR_BYTES}


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"avx512f", "avx2", "sse2"}, (64, 8)),
        ({"avx2", "sse2"}, (32, 4)),
        ({"neon"}, (16, 8)),
        ({"sse2"}, (16, 4)),
        (set(), (16, 4)),
    ],
)
def test_register_file__follows_the_cpu(
    features: set[str], expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registers, "cpu_features", lambda: frozenset(features))
    assert registers._register_file() == expected
