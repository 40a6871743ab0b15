from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fastgru.evaluation.comparison import (
    bootstrap_differences,
    corrected_t_test,
    holm,
    mcnemar_p,
    score_of,
)
from fastgru.evaluation.predictions import ScoredPredictions
from tests.evaluation.scored import make_predictions, repeat

NAMES = ("accuracy", "mcc", "roc_auc")


def right_and_wrong(right: list[bool]) -> ScoredPredictions:
    """Predictions for records whose class is 0 and 1 in turns."""
    true = np.arange(len(right)) % 2
    predicted = np.where(right, true, 1 - true)
    return ScoredPredictions(["a", "b"], true, predicted, np.eye(2)[predicted])


def test_bootstrap_differences__sees_a_better_classifier() -> None:
    strong = make_predictions(1, n_records=300, skill=2.5)
    weak = make_predictions(1, n_records=300, skill=0.5)
    found = bootstrap_differences(strong, weak, NAMES)
    assert list(found) == list(NAMES)
    for name, difference in found.items():
        expected = score_of(strong, name) - score_of(weak, name)
        assert difference.value == pytest.approx(expected)
        assert 0 < difference.low < difference.value < difference.high
        assert difference.p == pytest.approx(2 / 1001)
    for name, difference in bootstrap_differences(weak, strong, NAMES).items():
        assert difference.value == -found[name].value
        assert (difference.low, difference.high) == pytest.approx(
            (-found[name].high, -found[name].low)
        )
        assert difference.p == found[name].p


def test_bootstrap_differences__of_a_classifier_with_itself_is_none() -> None:
    same = make_predictions(2)
    for difference in bootstrap_differences(same, same, NAMES, n_resamples=50).values():
        assert difference == type(difference)(0.0, 0.0, 0.0, 1.0)


def test_bootstrap_differences__finds_too_much_no_more_often_than_it_says() -> None:
    # Two classifiers of equal skill: p below 0.05 in 15 of 300 cases, give or take 4.
    found = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        a, b = (right_and_wrong(list(rng.random(100) < 0.7)) for _ in range(2))
        p = bootstrap_differences(a, b, ["accuracy"], n_resamples=200, seed=seed)["accuracy"].p
        found += p < 0.05
    assert 3 <= found <= 28


def test_bootstrap_differences__over_groups_is_less_sure() -> None:
    a, b = (make_predictions(3, n_records=40, skill=skill) for skill in (2.0, 1.0))
    many_a, many_b = (repeat(single, np.full(40, 10)) for single in (a, b))
    groups = [str(number // 10) for number in range(400)]
    by_record = bootstrap_differences(many_a, many_b, ["accuracy"])["accuracy"]
    by_group = bootstrap_differences(many_a, many_b, ["accuracy"], groups=groups)["accuracy"]
    assert by_group.high - by_group.low > 2 * (by_record.high - by_record.low)
    one = bootstrap_differences(many_a, many_b, ["accuracy"], groups=["g"] * 400)["accuracy"]
    assert one.value == by_record.value
    assert math.isnan(one.low)
    assert math.isnan(one.p)


def test_bootstrap_differences__refuses_other_records() -> None:
    with pytest.raises(ValueError, match="same records in the same order"):
        bootstrap_differences(make_predictions(1), make_predictions(2), NAMES)


def test_mcnemar_p__is_the_binomial_test_of_the_records_that_differ() -> None:
    a = right_and_wrong([True] * 9 + [False] * 2 + [True] * 20)
    b = right_and_wrong([False] * 9 + [True] * 2 + [True] * 20)
    # twice the ways to choose none, one or two of eleven
    assert mcnemar_p(a, b) == mcnemar_p(b, a) == pytest.approx(2 * (1 + 11 + 55) / 2**11)
    assert mcnemar_p(a, a) == 1


@given(st.integers(0, 1000), st.integers(1, 80))
def test_mcnemar_p__agrees_with_scipy(seed: int, n_records: int) -> None:
    right = np.random.default_rng(seed).random((2, n_records)) < 0.6
    a, b = (right_and_wrong(list(row)) for row in right)
    n_a, n_b = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    expected = stats.binomtest(n_a, n_a + n_b).pvalue if n_a + n_b else 1.0
    assert mcnemar_p(a, b) == pytest.approx(expected)


def test_corrected_t_test__hand_computed() -> None:
    # mean 0.02, variance 0.0002 (ddof 1 of 0.01, 0.03, 0.01, 0.04, 0.01)
    differences = [0.01, 0.03, 0.01, 0.04, 0.01]
    found = corrected_t_test(differences, n_train=80, n_test=20)
    error = math.sqrt((1 / 5 + 20 / 80) * 0.0002)
    assert found.value == pytest.approx(0.02)
    assert found.p == pytest.approx(2 * stats.t.sf(0.02 / error, 4))
    assert found.high - found.value == pytest.approx(2.776445 * error, rel=1e-6)
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_corrected_t_test__without_a_test_set_is_the_plain_one() -> None:
    differences = [0.1, -0.05, 0.2, 0.08]
    found = corrected_t_test(differences, n_train=1, n_test=0)
    assert found.p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)


def test_corrected_t_test__knows_what_it_cannot_judge() -> None:
    equal = corrected_t_test([0.0, 0.0, 0.0], n_train=8, n_test=2)
    assert (equal.value, equal.p) == (0, 1)
    constant = corrected_t_test([0.1, 0.1, 0.1], n_train=8, n_test=2)
    assert constant.value == pytest.approx(0.1)
    assert math.isnan(constant.p)
    undefined = corrected_t_test([0.1, math.nan], n_train=8, n_test=2)
    assert math.isnan(undefined.value)
    assert math.isnan(undefined.p)
    with pytest.raises(ValueError, match="at least 2 folds, got 1"):
        corrected_t_test([0.1], n_train=8, n_test=2)


def test_holm__hand_computed() -> None:
    # sorted 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1, each at least the one before
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.5]), [1, 1])


def test_holm__leaves_unknown_values_out_of_the_count() -> None:
    np.testing.assert_allclose(holm([math.nan, 0.02, 0.03]), [math.nan, 0.04, 0.04])
    assert holm([]).shape == (0,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm__never_lowers_and_is_no_harsher_than_bonferroni(values: list[float]) -> None:
    corrected = holm(values)
    assert (corrected >= np.array(values)).all()
    assert (corrected <= np.minimum(1, len(values) * np.array(values))).all()
    order = np.argsort(values)
    assert (np.diff(corrected[order]) >= 0).all()
