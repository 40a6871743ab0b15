"""Layer normalisation (Ba, Kiros and Hinton 2016, arXiv 1607.06450, section 3).

::

    v^ = (v - mean(v)) / s,   s = sqrt(mean((v - mean(v))^2) + epsilon)
    dv = (d - mean(d) - v^ mean(d v^)) / s                                 for a gradient d of v^

Means are over the last axis, one gate's H units of one sequence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

EPSILON = 1e-5
"""Added to the variance; PyTorch's."""


class Normalised(NamedTuple):
    """Normalised values v^ (..., H), and 1 / s (..., 1)."""

    values: np.ndarray
    inverse_deviation: np.ndarray


def normalise(v: np.ndarray) -> Normalised:
    """Return ``v`` (..., H) with mean 0 and variance 1 along its last axis."""
    centred = v - _mean(v)
    inverse_deviation = 1 / np.sqrt(_mean(centred * centred) + EPSILON)
    return Normalised(centred * inverse_deviation, inverse_deviation)


def normalise_gradient(d: np.ndarray, normalised: Normalised) -> np.ndarray:
    """Return the gradient of ``v``, given that of the normalised values."""
    v_hat, inverse_deviation = normalised
    dv: np.ndarray = inverse_deviation * (d - _mean(d) - v_hat * _mean(d * v_hat))
    return dv


def _mean(v: np.ndarray) -> np.ndarray:
    """Return the mean along the last axis, kept.  Contiguous rows are each summed alike."""
    mean: np.ndarray = np.ascontiguousarray(v).mean(axis=-1, keepdims=True)
    return mean
