from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.errors import ConfigurationError
from fastgru.estimators.calibration import Calibration
from fastgru.estimators.decisions import decide_by

TWO, THREE = ["decoy", "AMP"], ["EI", "IE", "N"]
ROWS = [
    {"name": "youden", "threshold": 0.3, "reason": None},
    {"name": "f1", "threshold": 0.25, "reason": None},
    {"name": "mcc", "threshold": 0.35, "reason": None},
    {"name": "fpr_0.01", "threshold": None, "reason": "nothing is found"},
    {"name": "precision_0.9", "threshold": 0.8, "reason": None},
]
KNOWN = Calibration(prevalence=[0.75, 0.25], thresholds=ROWS, no_thresholds=None)
KNOWN_THREE = Calibration(prevalence=[0.25, 0.25, 0.5], no_thresholds="more than two classes")


def rows_of(*positive):
    return np.array([[1 - p, p] for p in positive])


def test_apply__without_options_names_the_most_probable_class() -> None:
    probabilities, labels = decide_by(KNOWN, TWO).apply(rows_of(0.2, 0.5, 0.7))
    np.testing.assert_array_equal(probabilities, rows_of(0.2, 0.5, 0.7))
    assert labels == ["decoy", "decoy", "AMP"]


def test_prevalence__reweighs_as_bayes_does() -> None:
    # densities of the two classes at three points give probabilities at any prevalence
    inside, outside = np.array([0.1, 1.0, 3.0]), np.array([2.0, 1.0, 0.5])

    def posterior(share: float) -> np.ndarray:
        return share * inside / (share * inside + (1 - share) * outside)

    decision = decide_by(KNOWN, TWO, prevalence=0.02)
    probabilities, labels = decision.apply(rows_of(*posterior(0.25)))
    np.testing.assert_allclose(probabilities, rows_of(*posterior(0.02)))
    assert labels == ["decoy"] * 3


@given(st.lists(st.floats(0.001, 1), min_size=3, max_size=3))
def test_prevalence__of_training_changes_nothing(shares) -> None:
    total = sum(shares)
    trained = [share / total for share in shares]
    wanted = dict(zip(THREE, trained, strict=True))
    proba = np.random.default_rng(0).dirichlet(np.ones(3), size=8)
    found, _ = decide_by(Calibration(prevalence=trained), THREE, prevalence=wanted).apply(proba)
    np.testing.assert_allclose(found, proba, rtol=1e-9)


def test_prevalence__of_several_classes_is_taken_by_name() -> None:
    decision = decide_by(KNOWN_THREE, THREE, prevalence={"N": 0.9, "EI": 0.06, "IE": 0.04})
    probabilities, labels = decision.apply(np.array([[0.5, 0.3, 0.2]]))
    weights = np.array([0.5 * 0.06 / 0.25, 0.3 * 0.04 / 0.25, 0.2 * 0.9 / 0.5])
    np.testing.assert_allclose(probabilities[0], weights / weights.sum())
    assert labels == ["N"]


def test_threshold__calls_what_reaches_it() -> None:
    _, labels = decide_by(KNOWN, TWO, threshold=0.3).apply(rows_of(0.29, 0.3, 0.6))
    assert labels == ["decoy", "AMP", "AMP"]
    _, labels = decide_by(KNOWN, TWO, threshold="precision_0.9").apply(rows_of(0.6, 0.81))
    assert labels == ["decoy", "AMP"]


def test_threshold__of_a_name_calls_the_same_at_every_prevalence() -> None:
    proba = rows_of(*np.linspace(0.01, 0.99, 40))
    _, expected = decide_by(KNOWN, TWO, threshold="youden").apply(proba)
    for share in (0.001, 0.25, 0.9):
        moved = decide_by(KNOWN, TWO, threshold="youden", prevalence=share)
        assert moved.apply(proba)[1] == expected


def test_threshold__of_a_number_holds_for_what_is_written() -> None:
    decision = decide_by(KNOWN, TWO, threshold=0.3, prevalence=0.01)
    probabilities, labels = decision.apply(rows_of(0.31, 0.999))
    assert probabilities[0, 1] < 0.3 < probabilities[1, 1]
    assert labels == ["decoy", "AMP"]


@pytest.mark.parametrize("abstain", [0.8, (0.2, 0.8)])
def test_abstain__leaves_the_band_open(abstain) -> None:
    decision = decide_by(KNOWN, TWO, abstain=abstain)
    _, labels = decision.apply(rows_of(0.1, 0.21, 0.5, 0.79, 0.81))
    assert labels == ["decoy", "abstain", "abstain", "abstain", "AMP"]


def test_abstain__of_several_classes_asks_for_the_largest_probability() -> None:
    decision = decide_by(KNOWN_THREE, THREE, abstain=0.5)
    _, labels = decision.apply(np.array([[0.5, 0.3, 0.2], [0.4, 0.3, 0.3]]))
    assert labels == ["EI", "abstain"]


def test_abstain__comes_after_prevalence_and_threshold() -> None:
    decision = decide_by(KNOWN, TWO, prevalence=0.75, threshold=0.6, abstain=(0.5, 0.7))
    probabilities, labels = decision.apply(rows_of(0.05, 0.1, 0.15, 0.3))
    factor = (0.75 / 0.25) / (0.25 / 0.75)
    np.testing.assert_allclose(probabilities[1, 1], 0.1 * factor / (0.1 * factor + 0.9))
    assert labels == ["decoy", "decoy", "abstain", "AMP"]


def test_apply__takes_no_rows() -> None:
    decision = decide_by(KNOWN, TWO, prevalence=0.2, threshold=0.5, abstain=0.9)
    assert decision.apply(np.empty((0, 2)))[1] == []


@pytest.mark.parametrize(
    ("calibration", "classes", "options", "message"),
    [
        (KNOWN_THREE, THREE, {"threshold": 0.3}, "--threshold 0.3: the model has 3 classes, expec"),
        (KNOWN, TWO, {"threshold": "best"}, "--threshold best: is neither a number between 0 and"),
        (KNOWN, TWO, {"threshold": "best"}, "one of 'youden', 'f1', 'mcc', 'fpr_0.01', 'precis"),
        (KNOWN, TWO, {"threshold": "fpr_0.01"}, "the model has none (nothing is found), expected"),
        (Calibration(), TWO, {"threshold": "f1"}, "was written before thresholds were kept), expe"),
        (
            KNOWN,
            TWO,
            {"threshold": "f1", "prevalence": 0.1},
            "--threshold f1: was chosen at the prevalence of the validation set and does not hold",
        ),
        (KNOWN, TWO, {"threshold": "precision_0.9", "prevalence": 0.1}, "Choose youden or fpr_"),
        (KNOWN_THREE, THREE, {"prevalence": 0.1}, "expected a share of each. Write EI=P,IE=P,N=P."),
        (KNOWN, TWO, {"prevalence": {"AMP": 1.0}}, "has shares of 'AMP', expected those of all cl"),
        (KNOWN, TWO, {"prevalence": {"AMP": 0.5, "decoy": 0.6}}, "the shares sum to 1.1, expected"),
        (
            Calibration(),
            TWO,
            {"prevalence": 0.1},
            "has no prevalence of training to re-weight from",
        ),
        (
            Calibration(prevalence=[0.0, 1.0]),
            TWO,
            {"prevalence": 0.1},
            "the class 'decoy' had no weight in training, expected some of each class.",
        ),
        (KNOWN, TWO, {"abstain": 0.5}, "--abstain 0.5: the largest of 2 probabilities is never be"),
        (KNOWN_THREE, THREE, {"abstain": 0.3}, "the largest of 3 probabilities is never below 0.3"),
        (KNOWN_THREE, THREE, {"abstain": (0.3, 0.6)}, "--abstain 0.3,0.6: the model has 3 classes"),
        (KNOWN, ["a", "abstain"], {"abstain": 0.9}, "the model has a class 'abstain', expected no"),
        (
            KNOWN,
            TWO,
            {"abstain": (0.4, 0.6), "threshold": 0.3},
            "the band from 0.4 to 0.6 does not hold the threshold 0.3, expected one around it.",
        ),
        (
            KNOWN,
            TWO,
            {"abstain": (0.4, 0.48)},
            "0.5, from which the second class is the more probable, expected one around it. Move",
        ),
        (KNOWN, TWO, {"abstain": (0.52, 0.6)}, "from 0.52 to 0.6 does not hold the threshold 0.5"),
    ],
)
def test_decide_by__explains_what_does_not_fit(calibration, classes, options, message) -> None:
    with pytest.raises(ConfigurationError) as caught:
        decide_by(calibration, classes, **options)
    assert message in str(caught.value)
