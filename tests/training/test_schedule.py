from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.training.schedule import cosine_with_warmup


def factors(total: int, warmup: float) -> np.ndarray:
    return np.array([cosine_with_warmup(step, total, warmup) for step in range(1, total + 1)])


@given(total=st.integers(1, 500), warmup=st.floats(0, 1))
def test_cosine_with_warmup__rises_then_falls(total: int, warmup: float) -> None:
    rate = factors(total, warmup)
    assert rate.min() > 0
    assert rate.max() <= 1
    n_rising = int(np.ceil(warmup * total)) - 1  # steps before the warm-up is over
    assert (np.diff(rate[: max(n_rising, 0)]) > 0).all()
    assert (np.diff(rate[max(n_rising, 0) + 1 :]) <= 0).all()


def test_cosine_with_warmup__has_its_shape() -> None:
    rate = factors(1000, 0.1)
    assert rate[:100] == pytest.approx(np.arange(1, 101) / 100)
    assert rate[99] == rate[100] == 1
    assert rate[100 + 450] == pytest.approx(0.5)
    assert rate[-1] == pytest.approx(0, abs=1e-5)


def test_cosine_with_warmup__is_half_a_cosine_without_one() -> None:
    assert factors(4, 0.0) == pytest.approx(0.5 + 0.5 * np.cos(np.pi * np.arange(4) / 4))


def test_cosine_with_warmup__has_a_single_step_at_full_rate() -> None:
    # with a rate of zero, training for one step would do nothing, and say nothing
    assert factors(1, 0.0).tolist() == factors(1, 0.1).tolist() == [1]
