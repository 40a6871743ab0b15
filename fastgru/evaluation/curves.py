"""Points of the ROC and the precision-recall curve of one class against the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

__all__ = ["precision_recall_points", "roc_points"]


def roc_points(
    is_positive: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the ROC curve.

    Parameters
    ----------
    is_positive
        Whether each sequence belongs to the class, boolean (N,), with both values present.
    scores
        Probability of the class for each sequence, (N,).

    Returns
    -------
    tuple of float64 arrays
        False-positive and true-positive rate, both rising from 0 to 1.  Points on a straight line
        between their neighbours are left out.

    Raises
    ------
    ValueError
        If all sequences are positive, or none is.
    """
    is_positive = _two_sided(is_positive)
    false_positive_rate, true_positive_rate, _ = roc_curve(is_positive, np.asarray(scores))
    return false_positive_rate, true_positive_rate


def precision_recall_points(
    is_positive: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the precision-recall curve, to be drawn as steps.

    Parameters
    ----------
    is_positive
        Whether each sequence belongs to the class, boolean (N,), with both values present.
    scores
        Probability of the class for each sequence, (N,).

    Returns
    -------
    tuple of float64 arrays
        Recall, falling from 1 to 0, and precision.  The area under the steps
        ``sum((recall[i] - recall[i + 1]) * precision[i])`` is the average precision.

    Raises
    ------
    ValueError
        If all sequences are positive, or none is.
    """
    is_positive = _two_sided(is_positive)
    precision, recall, _ = precision_recall_curve(
        is_positive, np.asarray(scores), drop_intermediate=True
    )
    return recall, precision


def _two_sided(is_positive: ArrayLike) -> NDArray[np.bool_]:
    flags = np.asarray(is_positive, dtype=bool)
    if flags.all() or not flags.any():
        raise ValueError(
            "a curve needs sequences inside and outside the class, "
            f"got {int(flags.sum())} inside of {flags.size}."
        )
    return flags
