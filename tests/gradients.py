"""Gradients by central differences, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

STEP = 1e-6
TOLERANCE = 1e-8
"""Largest error to expect for a function of order 1.

The cubic term of the function is of order ``STEP**2`` = 1e-12, the rounding of its value of order
``1e-16 / STEP`` times the root of the number of roundings, some 1e-9.
"""


def central_differences(function: Callable[[], float], array: np.ndarray) -> np.ndarray:
    """Gradient of `function` with respect to `array`, which it reads and finds unchanged after."""
    assert array.dtype == np.float64
    gradient = np.empty_like(array)
    for place in np.ndindex(array.shape):
        value = array[place]
        array[place] = value + STEP
        above = function()
        array[place] = value - STEP
        below = function()
        array[place] = value
        gradient[place] = (above - below) / (2 * STEP)
    return gradient
