from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from fastgru.evaluation.thresholds import SCORES, choose_thresholds, score_threshold

NAMES = ["youden", "f1", "mcc", "fpr_0.01", "fpr_0.05", "precision_0.9"]


def by_name(true, proba, **options):
    return {row["name"]: row for row in choose_thresholds(true, proba, **options)}


@st.composite
def problems(draw):
    """Truth with both classes, and probabilities with ties and with neighbours."""
    n = draw(st.integers(2, 60))
    true = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    true[:2] = [True, False]
    steps = draw(st.sampled_from([3, 20, 10**6]))
    proba = [draw(st.integers(1, steps - 1)) / steps for _ in range(n)]
    return np.array(true), np.array(proba)


def all_scores(true, proba):
    """The scores of every threshold that calls something positive."""
    return [score_threshold(true, proba, value) for value in np.unique(proba)]


@given(problems())
def test_choose_thresholds__are_the_best_of_all(problem):
    true, proba = problem
    rows, every = by_name(true, proba), all_scores(true, proba)
    assert list(rows) == NAMES
    for row in rows.values():
        if row["threshold"] is not None:
            assert 0 < row["threshold"] < 1
            assert score_threshold(true, proba, row["threshold"]) == pytest.approx(
                {name: row[name] for name in SCORES}
            )
    best = max(scores["sensitivity"] + scores["specificity"] for scores in every)
    found = rows["youden"]
    if found["threshold"] is not None:
        assert found["sensitivity"] + found["specificity"] == pytest.approx(best)
        assert rows["f1"]["f1"] == pytest.approx(max(scores["f1"] for scores in every))
        assert rows["mcc"]["mcc"] == pytest.approx(max(scores["mcc"] for scores in every))


@given(problems())
def test_choose_thresholds__keep_their_limits(problem):
    true, proba = problem
    rows, every = by_name(true, proba, precision=0.75), all_scores(true, proba)
    n_negative = int((~true).sum())
    for name, rate in (("fpr_0.01", 0.01), ("fpr_0.05", 0.05)):
        n_allowed = math.floor(rate * n_negative + 1e-9)
        sensitivities = [
            scores["sensitivity"]
            for scores in every
            if round((1 - scores["specificity"]) * n_negative) <= n_allowed
        ]
        assert (rows[name]["sensitivity"] or 0) == pytest.approx(max([0, *sensitivities]))
        if rows[name]["threshold"] is None:
            assert rows[name]["reason"].startswith("no positive sequence is found at a false-pos")
    precise = [scores["sensitivity"] for scores in every if scores["precision"] >= 0.75]
    assert (rows["precision_0.75"]["sensitivity"] or 0) == pytest.approx(max([0, *precise]))


def test_choose_thresholds__count_one_of_a_hundred_as_one_percent():
    true = np.array([True] * 10 + [False] * 100)
    proba = np.array([0.9] * 5 + [0.4] * 5 + [0.6] + [0.1] * 99)
    rows = by_name(true, proba)
    assert rows["fpr_0.01"]["sensitivity"] == 1.0
    assert rows["fpr_0.01"]["threshold"] == pytest.approx(0.25)
    assert rows["precision_0.9"]["precision"] == pytest.approx(10 / 11)


def test_choose_thresholds__lie_between_the_probabilities():
    rows = by_name([True, True, False, False], [0.9, 0.8, 0.4, 0.1])
    for name in NAMES:
        assert rows[name]["threshold"] == pytest.approx(0.6)
        assert [rows[name][score] for score in SCORES] == [1, 1, 1, 1, 1]
        assert rows[name]["reason"] is None


def test_choose_thresholds__say_what_cannot_be_reached():
    rows = by_name([False, True, True], [0.9, 0.5, 0.2])
    assert rows["fpr_0.05"]["threshold"] is None
    assert rows["fpr_0.05"]["sensitivity"] is None
    expected = "no positive sequence is found at a false-positive rate of 0.05"
    assert rows["fpr_0.05"]["reason"] == expected
    assert rows["precision_0.9"]["reason"] == "no threshold has a precision of 0.9"
    assert rows["f1"]["threshold"] == pytest.approx(0.1)


@pytest.mark.parametrize(("is_positive", "missing"), [(True, "negative"), (False, "positive")])
def test_choose_thresholds__need_both_classes(is_positive, missing):
    rows = choose_thresholds([is_positive] * 3, [0.1, 0.2, 0.3])
    assert [row["name"] for row in rows] == NAMES
    assert {row["reason"] for row in rows} == {f"there is no {missing} sequence"}
    assert {row["threshold"] for row in rows} == {None}


def test_choose_thresholds__are_apart_from_zero_and_one():
    tiny = np.nextafter(0, 1)
    rows = by_name([True, False, True, False], [1.0, 0.0, tiny, 0.0])
    assert rows["youden"]["threshold"] == tiny
    rows = by_name([True, False], [1.0, np.nextafter(1, 0)])
    assert rows["fpr_0.01"]["threshold"] is None


@given(problems(), st.floats(0.01, 0.99))
def test_score_threshold__equals_scikit_learn(problem, threshold):
    true, proba = problem
    called = proba >= threshold
    actual = score_threshold(true, proba, threshold)
    assert actual["sensitivity"] == pytest.approx(sklearn.metrics.recall_score(true, called))
    assert actual["specificity"] == pytest.approx(sklearn.metrics.recall_score(~true, ~called))
    assert actual["f1"] == pytest.approx(sklearn.metrics.f1_score(true, called))
    assert actual["mcc"] == pytest.approx(sklearn.metrics.matthews_corrcoef(true, called))
    if called.any():
        expected = sklearn.metrics.precision_score(true, called)
        assert actual["precision"] == pytest.approx(expected)
    else:
        assert actual["precision"] is None


def test_score_threshold__leaves_out_what_is_not_defined():
    actual = score_threshold([True, True], [0.2, 0.9], 0.5)
    assert (actual["sensitivity"], actual["specificity"], actual["mcc"]) == (0.5, None, None)
    actual = score_threshold([False, False], [0.2, 0.9], 0.5)
    assert (actual["sensitivity"], actual["specificity"], actual["f1"]) == (None, 0.5, None)
