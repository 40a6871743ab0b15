"""What is held out of a training set to stop by, where a caller brings nothing along."""

from __future__ import annotations

import numpy as np

from fastgru.data.label_table import UNLABELLED
from fastgru.data.partition import partition_records
from fastgru.data.random_splits import hold_groups_out
from fastgru.errors import LabelError, counted
from fastgru.estimators.training_sets import GivenSets, subset
from fastgru.training.batches import LabelledSet

__all__ = ["hold_out"]


def hold_out(given: GivenSets, fraction: float, seed: int) -> tuple[LabelledSet, LabelledSet]:
    """Return the set to train on and the set that stops training, each with every class.

    Divided as ``fastgru split`` does it: the fraction of each class, but at least one sequence, or
    whole groups where there are some.

    Raises
    ------
    LabelError
        If a class has a single sequence, or the groups cannot be divided.
    """
    whole = given.training
    if whole.groups is not None:
        labels = (
            given.outputs[whole.targets] if given.stratified else [UNLABELLED] * len(whole.groups)
        )
        parts = hold_groups_out(
            *(list(map(str, labels)), whole.groups.tolist()),
            validation_fraction=fraction,
            seed=seed,
        )
        return _divided(whole, np.array(parts) == "validation")
    strata, place = np.zeros(len(whole.encoded), np.int64), "the training set"
    counts = np.bincount(strata)
    if given.stratified:
        strata = whole.targets
        counts = np.bincount(strata, minlength=len(given.outputs))
        place = f"class {str(given.outputs[counts.argmin()])!r}"
    if counts.min() < 2:
        raise LabelError(
            f"{place} has {counted(int(counts.min()), 'sequence')} "
            "to learn from, expected at least 2: one to train on, and one to hold out to stop by. "
            "Add sequences, remove the class, or switch early_stopping off."
        )
    parts = partition_records(
        list(map(str, strata)),
        {"kept": 1 - fraction, "held out": fraction},
        np.random.default_rng(seed),
    )
    return _divided(whole, np.array(parts) == "held out")


def _divided(whole: LabelledSet, held_out: np.ndarray) -> tuple[LabelledSet, LabelledSet]:
    return subset(whole, np.flatnonzero(~held_out)), subset(whole, np.flatnonzero(held_out))
