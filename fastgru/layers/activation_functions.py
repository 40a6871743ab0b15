"""The activation functions of ONNX, with their derivatives.

::

    relu                max(x, 0)
    tanh, sigmoid
    affine              alpha x + beta                       alpha 1     beta 0
    leaky_relu          x where x >= 0, else alpha x         alpha 0.01
    thresholded_relu    x where x >= alpha, else 0           alpha 1
    scaled_tanh         alpha tanh(beta x)                   alpha 1     beta 1
    hard_sigmoid        min(max(alpha x + beta, 0), 1)       alpha 0.2   beta 0.5
    elu                 x where x >= 0, else alpha (e^x - 1) alpha 1
    softsign            x / (1 + |x|)
    softplus            log(1 + e^x)

as the operators GRU, LSTM and RNN of ONNX (opset 14) define them, with the default parameters of
the operators of these names; affine and scaled_tanh, which have none there, are x and tanh(x).
At a corner the derivative is that of the branch which the definition takes there.
A NaN stays a NaN in value and derivative.

Everything transcendental is taken from :func:`sigmoid` and :func:`tanh`; the rest are operations
that round alike wherever in an array a number stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

import numpy as np

from fastgru.errors import ConfigurationError
from fastgru.kernels.whole_arrays import sigmoid_of, tanh_of


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return the logistic function of each element."""
    given = np.ascontiguousarray(x)
    out = np.empty_like(given)
    sigmoid_of(given.reshape(-1), out.reshape(-1))
    return out


def tanh(x: np.ndarray) -> np.ndarray:
    """Return the hyperbolic tangent of each element."""
    given = np.ascontiguousarray(x)
    out = np.empty_like(given)
    tanh_of(given.reshape(-1), out.reshape(-1))
    return out


def _exp_minus_one(x: np.ndarray) -> np.ndarray:
    """Return e^x - 1 for x <= 0, as 2 t / (1 - t) with t = tanh(x / 2): nothing cancels."""
    t = tanh(x / 2)
    minus_one: np.ndarray = 2 * t / (1 - t)
    return minus_one


_SERIES_TERMS = 18
"""Terms of the series below: 3^-36 / 37 of the first is left out, less than float64 can tell."""


def _softplus(x: np.ndarray) -> np.ndarray:
    """Return max(x, 0) + log(1 + e^-|x|).

    With s = sigmoid(-|x|) and q = s / (2 - s) <= 1/3 the logarithm is 2 artanh(q), a series of odd
    powers of q.
    """
    s = sigmoid(-np.abs(x))
    q = s / (2 - s)
    series = np.zeros_like(q)
    for k in reversed(range(_SERIES_TERMS)):
        series = series * (q * q) + 1 / (2 * k + 1)
    value: np.ndarray = np.maximum(x, 0) + 2 * q * series
    return value


class _Formulas(NamedTuple):
    """A function by its formulas; x is an array, y the function's value there."""

    value: Callable[[np.ndarray, float, float], np.ndarray]
    slope: Callable[[np.ndarray, np.ndarray, float, float], np.ndarray | float]
    alpha: float | None = None
    beta: float | None = None


_FUNCTIONS = {
    "relu": _Formulas(lambda x, a, b: np.maximum(x, 0), lambda x, y, a, b: x > 0),
    "tanh": _Formulas(lambda x, a, b: tanh(x), lambda x, y, a, b: 1 - y * y),
    "sigmoid": _Formulas(lambda x, a, b: sigmoid(x), lambda x, y, a, b: y * (1 - y)),
    "affine": _Formulas(lambda x, a, b: a * x + b, lambda x, y, a, b: a, 1.0, 0.0),
    "leaky_relu": _Formulas(
        lambda x, a, b: np.where(x >= 0, x, a * x),
        lambda x, y, a, b: np.where(x >= 0, 1.0, a),
        0.01,
    ),
    "thresholded_relu": _Formulas(
        lambda x, a, b: np.where(x < a, 0, x), lambda x, y, a, b: x >= a, 1.0
    ),
    "scaled_tanh": _Formulas(
        lambda x, a, b: a * tanh(b * x),
        lambda x, y, a, b: a * b * (1 - tanh(b * x) ** 2),
        *(1.0, 1.0),
    ),
    "hard_sigmoid": _Formulas(
        lambda x, a, b: np.minimum(np.maximum(a * x + b, 0), 1),
        lambda x, y, a, b: np.where((y > 0) & (y < 1), a, 0.0),
        *(0.2, 0.5),
    ),
    "elu": _Formulas(
        lambda x, a, b: np.where(x >= 0, x, a * _exp_minus_one(np.minimum(x, 0))),
        lambda x, y, a, b: np.where(x >= 0, 1, y + a),
        1.0,
    ),
    "softsign": _Formulas(
        lambda x, a, b: x / (1 + np.abs(x)), lambda x, y, a, b: 1 / (1 + np.abs(x)) ** 2
    ),
    "softplus": _Formulas(lambda x, a, b: _softplus(x), lambda x, y, a, b: sigmoid(x)),
}


@dataclass(frozen=True)
class Activation:
    """An activation function of a recurrent cell, one of ONNX's eleven.

    Parameters
    ----------
    name
        ``"relu"``, ``"tanh"``, ``"sigmoid"``, ``"affine"`` (alpha x + beta), ``"leaky_relu"``
        (slope alpha below 0), ``"thresholded_relu"`` (x from alpha on), ``"scaled_tanh"`` (alpha
        tanh(beta x)), ``"hard_sigmoid"`` (alpha x + beta between 0 and 1), ``"elu"``,
        ``"softsign"`` or ``"softplus"``.
    alpha, beta
        Parameters of those functions that have them, finite; None for ONNX's defaults: alpha 1,
        but 0.01 of leaky_relu and 0.2 of hard_sigmoid; beta 0 of affine, 1 of scaled_tanh, 0.5 of
        hard_sigmoid.  Keras 2's hard sigmoid is that, Keras 3's and PyTorch's has alpha 1/6.

    Raises
    ------
    ConfigurationError
        For an unknown name, or a parameter that the function does not have or that is no finite
        number.
    """

    name: str
    alpha: float | None = None
    beta: float | None = None

    def __post_init__(self) -> None:
        if self.name not in list(_FUNCTIONS):
            raise ConfigurationError(
                f"activation must be one of {sorted(_FUNCTIONS)}, got {self.name!r}."
            )
        for parameter in ("alpha", "beta"):
            given = getattr(self, parameter)
            default = getattr(_FUNCTIONS[self.name], parameter)
            object.__setattr__(self, parameter, self._checked(parameter, given, default))

    def _checked(self, parameter: str, given: object, default: float | None) -> float | None:
        if given is None:
            return default
        if default is None:
            raise ConfigurationError(
                f"activation {self.name!r} has no {parameter}, got {given!r}. Leave it out."
            )
        if isinstance(given, bool) or not isinstance(given, Real) or not math.isfinite(given):
            raise ConfigurationError(
                f"{parameter} of activation {self.name!r} must be a finite number, got {given!r}."
            )
        return float(given)

    def value(self, x: np.ndarray) -> np.ndarray:
        """Return the function of each element, in the type of ``x``.

        Parameters
        ----------
        x
            float, any shape.
        """
        value = _FUNCTIONS[self.name].value(x, self.alpha or 0.0, self.beta or 0.0)
        return value.astype(x.dtype, copy=False)

    def slope(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the derivative at each element of ``x``, in its type.

        Parameters
        ----------
        x
            float, any shape.
        y
            The function's value there, from which some derivatives follow.
        """
        slope = _FUNCTIONS[self.name].slope(x, y, self.alpha or 0.0, self.beta or 0.0)
        return np.where(np.isnan(x), x, slope).astype(x.dtype, copy=False)


@dataclass(frozen=True)
class Clipped:
    """A function of its argument kept within [-limit, limit]; None for no limit."""

    function: Activation
    limit: float | None

    def value(self, x: np.ndarray) -> np.ndarray:
        """Return the function of each element."""
        return self.function.value(self._kept(x))

    def slope(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the derivative; zero where the limit holds the argument back."""
        slope = self.function.slope(self._kept(x), y)
        return slope if self.limit is None else np.where(np.abs(x) > self.limit, 0, slope)

    def _kept(self, x: np.ndarray) -> np.ndarray:
        return x if self.limit is None else np.clip(x, -self.limit, self.limit)


def read_activations(
    given: object, defaults: tuple[str, ...], roles: str
) -> tuple[Activation, ...]:
    """Return the functions of a cell.

    Parameters
    ----------
    given
        A sequence of names and of :class:`Activation`, in ONNX's order; None for ``defaults``.
    defaults
    roles
        What each is for, as messages say it.

    Raises
    ------
    ConfigurationError
        If there are more or fewer than ``defaults``, or one is no activation.
    """
    if given is None:
        given = defaults
    wanted = f"activations must be a sequence of {len(defaults)}, {roles}"
    if isinstance(given, str | Activation) or not isinstance(given, Iterable):
        raise ConfigurationError(f"{wanted}, got {given!r}.")
    functions = tuple(one if isinstance(one, Activation) else Activation(one) for one in given)
    if len(functions) != len(defaults):
        raise ConfigurationError(f"{wanted}, got {len(functions)}.")
    return functions
