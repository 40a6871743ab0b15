"""The learning rate as a function of the step."""

from __future__ import annotations

import math


def cosine_with_warmup(step: int, total_steps: int, warmup_fraction: float) -> float:
    """Return the factor of the learning rate: a linear rise, then half a cosine towards zero.

    Loshchilov and Hutter 2017, arXiv 1608.03983, equation 5, for one period, with the linear
    warm-up of Goyal et al. 2017, arXiv 1706.02677, section 2.2.  Zero would be reached one step
    after the last, so that no step is without effect.

    Parameters
    ----------
    step
        From 1 to ``total_steps``.
    total_steps
        At least 1.
    warmup_fraction
        Share of the steps, in [0, 1], over which the rate rises.

    Returns
    -------
    float
        Above 0, at most 1.
    """
    warmup_steps = warmup_fraction * total_steps
    if step < warmup_steps:
        return step / warmup_steps
    done = max(step - 1 - warmup_steps, 0.0) / max(total_steps - warmup_steps, 1.0)
    return 0.5 * (1.0 + math.cos(math.pi * done))
