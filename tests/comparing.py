"""Comparing solutions: up to rounding, and to the bit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np

from tests.problems import Problem, Solution

PER_SEQUENCE = {"y": 0, "h_n": 1, "c_n": 1, "dx": 0, "dh0": 1, "dc0": 1}
"""Results of which each sequence has its own, and the axis of the sequences."""


def assert_close(actual: Solution, expected: Solution, problem: Problem) -> None:
    """Equal up to rounding.

    An element stands at the end of a chain of at most `roundings` operations: a sum over inputs
    and units and some 16 more for the gates, in each step of each layer, for each sequence where
    the gradient of a weight is meant.  Errors of random sign grow with the root of their number.
    The largest of 3000 problems was 1.5 times that root.
    """
    sizes = problem.sizes
    per_step = sizes["input_size"] + sizes["hidden_size"] + 16
    n_sequences, n_steps = problem.x.shape[:2]
    roundings = per_step * sizes["num_layers"] * max(1, n_steps) * (1 + n_sequences)
    allowed = 4 * np.finfo(problem.dtype).eps * np.sqrt(roundings)
    assert actual.arrays().keys() == expected.arrays().keys()
    for name, wanted in expected.arrays().items():
        found = actual.arrays()[name]
        assert found.dtype == problem.dtype, name
        assert found.shape == wanted.shape, name
        scale = max(1.0, np.abs(wanted).max(initial=0))
        error = np.abs(found - wanted).max(initial=0)
        assert error <= allowed * scale, f"{name}: off by {4 * error / scale / allowed:.1f} roots"


def assert_same_bits(actual: np.ndarray, expected: np.ndarray, name: str = "") -> None:
    assert actual.dtype == expected.dtype, name
    assert actual.shape == expected.shape, name
    assert np.ascontiguousarray(actual).tobytes() == np.ascontiguousarray(expected).tobytes(), name


def assert_same_solution(actual: Solution, expected: Solution) -> None:
    """Equal to the bit."""
    assert actual.arrays().keys() == expected.arrays().keys()
    for name, wanted in expected.arrays().items():
        assert_same_bits(actual.arrays()[name], wanted, name)


@contextlib.contextmanager
def poisoned_memory(value: float) -> Iterator[None]:
    """Let uninitialised arrays hold `value`, as fresh memory may, instead of the usual zeros."""
    original = np.empty

    def empty(*arguments: Any, **options: Any) -> np.ndarray:
        array = original(*arguments, **options)
        if array.dtype == np.uint8:  # the raw memory of arrays that start on a vector's boundary
            at = array.ctypes.data % 8
            words = array[-at % 8 :]
            words[: len(words) // 8 * 8].view(np.float64)[:] = value
        elif array.dtype.kind == "f":
            array.fill(value)
        return array

    with mock.patch.object(np, "empty", empty):
        yield
