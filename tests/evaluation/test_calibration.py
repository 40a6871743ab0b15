from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from fastgru.evaluation.calibration import (
    N_BINS,
    brier_score,
    calibration_scores,
    expected_calibration_error,
    fit_temperature,
    mean_log_loss,
    reliability_bins,
    rescale,
    scaled_softmax,
)


def make_problem(seed, n_classes=3, n=300, sharpness=1.0):
    """Logits whose softmax at ``sharpness`` is the chance of each class, and classes drawn so."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(n, n_classes))
    chances = scaled_softmax(logits, 1 / sharpness)
    targets = np.array([rng.choice(n_classes, p=row) for row in chances])
    return logits, targets


def literal_objective(logits, targets, weights, temperature):
    """The sum that is minimised, letter by letter."""
    total, mean = 0.0, sum(weights) / len(weights)
    for row, target, weight in zip(logits, targets, weights, strict=True):
        exponentials = [math.exp(z / temperature) for z in row]
        total -= weight / mean * math.log(exponentials[target] / sum(exponentials))
    return total + 1 / temperature - 1 + math.log(temperature)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_fit_temperature__minimises_the_literal_objective(n_classes):
    logits, targets = make_problem(1, n_classes, n=60, sharpness=0.4)
    weights = np.random.default_rng(2).uniform(0.5, 3, 60)
    fitted = fit_temperature(logits, targets, weights)
    grid = np.geomspace(0.2, 20, 4001)
    values = [literal_objective(logits, targets, weights, value) for value in grid]
    assert fitted == pytest.approx(grid[int(np.argmin(values))], rel=2e-3)


@pytest.mark.parametrize("sharpness", [0.25, 0.5, 1.0, 2.0])
def test_fit_temperature__finds_the_one_that_was_planted(sharpness):
    logits, targets = make_problem(3, n_classes=2, n=20_000, sharpness=sharpness)
    assert fit_temperature(logits, targets) == pytest.approx(1 / sharpness, rel=0.06)


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 5), st.floats(-3, 3))
def test_fit_temperature__never_raises_the_log_loss(seed, n, n_classes, scale):
    rng = np.random.default_rng(seed)
    logits = 10**scale * rng.normal(size=(n, n_classes))
    targets = rng.integers(n_classes, size=n)
    weights = rng.uniform(0.1, 5, n)
    temperature = fit_temperature(logits, targets, weights)
    assert 0 < temperature < math.inf
    before, after = (
        mean_log_loss(scaled_softmax(logits, value), targets, weights)
        for value in (1.0, temperature)
    )
    assert after <= before * (1 + 1e-9)


@given(st.integers(0, 10_000))
def test_temperature__changes_no_label_and_no_ranking(seed):
    logits, targets = make_problem(seed, n_classes=2, n=50)
    before = scaled_softmax(logits, 1.0)
    after = scaled_softmax(logits, fit_temperature(logits, targets))
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    if 0 < targets.sum() < 50:
        areas = [sklearn.metrics.roc_auc_score(targets, p[:, 1]) for p in (before, after)]
        assert areas[0] == pytest.approx(areas[1], abs=1e-12)


def test_fit_temperature__is_not_driven_to_zero_by_a_few_right_answers():
    logits = [[1.0, 0.0], [0.0, 1.0], [1.5, 0.0]]
    assert 0.3 < fit_temperature(logits, [0, 1, 0]) < 1


def test_fit_temperature__leaves_logits_that_say_nothing_alone():
    assert fit_temperature(np.zeros((5, 2)), [0, 1, 1, 0, 1]) == pytest.approx(1, abs=1e-9)


def test_fit_temperature__does_not_depend_on_the_scale_of_weights():
    logits, targets = make_problem(5)
    weights = np.random.default_rng(5).uniform(1, 2, 300)
    expected = fit_temperature(logits, targets, weights)
    assert fit_temperature(logits, targets, 1000 * weights) == pytest.approx(expected, rel=1e-9)


@given(st.integers(0, 1000), st.integers(2, 6), st.floats(0.1, 10))
def test_rescale__of_probabilities_is_the_softmax_of_scaled_logits(seed, n_classes, temperature):
    logits = np.random.default_rng(seed).normal(size=(9, n_classes))
    scaled = rescale(scaled_softmax(logits, 1.0), temperature)
    np.testing.assert_allclose(scaled, scaled_softmax(logits, temperature), rtol=1e-9)
    np.testing.assert_allclose(rescale(scaled, 1 / temperature), scaled_softmax(logits, 1.0))


def test_rescale__takes_zeros_and_no_rows():
    np.testing.assert_allclose(rescale([[1.0, 0.0]], 2.0), [[1.0, 0.0]], atol=1e-100)
    assert rescale(np.empty((0, 3)), 2.0).shape == (0, 3)


def test_brier_score__is_that_of_hand():
    proba = [[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]]
    first = 0.3**2 + 0.2**2 + 0.1**2
    second = 0.5**2 + 0.75**2 + 0.25**2
    assert brier_score(proba, [0, 1]) == pytest.approx((first + second) / 2)
    assert brier_score(proba, [0, 1], [3, 1]) == pytest.approx((3 * first + second) / 4)


@given(st.integers(0, 1000))
def test_brier_score__of_two_classes_is_twice_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    positive, true = rng.random(40), rng.integers(2, size=40)
    expected = 2 * sklearn.metrics.brier_score_loss(true, positive, pos_label=1)
    assert brier_score(np.column_stack([1 - positive, positive]), true) == pytest.approx(expected)


def test_reliability_bins__hold_each_prediction_once():
    proba = [[0.95, 0.05], [0.94, 0.06], [0.4, 0.6], [0.5, 0.5], [1.0, 0.0]]
    bins = reliability_bins(proba, [0, 1, 1, 0, 0])
    assert len(bins) == N_BINS
    filled = {number: row["n"] for number, row in enumerate(bins) if row["n"]}
    # 0.5 lies above 7/15 and not above 8/15; 0.6 is the upper end of its bin; 1 is in the last
    assert filled == {7: 1, 8: 1, 14: 3}
    assert bins[14]["accuracy"] == pytest.approx(2 / 3)
    assert bins[14]["confidence"] == pytest.approx((0.95 + 0.94 + 1) / 3)
    assert (bins[0]["confidence"], bins[0]["accuracy"]) == (None, None)
    assert (bins[0]["low"], bins[14]["high"]) == (0, 1)


@given(st.integers(0, 1000), st.integers(2, 5), st.booleans())
def test_expected_calibration_error__equals_the_literal_sum(seed, n_classes, weighted):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(n_classes), size=70)
    true = rng.integers(n_classes, size=70)
    weights = rng.uniform(0.2, 3, 70) if weighted else np.ones(70)
    expected = 0.0
    for m in range(1, 16):
        inside = [i for i in range(70) if (m - 1) / 15 < proba[i].max() <= m / 15]
        if inside:
            total = sum(weights[i] for i in inside)
            right = sum(weights[i] for i in inside if proba[i].argmax() == true[i]) / total
            sure = sum(weights[i] * proba[i].max() for i in inside) / total
            expected += total / weights.sum() * abs(right - sure)
    bins = reliability_bins(proba, true, weights if weighted else None)
    assert expected_calibration_error(bins) == pytest.approx(expected)
    assert sum(row["share"] for row in bins) == pytest.approx(1)


def test_calibration_scores__improve_on_logits_that_are_too_sure():
    logits, targets = make_problem(7, n=4000, sharpness=0.3)
    temperature = fit_temperature(logits[:2000], targets[:2000])
    before, after = (
        calibration_scores(scaled_softmax(logits[2000:], value), targets[2000:])
        for value in (1.0, temperature)
    )
    assert after["ece"] < 0.05 < 0.2 < before["ece"]
    assert after["log_loss"] < before["log_loss"]
    assert after["brier"] < before["brier"]


def test_mean_log_loss__equals_scikit_learn():
    logits, targets = make_problem(8)
    proba = scaled_softmax(logits, 1.0)
    assert mean_log_loss(proba, targets) == pytest.approx(sklearn.metrics.log_loss(targets, proba))
