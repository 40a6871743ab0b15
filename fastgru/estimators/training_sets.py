"""Weights of sequences and classes, and the part that is held out to stop training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import train_test_split

from fastgru.errors import ConfigurationError, LabelError, shorten
from fastgru.training.loop import LabelledSet

ClassWeight = Mapping[Any, float] | str | None


def class_weights(
    class_weight: ClassWeight, classes: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Return the weight of each class, float64 (n_classes,).

    ``"balanced"`` is scikit-learn's: n / (n_classes * count), so that classes weigh alike.

    Raises
    ------
    ConfigurationError
        If a mapping misses a class or holds a weight that is not positive.
    """
    if class_weight == "balanced":
        counts = np.bincount(targets, minlength=len(classes))
        return len(targets) / (len(classes) * np.maximum(counts, 1))
    if not isinstance(class_weight, Mapping):
        return np.ones(len(classes))
    missing = [str(name) for name in classes if name not in class_weight]
    if missing:
        raise ConfigurationError(f"class_weight has no weight for {shorten(missing)}.")
    weights = np.array([float(class_weight[name]) for name in classes])
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise ConfigurationError("class_weight must hold positive numbers.")
    return weights


def check_sample_weight(sample_weight: ArrayLike | None, n_sequences: int) -> np.ndarray:
    """Return the weight of each sequence, float64 (n,), 1 for None.

    Raises
    ------
    ConfigurationError
        If there is another number of them, or one is negative, or all are zero.
    """
    if sample_weight is None:
        return np.ones(n_sequences)
    weights = np.array(sample_weight, np.float64)
    good = weights.shape == (n_sequences,) and np.isfinite(weights).all()
    if not good or weights.min() < 0 or weights.sum() == 0:
        raise ConfigurationError(
            f"sample_weight must hold {n_sequences} numbers, none negative and not all zero."
        )
    return weights


def subset(whole: LabelledSet, numbers: np.ndarray) -> LabelledSet:
    """Return the sequences of the given numbers."""
    encoded = [whole.encoded[number] for number in numbers]
    return LabelledSet(encoded, whole.targets[numbers], whole.weights[numbers])


def hold_out(
    whole: LabelledSet, classes: np.ndarray, fraction: float, seed: int
) -> tuple[LabelledSet, LabelledSet]:
    """Return the set to train on and the set that stops training, each with every class.

    Raises
    ------
    LabelError
        If a class is too small for that.
    """
    counts = np.bincount(whole.targets, minlength=len(classes))
    n_held_out = int(np.ceil(len(whole.targets) * fraction))
    n_kept = len(whole.targets) - n_held_out
    if counts.min() < 2 or min(n_held_out, n_kept) < len(classes):
        raise LabelError(
            f"class {str(classes[counts.argmin()])!r} has {counts.min()} of {counts.sum()} "
            "sequences, expected enough to hold out a validation set with every class. Add "
            "sequences, raise validation_fraction, or set early_stopping to False."
        )
    kept, held_out = train_test_split(
        np.arange(len(whole.targets)),
        test_size=n_held_out,
        stratify=whole.targets,
        random_state=seed,
    )
    return subset(whole, np.sort(kept)), subset(whole, np.sort(held_out))
