from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from fastgru.evaluation import classification_metrics
from fastgru.evaluation.predictions import ScoredPredictions
from fastgru.evaluation.weighted_scores import (
    CLASS_SCORES,
    SCORES,
    scores_of,
    weighted_scores,
)
from tests.evaluation.scored import make_predictions, repeat


def by_scikit_learn(predictions: ScoredPredictions) -> dict:
    names = predictions.classes
    true = [names[k] for k in predictions.true]
    predicted = [names[k] for k in predictions.predicted]
    return classification_metrics(true, predicted, predictions.proba, names)


def assert_same(actual: float, expected: float | None) -> None:
    if expected is None:
        assert math.isnan(actual)
    else:
        assert actual == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(st.integers(0, 1000), st.integers(2, 4), st.integers(1, 40))
def test_weighted_scores__are_those_of_repeated_records(
    seed: int, n_classes: int, n_records: int
) -> None:
    predictions = make_predictions(seed, n_classes=n_classes, n_records=n_records)
    weights = np.random.default_rng(seed).integers(0, 3, (3, n_records)).astype(float)
    weights[:, 0] += 1  # no row without a record
    scores = weighted_scores(predictions, weights)
    for row, times in enumerate(weights):
        expected = by_scikit_learn(repeat(predictions, times))
        for name in SCORES:
            assert_same(scores.overall[name][row], expected[name])
        for k, label in enumerate(predictions.classes):
            for name in CLASS_SCORES:
                assert_same(scores.by_class[name][row, k], expected["per_class"][label][name])


def test_weighted_scores__hand_computed() -> None:
    # Two positives and two negatives; the last record counts three times.
    proba = np.array([[0.9, 0.1], [0.4, 0.6], [0.4, 0.6], [0.2, 0.8]])
    predictions = ScoredPredictions(
        ["no", "yes"], np.array([0, 1, 0, 1]), proba.argmax(axis=1), proba
    )
    scores = weighted_scores(predictions, np.array([[1.0, 1, 1, 3]])).overall
    assert scores["accuracy"][0] == 5 / 6
    # 4 positives, 2 negatives: three positives above both, one above one and level with the other
    assert scores["roc_auc"][0] == (3 * 2 + 1.5) / 8
    # precision 1 at recall 3/4, then 4/5 at 1
    assert scores["pr_auc"][0] == pytest.approx(3 / 4 + 4 / 5 / 4)
    # (c s - sum p t) / sqrt((s^2 - sum p^2)(s^2 - sum t^2)), p = (1, 5), t = (2, 4)
    expected = (5 * 6 - (1 * 2 + 5 * 4)) / math.sqrt((36 - 26) * (36 - 20))
    assert scores["mcc"][0] == pytest.approx(expected)


def test_weighted_scores__are_undefined_without_a_second_class() -> None:
    predictions = make_predictions(1, n_records=30)
    only_first = (predictions.true == 0).astype(float)[None]
    scores = weighted_scores(predictions, only_first)
    undefined = [name for name in SCORES if np.isnan(scores.overall[name][0])]
    assert undefined == ["mcc", "roc_auc", "pr_auc"]
    assert np.isnan(scores.by_class["recall"][0]).tolist() == [False, True]


def test_weighted_scores__do_not_depend_on_the_threads() -> None:
    predictions = make_predictions(2, n_classes=3, n_records=500)
    weights = np.random.default_rng(0).integers(0, 5, (300, 500)).astype(float)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            found.append(weighted_scores(predictions, weights).overall)
    for name in SCORES:
        np.testing.assert_array_equal(found[0][name], found[1][name])


def test_scores_of__counts_each_record_once_or_by_its_weight() -> None:
    predictions = make_predictions(3)
    expected = by_scikit_learn(predictions)
    assert scores_of(predictions) == pytest.approx({name: expected[name] for name in SCORES})
    weights = np.arange(60.0) % 3
    expected = by_scikit_learn(repeat(predictions, weights))
    found = scores_of(predictions, weights)
    assert found == pytest.approx({name: expected[name] for name in SCORES})


def test_scores_of__has_none_for_what_is_undefined() -> None:
    predictions = make_predictions(3)
    of_one_class = scores_of(predictions, (predictions.true == 0).astype(float))
    assert of_one_class["roc_auc"] is None
    assert of_one_class["accuracy"] is not None
