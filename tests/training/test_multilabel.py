from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.loss import softmax_cross_entropy
from fastgru.training.multilabel import Multilabel
from fastgru.training.prediction import predict_logits
from tests.gradients import TOLERANCE, central_differences
from tests.training.target_sets import assert_slope_of_whole_network, make_network, make_set

NAN = math.nan
TARGETS = np.array([[1.0, 0.0], [0.0, NAN], [1.0, 1.0], [NAN, 0.0]])
WEIGHTS = np.array([1.0, 2.0, 0.5, 1.0])
ANSWERS = np.array([[1.0, 0.5], [3.0, 2.0]])
VARIANTS = [(0.0, 0.0), (0.2, 0.0), (0.0, 2.0), (0.1, 0.5)]


@pytest.mark.parametrize(("label_smoothing", "focal_gamma"), VARIANTS)
def test_loss__is_that_of_two_classes_for_each_label(label_smoothing, focal_gamma) -> None:
    logits = 3 * np.random.default_rng(0).standard_normal((4, 2))
    objective = Multilabel(label_smoothing, focal_gamma, ANSWERS)
    loss, gradient = objective.loss(logits, TARGETS, WEIGHTS)
    known = np.argwhere(~np.isnan(TARGETS))
    pairs = np.array([[0.0, logits[b, k]] for b, k in known])
    truth = np.array([int(TARGETS[b, k]) for b, k in known])
    weights = np.array([WEIGHTS[b] * ANSWERS[int(TARGETS[b, k]), k] for b, k in known])
    slopes = np.empty_like(pairs)
    expected = softmax_cross_entropy(pairs, truth, weights, label_smoothing, focal_gamma, slopes)
    assert loss == pytest.approx(expected, rel=1e-13)
    for (b, k), (_, slope) in zip(known, slopes, strict=True):
        assert gradient[b, k] == pytest.approx(slope, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("label_smoothing", "focal_gamma"), VARIANTS)
def test_loss__has_its_slope(label_smoothing, focal_gamma) -> None:
    logits = 3 * np.random.default_rng(0).standard_normal((4, 2))
    objective = Multilabel(label_smoothing, focal_gamma, ANSWERS)
    _, gradient = objective.loss(logits, TARGETS, WEIGHTS)
    expected = central_differences(lambda: objective.loss(logits, TARGETS, WEIGHTS)[0], logits)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=10 * TOLERANCE)


@pytest.mark.parametrize("size", [800.0, -800.0, 1e30])
@pytest.mark.parametrize("focal_gamma", [0.0, 0.5, 2.0])
def test_loss__is_finite_for_logits_of_any_size(size: float, focal_gamma: float) -> None:
    logits = np.full((4, 2), size)
    loss, gradient = Multilabel(0.1, focal_gamma, ANSWERS).loss(logits, TARGETS, WEIGHTS)
    assert math.isfinite(loss)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(("label_smoothing", "focal_gamma"), VARIANTS)
def test_gradients__are_the_slope_through_the_whole_network(label_smoothing, focal_gamma) -> None:
    objective = Multilabel(label_smoothing, focal_gamma, ANSWERS)
    assert_slope_of_whole_network(objective, make_set(TARGETS, WEIGHTS))


@given(
    missing=st.lists(st.booleans(), min_size=8, max_size=8),
    logits=st.lists(st.floats(-50, 50), min_size=8, max_size=8),
    others=st.lists(st.floats(-50, 50), min_size=8, max_size=8),
)
def test_loss__knows_nothing_of_missing_labels(missing, logits, others) -> None:
    holes = np.array(missing).reshape(4, 2)
    targets = np.where(holes, NAN, np.arange(8).reshape(4, 2) % 3 == 0)
    given_logits = np.array(logits).reshape(4, 2)
    moved = np.where(holes, np.array(others).reshape(4, 2), given_logits)
    objective = Multilabel(0.1, 1.5, ANSWERS)
    loss, gradient = objective.loss(given_logits, targets, WEIGHTS)
    other_loss, other_gradient = objective.loss(moved, targets, WEIGHTS)
    assert loss == other_loss
    np.testing.assert_array_equal(gradient, other_gradient)
    assert (gradient[holes] == 0).all()


def test_validate__gives_the_plain_loss_and_the_share_that_is_right() -> None:
    network, data = make_network(2), make_set(TARGETS, WEIGHTS)
    loss, score = Multilabel(0.2, 2.0, ANSWERS).validate(network, data)
    logits = predict_logits(network, data.encoded)
    assert loss == Multilabel(0.0, 0.0, ANSWERS).loss(logits, TARGETS, WEIGHTS)[0]
    known = np.argwhere(~np.isnan(TARGETS))
    assert score == np.mean([(logits[b, k] > 0) == TARGETS[b, k] for b, k in known])


def test_validate__has_no_score_where_nothing_is_known() -> None:
    data = make_set(np.full((4, 2), NAN), WEIGHTS)
    assert math.isnan(Multilabel(0.0, 0.0, ANSWERS).validate(make_network(2), data)[1])
