from __future__ import annotations

import json
import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru.errors import LabelError
from fastgru.evaluation import classification_metrics, wilson_interval

THREE = ["EI", "IE", "N"]


def make_problem(seed, n_classes, n_sequences=200):
    """Predictions that are better than chance; every class occurs."""
    rng = np.random.default_rng(seed)
    classes = [f"class {k}" for k in range(n_classes)]
    true = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=n_sequences)])
    logits = rng.normal(size=(len(true), n_classes))
    logits[np.arange(len(true)), true] += 1.0
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = np.array(classes)
    return list(names[true]), list(names[proba.argmax(axis=1)]), proba, classes


def test_classification_metrics__hand_computed():
    # One EI is called N, one N is called IE, all else is right.
    y_true = ["EI", "EI", "EI", "IE", "N", "N", "N", "N"]
    y_pred = ["EI", "EI", "N", "IE", "N", "N", "N", "IE"]
    sure = {"EI": [0.8, 0.1, 0.1], "IE": [0.1, 0.8, 0.1], "N": [0.1, 0.1, 0.8]}

    actual = classification_metrics(y_true, y_pred, [sure[label] for label in y_pred], THREE)

    assert actual["classes"] == THREE
    assert actual["n_test"] == 8
    assert actual["accuracy"] == 6 / 8
    assert actual["accuracy_interval"] == pytest.approx(wilson_interval(6, 8))
    assert actual["majority_accuracy"] == 4 / 8
    assert actual["balanced_accuracy"] == pytest.approx((2 / 3 + 1 + 3 / 4) / 3)
    f1 = [2 * 1 * (2 / 3) / (1 + 2 / 3), 2 * 0.5 * 1 / 1.5, 0.75]
    assert actual["f1_macro"] == pytest.approx(sum(f1) / 3)
    # Gorodkin (2004): (c s - sum p t) / sqrt((s^2 - sum p^2)(s^2 - sum t^2))
    expected_mcc = (6 * 8 - (2 * 3 + 2 * 1 + 4 * 4)) / math.sqrt((64 - 24) * (64 - 26))
    assert actual["mcc"] == pytest.approx(expected_mcc)
    assert actual["log_loss"] == pytest.approx(-(6 * math.log(0.8) + 2 * math.log(0.1)) / 8)
    assert actual["confusion_matrix"] == [[2, 0, 1], [0, 1, 0], [0, 1, 3]]
    # One against the rest, ties counted half: EI 2 of 3 high, none of the rest high.
    auc = [(2 * 5 + 1 * 2.5) / 15, (6 + 1 * 0.5) / 7, (3 * 3.5 + 1 * 1.5) / 16]
    assert actual["roc_auc"] == pytest.approx(sum(auc) / 3)
    # Precision 1 at recall 2/3, then 3/8 at 1, and so on for the other classes.
    ap = [2 / 3 + 3 / 8 / 3, 1 / 2, 3 / 4 * 3 / 4 + 1 / 4 * 4 / 8]
    assert actual["pr_auc"] == pytest.approx(sum(ap) / 3)
    assert actual["undefined"] == {}


@given(st.integers(0, 1000), st.integers(2, 20))
@settings(max_examples=15)
def test_classification_metrics__equals_scikit_learn(seed, n_classes):
    y_true, y_pred, proba, classes = make_problem(seed, n_classes)
    actual = classification_metrics(y_true, y_pred, proba, classes)
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(y_true, y_pred),
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(y_true, y_pred),
        "mcc": sklearn.metrics.matthews_corrcoef(y_true, y_pred),
        "f1_macro": sklearn.metrics.f1_score(y_true, y_pred, average="macro", labels=classes),
        "log_loss": sklearn.metrics.log_loss(
            [classes.index(label) for label in y_true], proba, labels=range(n_classes)
        ),
    }
    if n_classes > 2:
        positions = [classes.index(label) for label in y_true]
        expected["roc_auc"] = sklearn.metrics.roc_auc_score(positions, proba, multi_class="ovr")
    assert {name: actual[name] for name in expected} == pytest.approx(expected)


def test_classification_metrics__binary_scores_the_second_class():
    y_true = ["decoy", "AMP", "decoy", "AMP", "decoy"]
    of_decoy = np.array([0.9, 0.6, 0.55, 0.2, 0.4])
    y_pred = ["decoy" if p > 0.5 else "AMP" for p in of_decoy]
    proba = np.column_stack([1 - of_decoy, of_decoy])

    actual = classification_metrics(y_true, y_pred, proba, ["AMP", "decoy"])

    is_decoy = [label == "decoy" for label in y_true]
    assert actual["roc_auc"] == sklearn.metrics.roc_auc_score(is_decoy, of_decoy)
    assert actual["pr_auc"] == sklearn.metrics.average_precision_score(is_decoy, of_decoy)
    assert actual["pr_auc"] == actual["per_class"]["decoy"]["pr_auc"]
    assert actual["pr_auc"] != actual["per_class"]["AMP"]["pr_auc"]


@given(st.integers(0, 1000), st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_classification_metrics__does_not_depend_on_the_order_of_sequences(seed, random):
    y_true, y_pred, proba, classes = make_problem(seed, 3, n_sequences=20)
    order = list(range(len(y_true)))
    random.shuffle(order)
    expected = classification_metrics(y_true, y_pred, proba, classes)
    actual = classification_metrics(
        [y_true[i] for i in order], [y_pred[i] for i in order], proba[order], classes
    )
    for name in ("accuracy", "mcc", "roc_auc", "pr_auc", "log_loss"):
        assert actual[name] == pytest.approx(expected[name])
    assert actual["confusion_matrix"] == expected["confusion_matrix"]


def test_classification_metrics__averages_over_the_classes_that_occur():
    proba = [[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]]
    actual = classification_metrics(["EI", "IE", "IE"], THREE, proba, THREE)
    assert actual["balanced_accuracy"] == pytest.approx((1 + 0.5) / 2)
    assert actual["per_class"]["N"] == {
        "n_test": 0,
        "precision": 0.0,
        "recall": None,
        "f1": None,
        "roc_auc": None,
        "pr_auc": None,
    }
    assert actual["roc_auc"] == pytest.approx((1 + 0.5) / 2)


def test_classification_metrics__says_why_a_score_is_undefined():
    proba = [[0.7, 0.3], [0.4, 0.6]]
    actual = classification_metrics(["a", "a"], ["a", "b"], proba, ["a", "b"])
    for name in ("mcc", "roc_auc", "pr_auc"):
        assert actual[name] is None
        assert actual["undefined"][name] == "all test sequences belong to the class 'a'"
    assert actual["accuracy"] == 0.5


def test_classification_metrics__is_strict_json_even_for_hopeless_predictions():
    proba = np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    actual = classification_metrics(["a", "b"], ["a", "a"], proba, ["a", "b"])
    assert json.loads(json.dumps(actual, allow_nan=False)) == actual
    assert actual["per_class"]["b"]["precision"] is None
    assert actual["mcc"] == 0


def test_classification_metrics__accepts_the_rounding_of_float32():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(50, 4)).astype(np.float32)
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = [f"c{k}" for k in proba.argmax(axis=1)]
    actual = classification_metrics(labels, labels, proba, ["c0", "c1", "c2", "c3"])
    assert actual["accuracy"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], ["a"], [[1.0]], ["a"]), r"two or more different names, got \['a'\]"),
        ((["a"], ["a"], [[0.5, 0.5]], ["a", "a"]), "two or more different names"),
        (([], [], np.empty((0, 2)), ["a", "b"]), "at least 1, got 0 and 0"),
        ((["a"], ["a", "b"], [[1, 0]], ["a", "b"]), "same length, at least 1, got 1 and 2"),
        ((["a"], ["a"], [[1, 0, 0]], ["a", "b"]), r"shape \(1, 2\).*got \(1, 3\)"),
        ((["a"], ["a"], [[1.2, -0.2]], ["a", "b"]), r"numbers in \[0, 1\]"),
        ((["a"], ["a"], [[np.nan, 1]], ["a", "b"]), r"numbers in \[0, 1\]"),
        ((["a"], ["a"], [[0.5, 0.6]], ["a", "b"]), "each row must sum to 1"),
    ],
)
def test_classification_metrics__refuses_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        classification_metrics(*arguments)


def test_classification_metrics__names_unknown_labels():
    with pytest.raises(LabelError, match="does not know: 'c'; it knows 'a', 'b'"):
        classification_metrics(["c"], ["a"], [[0.9, 0.1]], ["a", "b"])
