from __future__ import annotations

import numpy as np
import pytest

from fastgru._numba import jit_disabled
from fastgru.kernels.whole_arrays import add_rows, sigmoid_of, tanh_of
from tests.problems import DTYPES

FUNCTIONS = {"sigmoid": (sigmoid_of, lambda x: 1 / (1 + np.exp(-x))), "tanh": (tanh_of, np.tanh)}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions__give_each_element_the_same_bits_wherever_it_stands(
    name: str, dtype: str
) -> None:
    function, exact = FUNCTIONS[name]
    if jit_disabled:  # what is computed for infinity, and not used, is no number
        function = np.errstate(over="ignore", invalid="ignore")(function)
    x = np.random.default_rng(0).normal(0, 3, 67).astype(dtype)
    x[[5, 20]] = np.nan, np.inf
    whole = np.empty_like(x)
    function(x, whole)
    np.testing.assert_allclose(whole, exact(x.astype(float)), rtol=10 * np.finfo(dtype).eps)
    for start in range(len(x)):
        for size in (1, 2, 7, 16, 17, 33):
            part = np.full(size + 1, 7, dtype)[: len(x) - start + 1]  # and nothing past the end
            function(x[start : start + size], part[:-1])
            np.testing.assert_array_equal(part, [*whole[start : start + size], 7])


def test_functions__take_no_elements() -> None:
    for function, _ in FUNCTIONS.values():
        function(np.zeros(0), np.zeros(0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_add_rows__adds_each_row_to_its_place(dtype: str) -> None:
    rng = np.random.default_rng(0)
    rows, table = rng.standard_normal((6, 3)).astype(dtype), np.ones((4, 3), dtype)
    places = np.array([2, 0, 2, 2, 3, 0])
    expected = table + (np.eye(4)[places].T @ rows.astype(float))
    add_rows(rows, places, table)
    np.testing.assert_allclose(table, expected, rtol=0, atol=10 * np.finfo(dtype).eps)
