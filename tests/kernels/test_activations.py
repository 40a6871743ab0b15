from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import jit_disabled
from fastgru.kernels.activations import exp, sigmoid, tanh
from fastgru.kernels.registers import lanes_of
from fastgru.kernels.vectors import lanes, load, store
from tests.kernels.uncached import uncached_kernel
from tests.problems import DTYPES


@uncached_kernel
def write_exp(x: Any, out: Any) -> None:
    for at in range(0, x.shape[0], lanes(x)):
        store(exp(load(x, at)), out, at)


@uncached_kernel
def write_sigmoid(x: Any, out: Any) -> None:
    for at in range(0, x.shape[0], lanes(x)):
        store(sigmoid(load(x, at)), out, at)


@uncached_kernel
def write_tanh(x: Any, out: Any) -> None:
    for at in range(0, x.shape[0], lanes(x)):
        store(tanh(load(x, at)), out, at)


def exact_sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


WRITERS = {"exp": write_exp, "sigmoid": write_sigmoid, "tanh": write_tanh}
EXACT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exp": np.exp,
    "sigmoid": exact_sigmoid,
    "tanh": np.tanh,
}

# Largest errors in units of the last place, as the docstring of the module states them, and the
# range in which they hold.  Outside of it exp and sigmoid stay at their value there; tanh loses
# digits to denormal numbers on the way.
BOUNDS = {
    ("exp", "float32"): (3, -87.0, 87.0),
    ("exp", "float64"): (3, -708.0, 708.0),
    ("sigmoid", "float32"): (4, -87.0, np.inf),
    ("sigmoid", "float64"): (3, -708.0, np.inf),
    ("tanh", "float32"): (5, 1e-35, np.inf),
    ("tanh", "float64"): (4, 0.0, np.inf),
}


def evaluate(name: str, values: np.ndarray) -> np.ndarray:
    """The compiled function of any number of values."""
    padded = np.resize(values, -(-len(values) // lanes_of(values.dtype)) * lanes_of(values.dtype))
    out = np.empty_like(padded)
    with np.errstate(all="ignore"):  # without compilation these are NumPy's
        WRITERS[name](padded, out)
    return out[: len(values)]


def errors_in_ulp(name: str, values: np.ndarray) -> np.ndarray:
    exact = EXACT[name](values.astype(np.longdouble))
    spacing = np.spacing(np.abs(exact.astype(values.dtype))).astype(np.longdouble)
    return np.abs(evaluate(name, values).astype(np.longdouble) - exact) / spacing


def all_magnitudes(dtype: str, per_binade: int) -> np.ndarray:
    """Random numbers of both signs, equally many of each normal exponent below 1024."""
    info, rng = np.finfo(dtype), np.random.default_rng(0)
    exponents = np.repeat(np.arange(info.minexp, 10), per_binade)
    mantissas = rng.uniform(1, 2, len(exponents)) * rng.choice([-1, 1], len(exponents))
    return np.ldexp(mantissas, exponents).astype(dtype)


@pytest.mark.skipif(
    np.finfo(np.longdouble).eps > 1e-18, reason="needs a longer floating-point type"
)
@pytest.mark.parametrize(("name", "dtype"), BOUNDS)
def test_activation__is_exact_to_a_few_units_of_the_last_place(name: str, dtype: str) -> None:
    bound, low, high = BOUNDS[name, dtype]
    values = all_magnitudes(dtype, 20 if jit_disabled else 2000)
    # Where the functions bend, and where the formulas change.
    values = np.concatenate([values, np.linspace(-20, 20, len(values) // 8 * 8, dtype=dtype)])
    place = np.abs(values) if name == "tanh" else values
    values = values[(place >= low) & (place <= high)]
    errors = errors_in_ulp(name, values)
    worst = int(errors.argmax())
    assert errors[worst] <= bound, f"{errors[worst]:.2f} ulp at {values[worst]!r}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_activation__keeps_nan(dtype: str) -> None:
    values = np.array([0.5, np.nan, -3.0, np.nan, 100.0], dtype)
    for name in WRITERS:
        np.testing.assert_array_equal(np.isnan(evaluate(name, values)), np.isnan(values))


@pytest.mark.parametrize("dtype", DTYPES)
def test_activation__levels_off_towards_infinity(dtype: str) -> None:
    eps, far = np.finfo(dtype).eps, np.array([1e4, 1e30, np.finfo(dtype).max, np.inf], dtype)
    np.testing.assert_allclose(evaluate("tanh", far), 1, rtol=4 * eps)
    np.testing.assert_allclose(evaluate("tanh", -far), -1, rtol=4 * eps)
    np.testing.assert_array_equal(evaluate("sigmoid", far), 1)
    assert np.isfinite(evaluate("exp", far)).all()
    for name in ("exp", "sigmoid"):
        low = evaluate(name, -far)
        assert (low >= np.finfo(dtype).tiny).all()  # a normal number, not a slow denormal
        assert (low <= 3 * np.finfo(dtype).tiny).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_activation__takes_denormal_numbers_for_zero_or_nearly(dtype: str) -> None:
    smallest = np.finfo(dtype).tiny * 0.5
    values = np.array([smallest, -smallest, 0.0, -0.0], dtype)
    np.testing.assert_array_equal(evaluate("exp", values), 1)
    np.testing.assert_array_equal(evaluate("sigmoid", values), 0.5)
    assert (np.abs(evaluate("tanh", values)) <= 2 * smallest).all()


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_activation__stays_within_its_range(dtype: str, data: st.DataObject) -> None:
    number = st.floats(width=8 * np.dtype(dtype).itemsize, allow_nan=False)
    values = np.array(data.draw(st.lists(number, min_size=1, max_size=40)), dtype)
    assert (np.abs(evaluate("tanh", values)) <= 1).all()
    sigmoids = evaluate("sigmoid", values)
    assert ((sigmoids > 0) & (sigmoids <= 1)).all()
