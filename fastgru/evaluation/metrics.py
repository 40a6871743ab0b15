"""Scores of a classifier on held-out sequences.

Conventions (decision record 0022): with two classes the positive class is the second of
``classes``; with more, each class is scored against the rest and the plain (macro) mean is taken.
The area under the precision-recall curve is the average precision, the sum of steps without
interpolation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    log_loss,
    matthews_corrcoef,
    precision_recall_fscore_support,
    roc_auc_score,
)

from fastgru.errors import LabelError, shorten
from fastgru.evaluation.calibration import (
    brier_score,
    expected_calibration_error,
    reliability_bins,
)
from fastgru.evaluation.intervals import wilson_interval

__all__ = ["classification_metrics"]

_SUM_TOLERANCE = 1e-4  # float32 probabilities of a softmax sum to one within 1e-6


def classification_metrics(
    y_true: Sequence[str],
    y_pred: Sequence[str],
    proba: ArrayLike,
    classes: Sequence[str],
) -> dict[str, Any]:
    """Score predictions against the truth.

    Parameters
    ----------
    y_true
        True class of each sequence, length N >= 1.
    y_pred
        Predicted class of each sequence, length N.
    proba
        Probability of each class, float (N, K), rows sum to 1, columns in the order of `classes`.
    classes
        The K >= 2 classes the model knows, without repeats.

    Returns
    -------
    dict
        Ready for JSON: ``classes``, ``n_test``, ``accuracy``, ``accuracy_interval`` (Wilson, 95 %),
        ``majority_accuracy`` (of always naming the commonest class), ``balanced_accuracy``,
        ``mcc``, ``f1_macro``, ``roc_auc``, ``pr_auc``, ``log_loss`` (natural logarithm),
        ``brier`` (summed over the classes), ``reliability`` (bins of the confidence), ``ece`` (the
        expected calibration error of these),
        ``confusion_matrix`` (rows true, columns predicted, in the order of ``classes``),
        ``per_class`` (name to ``n_test``, ``precision``, ``recall``, ``f1``, ``roc_auc``,
        ``pr_auc``) and ``undefined`` (name of a score to the reason why it is None).
        Macro means run over the classes that occur in `y_true`.

    Raises
    ------
    LabelError
        If a label is not one of `classes`.
    ValueError
        If lengths or shapes disagree, or `proba` holds anything but probabilities.

    Examples
    --------
    >>> labels = ["a", "b"]
    >>> scores = classification_metrics(labels, labels, [[0.9, 0.1], [0.2, 0.8]], labels)
    >>> scores["accuracy"], scores["confusion_matrix"]
    (1.0, [[1, 0], [0, 1]])
    """
    classes = list(classes)
    true, predicted = _check_labels(y_true, y_pred, classes)
    probabilities = _check_probabilities(proba, len(true), len(classes))

    matrix = confusion_matrix(true, predicted, labels=range(len(classes)))
    support = matrix.sum(axis=1)
    per_class = _per_class_scores(true, predicted, probabilities, classes)
    present = [scores for scores in per_class.values() if scores["n_test"] > 0]
    n_right = int(np.trace(matrix))

    scores: dict[str, Any] = {
        "classes": classes,
        "n_test": len(true),
        "accuracy": n_right / len(true),
        "accuracy_interval": list(wilson_interval(n_right, len(true))),
        "majority_accuracy": int(support.max()) / len(true),
        "balanced_accuracy": _mean(present, "recall"),
        "mcc": float(matthews_corrcoef(true, predicted)),
        "f1_macro": _mean(present, "f1"),
        "roc_auc": None,
        "pr_auc": None,
        "log_loss": float(log_loss(true, probabilities, labels=range(len(classes)))),
        **_calibration(probabilities, true),
        "confusion_matrix": matrix.tolist(),
        "per_class": per_class,
        "undefined": {},
    }
    if len(present) < 2:
        reason = f"all test sequences belong to the class {classes[int(support.argmax())]!r}"
        scores["mcc"] = None
        scores["undefined"] = dict.fromkeys(["mcc", "roc_auc", "pr_auc"], reason)
    elif len(classes) == 2:
        scores["roc_auc"] = per_class[classes[1]]["roc_auc"]
        scores["pr_auc"] = per_class[classes[1]]["pr_auc"]
    else:
        scores["roc_auc"] = _mean(present, "roc_auc")
        scores["pr_auc"] = _mean(present, "pr_auc")
    return scores


def _check_labels(
    y_true: Sequence[str], y_pred: Sequence[str], classes: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return true and predicted labels as positions in `classes`."""
    if len(classes) < 2 or len(set(classes)) != len(classes):
        raise ValueError(f"classes must hold two or more different names, got {classes!r}.")
    if len(y_true) == 0 or len(y_true) != len(y_pred):
        raise ValueError(
            "y_true and y_pred must have the same length, at least 1, "
            f"got {len(y_true)} and {len(y_pred)}."
        )
    position = {name: index for index, name in enumerate(classes)}
    unknown = sorted({str(label) for label in (*y_true, *y_pred) if label not in position})
    if unknown:
        raise LabelError(
            f"labels the model does not know: {shorten(unknown)}; it knows {shorten(classes)}. "
            "Correct the labels, or train a model with these classes."
        )
    return (
        np.array([position[label] for label in y_true], dtype=np.int64),
        np.array([position[label] for label in y_pred], dtype=np.int64),
    )


def _check_probabilities(proba: ArrayLike, n_rows: int, n_classes: int) -> NDArray[np.float64]:
    probabilities = np.asarray(proba, dtype=np.float64)
    if probabilities.shape != (n_rows, n_classes):
        raise ValueError(
            f"proba must have shape {(n_rows, n_classes)} (sequences, classes), "
            f"got {probabilities.shape}."
        )
    in_range = np.isfinite(probabilities) & (probabilities >= 0) & (probabilities <= 1)
    if not in_range.all() or np.abs(probabilities.sum(axis=1) - 1).max() > _SUM_TOLERANCE:
        raise ValueError("proba must hold numbers in [0, 1], and each row must sum to 1.")
    # Rounding left by float32 would make scikit-learn warn in log_loss.
    rescaled: NDArray[np.float64] = probabilities / probabilities.sum(axis=1, keepdims=True)
    return rescaled


def _calibration(
    probabilities: NDArray[np.float64], true: NDArray[np.int64]
) -> dict[str, float | list[dict[str, Any]]]:
    bins = reliability_bins(probabilities, true)
    return {
        "brier": brier_score(probabilities, true),
        "ece": expected_calibration_error(bins),
        "reliability": bins,
    }


def _per_class_scores(
    true: NDArray[np.int64],
    predicted: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    classes: list[str],
) -> dict[str, dict[str, Any]]:
    """Score each class against the rest; None where a class has no, or only, test sequences."""
    precision, recall, f1, support = precision_recall_fscore_support(
        true, predicted, labels=range(len(classes)), zero_division=0.0
    )
    table: dict[str, dict[str, Any]] = {}
    for k, name in enumerate(classes):
        is_positive = true == k
        has_curve = bool(is_positive.any() and not is_positive.all())
        table[name] = {
            "n_test": int(support[k]),
            "precision": float(precision[k]) if (predicted == k).any() else None,
            "recall": float(recall[k]) if is_positive.any() else None,
            "f1": float(f1[k]) if is_positive.any() else None,
            "roc_auc": float(roc_auc_score(is_positive, probabilities[:, k]))
            if has_curve
            else None,
            "pr_auc": float(average_precision_score(is_positive, probabilities[:, k]))
            if has_curve
            else None,
        }
    return table


def _mean(rows: list[dict[str, Any]], score: str) -> float:
    return float(np.mean([row[score] for row in rows]))
