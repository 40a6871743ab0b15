"""Shortcuts to targets: how well one trivial feature alone predicts each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet
from fastgru.data.answers import Answers
from fastgru.data.labelled import LabelledSequences
from fastgru.data.probes import find_number_shortcuts, find_shortcuts

__all__ = ["find_target_shortcuts"]

_MOST_TARGETS = 20
"""A target takes about a second."""


def find_target_shortcuts(
    used: LabelledSequences,
    answers: Answers,
    alphabet: Alphabet,
    groups: NDArray[np.int64] | None,
) -> tuple[list[dict[str, Any]], str]:
    """Measure every probe on each of the first 20 targets, on the records where it is known.

    Parameters
    ----------
    used
        n records with targets, no sequence repeated.
    answers
        Theirs.
    alphabet
    groups
        int64 (n,), as for :func:`fastgru.data.probes.find_shortcuts`.

    Returns
    -------
    shortcuts
        Entries of :func:`.probes.find_shortcuts` for several labels, else of
        :func:`.probes.find_number_shortcuts`, each with its ``target``; the first target first.
    over
        ``"records"`` if it was so for any target, else ``"groups"``.
    """
    found: list[dict[str, Any]] = []
    dealt = {"groups" if groups is not None else "records"}
    for column, name in enumerate(answers.names[:_MOST_TARGETS]):
        values = [row[column] for row in used.targets or ()]
        known = [place for place, value in enumerate(values) if value is not None]
        sequences = [used.sequences[place] for place in known]
        numbers = [float(values[place] or 0) for place in known]
        of_known = None if groups is None else groups[known]
        if answers.task == "multilabel":
            labels = [f"{name} = {number:g}" for number in numbers]
            if len(set(labels)) < 2:
                continue
            entries, over = find_shortcuts(sequences, labels, alphabet, groups=of_known)
        else:
            entries, over = find_number_shortcuts(sequences, numbers, alphabet, groups=of_known)
        found += [{"target": name, **entry} for entry in entries]
        dealt.add(over)
    return found, "records" if "records" in dealt else "groups"
