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

from fastgru.evaluation.calibration import (
    brier_score,
    expected_calibration_error,
    reliability_bins,
)
from fastgru.evaluation.intervals import wilson_interval
from fastgru.evaluation.predictions import check_predictions

__all__ = ["classification_metrics"]


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
    checked = check_predictions(y_true, y_pred, proba, classes)
    classes, true, predicted = checked.classes, checked.true, checked.predicted
    probabilities = checked.proba

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
        "mcc": float(matthews_corrcoef(true, predicted)) if len(present) > 1 else None,
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
        scores["undefined"] = dict.fromkeys(["mcc", "roc_auc", "pr_auc"], reason)
    elif len(classes) == 2:
        scores["roc_auc"] = per_class[classes[1]]["roc_auc"]
        scores["pr_auc"] = per_class[classes[1]]["pr_auc"]
    else:
        scores["roc_auc"] = _mean(present, "roc_auc")
        scores["pr_auc"] = _mean(present, "pr_auc")
    return scores


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
