"""Repeated sequences and contradicting labels or targets, and the one rule that resolves them.

A sequence that has more than one label is dropped, all copies of it: nothing says which label is
right.  Of a sequence that is repeated with the same label, the first record in input order is
kept.  Sequences are compared as normalised by the alphabet.  After the rule every sequence occurs
once, so no split can put it on both sides.  Targets in place of a label are one answer together:
those of a repeated sequence conflict unless all are equal, the missing ones included; no mean of
them is taken, since nothing says whether they differ by noise or by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastgru.data.labelled import LabelledSequences

__all__ = ["RULE", "Exclusion", "resolve_duplicates", "without_conflicts"]

RULE = (
    "A sequence with more than one label is dropped with all its copies; of a sequence repeated "
    "with the same label, the first record in input order is kept."
)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A record that the rule leaves out.

    Attributes
    ----------
    index
        Place of the record in the input, from 0.
    reason
        ``"conflicting_labels"`` or ``"duplicate"``.
    same_as
        Place of the first record with the same sequence (itself, for the first of those with
        conflicting labels).
    """

    index: int
    reason: str
    same_as: int


def resolve_duplicates(data: LabelledSequences) -> tuple[NDArray[np.intp], list[Exclusion]]:
    """Apply the rule.

    Parameters
    ----------
    data
        The records, duplicates included.

    Returns
    -------
    kept
        intp (n_kept,), places of the records to use, in input order.
    exclusions
        The other records, in input order.
    """
    first: dict[str, int] = {}
    conflicting: set[str] = set()
    answers = list(zip(data.labels, data.targets or [()] * len(data), strict=True))
    for index, (sequence, answer) in enumerate(zip(data.sequences, answers, strict=True)):
        if answers[first.setdefault(sequence, index)] != answer:
            conflicting.add(sequence)
    kept: list[int] = []
    exclusions: list[Exclusion] = []
    for index, sequence in enumerate(data.sequences):
        if sequence in conflicting:
            exclusions.append(Exclusion(index, "conflicting_labels", first[sequence]))
        elif first[sequence] != index:
            exclusions.append(Exclusion(index, "duplicate", first[sequence]))
        else:
            kept.append(index)
    return np.array(kept, dtype=np.intp), exclusions


def without_conflicts(data: LabelledSequences, used: LabelledSequences) -> LabelledSequences:
    """Return the records whose sequence has one answer in the whole of the data.

    Parameters
    ----------
    data
        The whole.
    used
        Some of its records.
    """
    _, exclusions = resolve_duplicates(data)
    conflicting = {
        data.sequences[exclusion.index]
        for exclusion in exclusions
        if exclusion.reason == "conflicting_labels"
    }
    return used.subset(
        k for k, sequence in enumerate(used.sequences) if sequence not in conflicting
    )
