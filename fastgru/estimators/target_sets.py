"""Numbers to learn and to stop by, as callers hand them over: one or several for each sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastgru.errors import ConfigurationError, LabelError, counted, shorten
from fastgru.estimators.inputs import encode_inputs, require_y
from fastgru.estimators.training_sets import check_groups, check_sample_weight, subset
from fastgru.training.batches import LabelledSet

__all__ = ["check_names", "check_targets", "target_set", "target_validation"]

LARGEST = 1e100
"""Of a target, so that sums of squares stay finite."""


def check_targets(targets: ArrayLike, n_sequences: int, what: str = "targets") -> np.ndarray:
    """Return targets as float64 (n, k), NaN where one is missing.

    Parameters
    ----------
    targets
        Numbers (n,) or (n, k); NaN or None where one is missing.
    n_sequences
        n.
    what
        What messages call them.

    Raises
    ------
    LabelError
        If there is another number of them, or one is no number or too large.
    """
    require_y(targets, n_sequences)
    try:
        given = np.asarray(targets)
        values = np.array(given, np.float64) if given.dtype.kind in "biufO" else None
    except (TypeError, ValueError):
        values = None
    if values is None:
        raise LabelError(
            f"{what}: must be numbers, one row for each sequence, with NaN for what is missing, "
            f"got {type(targets).__name__} of something else. Convert them before fit."
        )
    if values.ndim not in (1, 2) or len(values) != n_sequences or 0 in values.shape[1:]:
        raise LabelError(
            f"{what}: must be one or several for each of {counted(n_sequences, 'sequence')}, got "
            f"an array of shape {values.shape}."
        )
    values = values[:, None] if values.ndim == 1 else values
    bad = np.argwhere(np.abs(values) > LARGEST)
    if len(bad):
        row, column = bad[0]
        raise LabelError(
            f"{what}: that of sequence {row}, column {column}, is {values[row, column]}, expected "
            f"a number of at most {LARGEST:g}, or NaN where it is missing."
        )
    return values


def check_names(names: Sequence[str] | None, n_targets: int, word: str) -> np.ndarray:
    """Return the names of targets or labels, (k,).

    Parameters
    ----------
    names
        k different texts; None for ``target_0``, ``target_1`` and so on.
    n_targets
        k.
    word
        ``"target"`` or ``"label"``.

    Raises
    ------
    ConfigurationError
    """
    if names is None:
        return np.array([f"{word}_{number}" for number in range(n_targets)])
    given = [] if isinstance(names, str) else list(map(str, names))
    if "" in given or len(given) != n_targets or len(set(given)) != len(given):
        raise ConfigurationError(
            f"{word}_names must be {counted(n_targets, 'different text')}, one for each {word}, "
            f"got {names!r}."
        )
    return np.array(given)


def target_set(
    encoded: list[np.ndarray],
    targets: np.ndarray,
    sample_weight: ArrayLike | None,
    groups: Sequence[Any] | None = None,
) -> LabelledSet:
    """Return the sequences that have a weight and at least one known target.

    Others count as if they were not there.

    Parameters
    ----------
    encoded
    targets
        From :func:`check_targets`.
    sample_weight
        float (n,), not negative; None for 1.
    groups
        n names, of which those held out to stop by are whole; None for none.

    Raises
    ------
    ConfigurationError
        For weights that cannot be used.
    LabelError
        If nothing is left.
    """
    weights = check_sample_weight(sample_weight, len(encoded))
    members = check_groups(groups, len(encoded))
    return _known(LabelledSet(encoded, targets, weights, members), "training set")


def target_validation(
    parameters: Mapping[str, Any],
    names: np.ndarray,
    given: tuple[Sequence[Any], ArrayLike] | None,
    n_features: int | None,
) -> LabelledSet | None:
    """Return the validation set that a caller brings along, None for none.

    Parameters
    ----------
    parameters
    names
        Of the targets.
    given
        Sequences and targets, as for training.
    n_features
        Of each step in training, 0 for letters alone.

    Raises
    ------
    AlphabetError, LabelError
        If it is empty, or its sequences or targets cannot be used.
    """
    if given is None:
        return None
    encoded = encode_inputs(parameters, given[0], "validation sequence", n_features=n_features)
    targets = check_targets(given[1], len(encoded), "targets of the validation set")
    if targets.shape[1] != len(names):
        raise LabelError(
            f"targets of the validation set: are {targets.shape[1]} for each sequence, expected "
            f"{len(names)} as in the training set: {shorten(names.tolist())}."
        )
    return _known(LabelledSet(encoded, targets, np.ones(len(encoded))), "validation set")


def _known(whole: LabelledSet, place: str) -> LabelledSet:
    used = (whole.weights > 0) & ~np.isnan(whole.targets).all(axis=1)
    if not used.any():
        raise LabelError(
            f"{place}: no sequence has a weight and a known target, expected at least one. "
            "Add sequences with targets."
        )
    return subset(whole, np.flatnonzero(used))
