from __future__ import annotations

import numpy as np
import pytest

from fastgru.layers.series_input import SeriesInput

LENGTHS = np.array([2, 1])
SERIES = np.array([[[0.0, 7], [3, 9]], [[6, 5], [0, 0]]])


def test_forward__standardises_in_double_precision() -> None:
    reader = SeriesInput(np.array([1e9, 0]), np.array([1.0, 2]), np.dtype(np.float32))
    given, lengths, n_steps = reader.forward(SERIES + np.array([1e9, 0]), LENGTHS)
    np.testing.assert_array_equal(given.x, [[0, 3.5], [3, 4.5], [6, 2.5], [0, 0]])
    assert given.x.dtype == np.float32
    assert (lengths is LENGTHS, n_steps, given.gaps) == (True, 2, None)


@pytest.mark.parametrize(("mean", "unit"), [(1.5, 1.5), (0.0, 1.0)])
def test_forward__counts_gaps_in_the_usual_one(mean: float, unit: float) -> None:
    scale = np.array([mean, 1]), np.array([2.0, 1])
    reader = SeriesInput(*scale, np.dtype(np.float32), timed=True)
    given, _, _ = reader.forward(SERIES, LENGTHS)
    np.testing.assert_allclose(given.gaps, np.array([0, 3, 6, 0]) / unit, rtol=1e-7)
    assert given.gaps.dtype == np.float32
    np.testing.assert_allclose(given.x[:, 0], (np.array([0, 3, 6, 0]) - mean) / 2, rtol=1e-7)


def test_forward__keeps_gaps_finite() -> None:
    scale = np.array([1e-9, 0]), np.array([1e60, 1e60])
    reader = SeriesInput(*scale, np.dtype(np.float32), timed=True)
    given, _, _ = reader.forward(SERIES * 1e60, LENGTHS)
    assert np.isfinite(given.gaps).all()
