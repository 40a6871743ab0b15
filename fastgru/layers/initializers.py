"""Initial weights."""

from __future__ import annotations

from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController


def glorot_uniform(rng: np.random.Generator, fan_out: int, fan_in: int) -> np.ndarray:
    """Return float64 (fan_out, fan_in), uniform in +-sqrt(6 / (fan_in + fan_out)).

    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", equation 16.
    """
    bound = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_out, fan_in))


def he_uniform(rng: np.random.Generator, fan_out: int, fan_in: int) -> np.ndarray:
    """Return float64 (fan_out, fan_in), uniform in +-sqrt(6 / fan_in): for a rectifier to follow.

    He et al. 2015, "Delving deep into rectifiers", arXiv 1502.01852, equation 10.
    """
    bound = np.sqrt(6.0 / fan_in)
    return rng.uniform(-bound, bound, (fan_out, fan_in))


def orthogonal(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a random orthogonal float64 matrix (size, size), uniformly distributed.

    The QR factor of a normal matrix with the signs of R's diagonal moved to Q (Mezzadri 2007,
    arXiv math-ph/0609050, section 5).  On one thread, so that the same seed gives the same bits
    whatever number of CPUs the linear algebra library sees.
    """
    with _linear_algebra().limit(limits=1, user_api="blas"):
        q, r = np.linalg.qr(rng.standard_normal((size, size)))
    return q * np.sign(np.diag(r))


@cache
def _linear_algebra() -> ThreadpoolController:
    """Look for NumPy's libraries once: it takes far longer than to draw a small matrix."""
    return ThreadpoolController()
