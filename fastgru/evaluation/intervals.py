"""Confidence intervals of proportions."""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["wilson_interval"]


def wilson_interval(
    successes: int, trials: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion.

    Unlike the textbook interval ``p +- 1.96 sqrt(p (1 - p) / n)`` it stays inside [0, 1] and does
    not shrink to nothing when every answer is right.

    Parameters
    ----------
    successes
        Number of successes, ``0 <= successes <= trials``.
    trials
        Number of trials, >= 1.
    confidence
        Coverage of the interval, in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end, each in [0, 1].

    Raises
    ------
    ValueError
        If a number is outside its range.

    Notes
    -----
    E. B. Wilson (1927), Journal of the American Statistical Association 22, 209-212,
    doi:10.1080/01621459.1927.10502953.  With ``p = successes / n`` and ``z`` the normal quantile::

        (p + z^2/2n  +-  z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n)

    Examples
    --------
    >>> low, high = wilson_interval(95, 100)
    >>> round(low, 3), round(high, 3)
    (0.888, 0.978)
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(
            f"successes must lie between 0 and trials, and trials must be at least 1, "
            f"got {successes} of {trials}."
        )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}.")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = successes / trials
    centre = p + z * z / (2 * trials)
    half_width = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - half_width) / scale), min(1.0, (centre + half_width) / scale)
