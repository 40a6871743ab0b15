"""Gradients by central differences, in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from fastgru.layers.parameters import ParameterStore

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


def assert_slopes(
    function: Callable[[], float],
    arrays: Mapping[str, np.ndarray],
    gradients: Mapping[str, np.ndarray],
    allowed: float = TOLERANCE,
) -> None:
    """Compare gradients with central differences, along one random direction for each array.

    An element that is wrong shows along almost every direction, for two calls in place of two for
    each element.
    """
    rng = np.random.default_rng(3)
    for name, array in arrays.items():
        direction, kept, sides = rng.standard_normal(array.shape), array.copy(), []
        for sign in (1, -1):
            array[...] = kept + sign * STEP * direction
            sides.append(function())
        array[...] = kept
        expected = (sides[0] - sides[1]) / (2 * STEP)
        found = float((gradients[name] * direction).sum())
        assert found == pytest.approx(expected, rel=1e-6, abs=allowed), name


def assert_slopes_of_store(function: Callable[[], float], store: ParameterStore) -> None:
    """Compare the gradients that a store holds with those of `function`, which reads its values."""
    grads, places = store.grads.copy(), store.places()
    arrays = {name: store.values[place] for name, place in places.items()}
    assert_slopes(function, arrays, {name: grads[place] for name, place in places.items()})
