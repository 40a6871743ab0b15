"""Dividing labelled records by one of four methods, once or into folds.

``random`` divides each class alike; ``group`` keeps the records of each given group together;
``homology`` makes the groups from the sequences and searches across the parts until no homologous
pair is found there; ``given`` keeps the split beside the labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet
from fastgru.data.homology import Threshold, divide_apart
from fastgru.data.label_table import SPLIT_NAMES, SplitOrigin
from fastgru.data.labelled import LabelledSequences
from fastgru.data.mmseqs import Watch
from fastgru.data.random_splits import fold_splits, random_split
from fastgru.data.series_files import SeriesKind
from fastgru.data.splits import refuse_divided_groups
from fastgru.errors import ConfigurationError, LabelError, shorten

__all__ = ["METHODS", "SplitPlan", "divide", "origins_of"]

METHODS = ("random", "group", "homology", "given")
_TRAIN, _VALIDATION, _TEST = SPLIT_NAMES


@dataclass(frozen=True)
class SplitPlan:
    """How to divide records.

    Attributes
    ----------
    method
        One of :data:`METHODS`; None for the one that fits what was given with the labels:
        ``given`` if that has a split, ``group`` if it has groups, else ``random``.
    test_fraction, validation_fraction
        Shares in [0, 1), together below 1.  With folds there is no ``test_fraction``.
    n_folds
        1 for a single split; otherwise one split for each fold.
    n_repeats
        How often to do so, with the seeds ``seed``, ``seed + 1``, ...
    seed
    threshold
        For ``homology``; None for :meth:`.homology.Threshold.default`.
    """

    method: str | None = None
    test_fraction: float = 0.2
    validation_fraction: float = 0.1
    n_folds: int = 1
    n_repeats: int = 1
    seed: int = 0
    threshold: Threshold | None = None


def origins_of(
    data: LabelledSequences, alphabet: Alphabet | SeriesKind, plan: SplitPlan
) -> list[SplitOrigin]:
    """Return how each of the splits of :func:`divide` is made, for the same arguments."""
    method, kept = plan.method or _method_for(data), f"validation {plan.validation_fraction:g}"
    if method == "given":
        is_whole = data.splits is not None and _VALIDATION in data.splits
        return [SplitOrigin(method) if is_whole else SplitOrigin(f"{method}, {kept}", plan.seed)]
    if method == "homology" and not isinstance(alphabet, SeriesKind):
        threshold = plan.threshold or Threshold.default(alphabet)
        method += f", identity {threshold.identity:g}, coverage {threshold.coverage:g}"
    tested = [f"test {plan.test_fraction:g}"]
    if plan.n_folds > 1:
        tested = [f"fold {number} of {plan.n_folds}" for number in range(1, plan.n_folds + 1)]
    return [
        SplitOrigin(f"{method}, {part}, {kept}", plan.seed + repeat)
        for repeat in range(plan.n_repeats)
        for part in tested
    ]


def divide(
    data: LabelledSequences,
    alphabet: Alphabet | SeriesKind,
    plan: SplitPlan,
    *,
    threads: int = 1,
    watch: Watch | None = None,
) -> tuple[LabelledSequences, list[list[str]]]:
    """Divide labelled records as planned.

    Parameters
    ----------
    data
        Records without repeated sequences (see `fastgru.data.duplicates`).
    alphabet
        Theirs, or what series are like.
    plan
    threads
        Most threads to use.
    watch
        Told of the progress of large searches.

    Returns
    -------
    data
        The records with the groups that were kept together, if any.
    splits
        For each repeat and fold ``"train"``, ``"validation"`` or ``"test"`` for each record.

    Raises
    ------
    LabelError
        If a class has too few records or groups, or what the method needs is missing, or a given
        split lacks a class or divides a group.
    ConfigurationError
        If a number is out of range, or series are to be divided by homology.
    ToolError
        If MMseqs2 is needed, and missing or fails.
    """
    method = plan.method or _method_for(data)
    if method not in METHODS:
        raise ConfigurationError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")
    if method == "given":
        return data, [_keep_given(data, plan)]
    if method == "random":
        return replace(data, groups=None), _draw(data.labels, None, plan)
    if method == "group":
        if data.groups is None:
            raise LabelError(
                "split by group: the labels have no column group, expected one that names the "
                "group of each record. Add it, or choose another method."
            )
        return data, _draw(data.labels, data.groups, plan)
    if isinstance(alphabet, SeriesKind):
        raise ConfigurationError(
            "split by homology: series have no letters to align, expected dna, rna or protein. "
            "Choose another method."
        )
    return _divide_homologues(data, alphabet, plan, threads, watch)


def _method_for(data: LabelledSequences) -> str:
    if data.splits is not None:
        return "given"
    return "random" if data.groups is None else "group"


def _draw(labels: Sequence[str], groups: Sequence[str] | None, plan: SplitPlan) -> list[list[str]]:
    if plan.n_folds < 1 or plan.n_repeats < 1:
        raise ConfigurationError(
            f"folds and repeats must be at least 1, got {plan.n_folds} and {plan.n_repeats}."
        )
    splits: list[list[str]] = []
    for seed in range(plan.seed, plan.seed + plan.n_repeats):
        if plan.n_folds > 1:
            splits += fold_splits(
                labels,
                plan.n_folds,
                groups=groups,
                validation_fraction=plan.validation_fraction,
                seed=seed,
            )
        else:
            drawn = random_split(
                labels,
                groups=groups,
                test_fraction=plan.test_fraction,
                validation_fraction=plan.validation_fraction,
                seed=seed,
            )
            splits.append(drawn)
    return splits


def _divide_homologues(
    data: LabelledSequences, alphabet: Alphabet, plan: SplitPlan, threads: int, watch: Watch | None
) -> tuple[LabelledSequences, list[list[str]]]:
    """Divide groups that are named after their first member."""
    groups, splits = divide_apart(
        data.sequences,
        alphabet,
        plan.threshold or Threshold.default(alphabet),
        lambda groups: _draw(data.labels, _name_groups(groups, data.ids), plan),
        together=data.groups,
        threads=threads,
        watch=watch,
    )
    return replace(data, groups=_name_groups(groups, data.ids)), splits


def _name_groups(groups: NDArray[np.int64], ids: Sequence[str]) -> list[str]:
    _, first = np.unique(groups, return_index=True)
    return [ids[first[number]] for number in groups]


def _keep_given(data: LabelledSequences, plan: SplitPlan) -> list[str]:
    """Return the given split; if it has no validation part, draw one from its training part."""
    if data.splits is None:
        raise LabelError(
            "given split: the labels have no column split, expected one with train, validation "
            "and test. Add it, or choose another method."
        )
    if plan.n_folds > 1 or plan.n_repeats > 1:
        raise ConfigurationError(
            "given split: there is one, so it cannot be repeated nor have folds. Choose another "
            "method, or a single fold."
        )
    splits = list(data.splits)
    train = [index for index, split in enumerate(splits) if split == _TRAIN]
    missing = set(data.labels) - {data.labels[index] for index in train}
    if missing:
        raise LabelError(
            f"the given split leaves no training records of {shorten(sorted(missing))}, expected "
            "some of every class. Correct the column split, or leave it out for a random split."
        )
    refuse_divided_groups(data.groups, splits)
    if _VALIDATION not in splits and plan.validation_fraction > 0:
        part = data.subset(train)
        drawn = random_split(
            part.labels,
            groups=part.groups,
            test_fraction=0,
            validation_fraction=plan.validation_fraction,
            seed=plan.seed,
        )
        for index, split in zip(train, drawn, strict=True):
            splits[index] = split
    return splits
