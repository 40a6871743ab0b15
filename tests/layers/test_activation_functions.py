from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.layers.activation_functions import Activation, Clipped, read_activations
from tests.problems import DTYPES
from tests.reference.variants import activation

ALPHA_AND_BETA = {"affine", "scaled_tanh", "hard_sigmoid"}
ALPHA = {"leaky_relu", "thresholded_relu", "elu"}
NEITHER = {"relu", "tanh", "sigmoid", "softsign", "softplus"}
NAMES = sorted(ALPHA_AND_BETA | ALPHA | NEITHER)

# Of both signs and all sizes; no corner of any function is among them.
X = np.concatenate([np.random.default_rng(0).normal(0, 3, 200), [1e-9, -1e-9, 1e-3, -1e-3]])

every_name = pytest.mark.parametrize("name", NAMES)


def parameters_of(name: str) -> dict[str, float]:
    alpha = {"alpha": 0.3} if name in ALPHA_AND_BETA | ALPHA else {}
    return alpha | ({"beta": 0.6} if name in ALPHA_AND_BETA else {})


@every_name
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("default", [True, False])
def test_activation__equals_its_definition(default: bool, dtype: str, name: str) -> None:
    given, x = {} if default else parameters_of(name), X.astype(dtype)
    function, exact = Activation(name, **given), activation(name, **given)
    value = function.value(x)
    tolerance = {"rtol": 0, "atol": 40 * np.finfo(dtype).eps}
    np.testing.assert_allclose(value, exact(x.astype(float)), **tolerance)
    slope = np.imag(exact(x.astype(complex) + 1e-30j)) / 1e-30
    np.testing.assert_allclose(function.slope(x, value), slope, **tolerance)
    assert value.dtype == function.slope(x, value).dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
def test_softplus_and_elu__lose_no_digits_near_zero(dtype: str) -> None:
    x = -np.geomspace(1e-6, 30, 50).astype(dtype)
    rounding = {"rtol": 20 * np.finfo(dtype).eps}
    exact = x.astype(np.longdouble)
    np.testing.assert_allclose(Activation("elu").value(x), np.expm1(exact), **rounding)
    np.testing.assert_allclose(Activation("softplus").value(x), np.log1p(np.exp(exact)), **rounding)


@every_name
@pytest.mark.parametrize("dtype", DTYPES)
def test_activation__neither_overflows_nor_hides_a_nan(dtype: str, name: str) -> None:
    x = np.array([-1e30, -800, 800, 1e30, np.nan], dtype)
    function = Activation(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # softsign squares what it divides by
        value = function.value(x)
        slope = function.slope(x, value)
    assert np.isfinite(value[:4]).all()
    assert np.isfinite(slope[:4]).all()
    assert np.isnan([value[4], slope[4]]).all()


@every_name
def test_activation__gives_an_element_the_same_bits_wherever_it_stands(name: str) -> None:
    function, x = Activation(name), X.astype(np.float32)
    whole = function.value(x)
    slopes = function.slope(x, whole)
    for start, stop in ((0, 1), (3, 4), (1, 18), (5, 38), (199, 204)):
        part = function.value(x[start:stop])
        np.testing.assert_array_equal(part, whole[start:stop])
        np.testing.assert_array_equal(function.slope(x[start:stop], part), slopes[start:stop])


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("relu", 0.0, 0.0),
        ("leaky_relu", 0.0, 1.0),
        ("thresholded_relu", 1.0, 1.0),
        ("elu", 0.0, 1.0),
    ],
)
def test_slope__at_a_corner_is_that_of_the_branch_taken(
    name: str, x: float, expected: float
) -> None:
    function, at = Activation(name), np.array([x])
    np.testing.assert_array_equal(function.slope(at, function.value(at)), expected)


def test_clipped__cuts_the_argument_and_has_no_slope_there() -> None:
    function, x = Clipped(Activation("tanh"), 0.5), np.array([-2, -0.5, 0.1, 0.5, 0.6, np.nan])
    value = function.value(x)
    kept = np.array([-0.5, -0.5, 0.1, 0.5, 0.5, np.nan])
    np.testing.assert_allclose(value, np.tanh(kept), rtol=1e-15)
    slope = np.array([0, 1, 1, 1, 0, 1]) * (1 - np.tanh(kept) ** 2)
    np.testing.assert_allclose(function.slope(x, value), slope, rtol=1e-14)


def test_activation__has_the_default_parameters_of_onnx() -> None:
    assert Activation("hard_sigmoid") == Activation("hard_sigmoid", alpha=0.2, beta=0.5)
    assert Activation("leaky_relu") == Activation("leaky_relu", np.float64(0.01))
    assert Activation("tanh") == Activation("tanh", None, None)
    assert Activation("elu", 2).alpha == 2.0


# --- what it refuses ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["swish", "Tanh", "", None, ["tanh"]])
def test_activation__refuses_other_names(name: Any) -> None:
    with pytest.raises(ConfigurationError) as error:
        Activation(name)
    assert str(error.value) == f"activation must be one of {NAMES}, got {name!r}."


@every_name
def test_activation__refuses_parameters_that_the_function_does_not_have(name: str) -> None:
    has = parameters_of(name)
    for parameter in {"alpha", "beta"} - has.keys():
        with pytest.raises(ConfigurationError) as error:
            Activation(name, **{parameter: 0.5})
        assert str(error.value) == (
            f"activation {name!r} has no {parameter}, got 0.5. Leave it out."
        )


@pytest.mark.parametrize("value", [np.nan, np.inf, "0.2", True, [0.2]])
@pytest.mark.parametrize("parameter", ["alpha", "beta"])
def test_activation__refuses_parameters_that_are_no_finite_number(
    parameter: str, value: Any
) -> None:
    with pytest.raises(ConfigurationError) as error:
        Activation("hard_sigmoid", **{parameter: value})
    assert str(error.value) == (
        f"{parameter} of activation 'hard_sigmoid' must be a finite number, got {value!r}."
    )


def test_read_activations__takes_names_and_functions() -> None:
    functions = read_activations(["elu", Activation("relu")], ("sigmoid", "tanh"), "f and g")
    assert functions == (Activation("elu"), Activation("relu"))
    defaults = read_activations(None, ("sigmoid", "tanh"), "f and g")
    assert defaults == (Activation("sigmoid"), Activation("tanh"))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["tanh"], "1"),
        (["tanh"] * 3, "3"),
        ([], "0"),
        ("tanh", "'tanh'"),
        (Activation("tanh"), "Activation(name='tanh', alpha=None, beta=None)"),
        (3, "3"),
    ],
)
def test_read_activations__refuses_another_number_of_them(given: Any, found: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read_activations(given, ("sigmoid", "tanh"), "f of r and z, g of n")
    assert str(error.value) == (
        f"activations must be a sequence of 2, f of r and z, g of n, got {found}."
    )
