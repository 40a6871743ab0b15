from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from fastgru.training.prediction import predict_logits
from fastgru.training.regression import Regression
from tests.gradients import TOLERANCE, central_differences
from tests.training.target_sets import assert_slope_of_whole_network, make_network, make_set

NAN = math.nan
TARGETS = np.array([[1.0, -200.0], [3.0, NAN], [2.0, 500.0], [NAN, 100.0]])
WEIGHTS = np.array([1.0, 2.0, 0.5, 1.0])


@pytest.fixture
def objective() -> Regression:
    return Regression.of(2).for_training(make_set(TARGETS, WEIGHTS))


def test_for_training__standardises_as_scikit_learn(objective: Regression) -> None:
    for k in range(2):
        known = ~np.isnan(TARGETS[:, k])
        scaler = StandardScaler().fit(TARGETS[known, k : k + 1], sample_weight=WEIGHTS[known])
        assert objective.mean[k] == pytest.approx(scaler.mean_[0], rel=1e-14)
        assert objective.deviation[k] == pytest.approx(scaler.scale_[0], rel=1e-14)


@pytest.mark.parametrize("value", [0.1, 0.0, 1e12 + 0.1, -7.0])
def test_for_training__leaves_what_does_not_vary_as_it_is(value: float) -> None:
    targets = np.array([[value, NAN]] * 4)
    objective = Regression.of(2).for_training(make_set(targets, WEIGHTS))
    np.testing.assert_allclose(objective.mean, [value, 0.0], rtol=1e-15)
    np.testing.assert_array_equal(objective.deviation, [1.0, 1.0])


def test_loss__is_the_weighted_mean_of_the_squares(objective: Regression) -> None:
    outputs = np.random.default_rng(0).standard_normal((4, 2))
    loss, _ = objective.loss(outputs, TARGETS, WEIGHTS)
    total, weight = 0.0, 0.0
    for b, k in np.argwhere(~np.isnan(TARGETS)):
        wanted = (TARGETS[b, k] - objective.mean[k]) / objective.deviation[k]
        total += WEIGHTS[b] * (outputs[b, k] - wanted) ** 2
        weight += WEIGHTS[b]
    assert loss == pytest.approx(total / weight, rel=1e-14)


def test_loss__has_its_slope(objective: Regression) -> None:
    outputs = np.random.default_rng(0).standard_normal((4, 2))
    _, gradient = objective.loss(outputs, TARGETS, WEIGHTS)
    expected = central_differences(lambda: objective.loss(outputs, TARGETS, WEIGHTS)[0], outputs)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=10 * TOLERANCE)


def test_gradients__are_the_slope_through_the_whole_network(objective: Regression) -> None:
    assert_slope_of_whole_network(objective, make_set(TARGETS, WEIGHTS))


@given(
    missing=st.lists(st.booleans(), min_size=8, max_size=8),
    outputs=st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=8),
    others=st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=8),
)
def test_loss__knows_nothing_of_missing_targets(missing, outputs, others) -> None:
    holes = np.array(missing).reshape(4, 2)
    targets = np.where(holes, NAN, np.arange(8.0).reshape(4, 2))
    given_outputs = np.array(outputs).reshape(4, 2)
    moved = np.where(holes, np.array(others).reshape(4, 2), given_outputs)
    objective = Regression(np.array([1.0, 2.0]), np.array([3.0, 0.5]))
    loss, gradient = objective.loss(given_outputs, targets, WEIGHTS)
    other_loss, other_gradient = objective.loss(moved, targets, WEIGHTS)
    assert loss == other_loss
    np.testing.assert_array_equal(gradient, other_gradient)
    assert (gradient[holes] == 0).all()


def test_validate__gives_the_loss_and_the_r2_of_scikit_learn(objective: Regression) -> None:
    network, data = make_network(2), make_set(TARGETS, WEIGHTS)
    loss, score = objective.validate(network, data)
    outputs = predict_logits(network, data.encoded)
    assert loss == objective.loss(outputs, TARGETS, WEIGHTS)[0]
    predicted = objective.in_units(outputs)
    expected = []
    for k in range(2):
        known = ~np.isnan(TARGETS[:, k])
        expected.append(r2_score(TARGETS[known, k], predicted[known, k]))
    assert score == pytest.approx(np.mean(expected), rel=1e-12)


@pytest.mark.parametrize("value", [1.0, 0.1])
def test_validate__has_no_r2_where_nothing_varies(value: float, objective: Regression) -> None:
    # of three tenths the mean is no tenth
    targets = np.array([[value, NAN]] * 3 + [[NAN, NAN]])
    loss, score = objective.validate(make_network(2), make_set(targets, WEIGHTS))
    assert math.isfinite(loss)
    assert math.isnan(score)
