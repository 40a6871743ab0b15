from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.evaluation import wilson_interval


def test_wilson_interval__equals_published_values():
    # R. G. Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
    for successes, trials, expected in [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ]:
        actual = wilson_interval(successes, trials)
        assert actual == pytest.approx(expected, abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval__holds_the_proportion_and_stays_a_probability(counts):
    successes, trials = counts
    low, high = wilson_interval(successes, trials)
    assert 0 <= low <= high <= 1
    assert low - 1e-12 <= successes / trials <= high + 1e-12


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_wilson_interval__is_symmetric_and_narrows_with_more_trials(wrong, right):
    low, high = wilson_interval(right, right + wrong)
    mirrored = wilson_interval(wrong, right + wrong)
    assert mirrored == pytest.approx((1 - high, 1 - low))
    more = wilson_interval(10 * right, 10 * (right + wrong))
    assert more[1] - more[0] < high - low


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_wilson_interval__refuses_impossible_counts(successes, trials):
    with pytest.raises(ValueError, match=f"got {successes} of {trials}"):
        wilson_interval(successes, trials)


def test_wilson_interval__refuses_impossible_confidence():
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.0"):
        wilson_interval(1, 2, confidence=1.0)
