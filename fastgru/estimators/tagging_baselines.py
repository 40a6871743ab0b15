"""Simple ways to label letters, which a tagger has to beat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from fastgru.data.alphabets import get_alphabet
from fastgru.data.step_labels import MASKED
from fastgru.estimators.inputs import encode_sequences

__all__ = ["label_by_majority", "label_by_windows"]

WINDOW = 7
"""Letters on either side that the window of a letter holds."""

Rows = Sequence[str]


def label_by_majority(labels: Rows, sequences: Rows) -> list[str]:
    """Give every letter the label that is commonest in training, of equal ones the first.

    Parameters
    ----------
    labels
        Those of training, a letter for each letter.
    sequences
        To be labelled.
    """
    counts = Counter("".join(labels))
    del counts[MASKED]
    commonest = min(counts, key=lambda label: (-counts[label], label))
    return [commonest * len(letters) for letters in sequences]


def label_by_windows(
    alphabet: str, training: tuple[Rows, Rows], sequences: Rows, *, max_iter: int = 1000
) -> list[str]:
    """Label each letter by a logistic regression on the letters within ``WINDOW`` places.

    Parameters
    ----------
    alphabet
        Name of the alphabet; each ambiguity code counts as a letter of its own.
    training
        Sequences and their labels, a letter for each letter.
    sequences
        To be labelled.
    max_iter
        Most steps of the solver.
    """
    learned, known = _windows(alphabet, training[0]), np.array(list("".join(training[1])))
    present = known != MASKED
    if len(np.unique(known[present])) == 1:  # nothing to tell apart
        return label_by_majority(training[1], sequences)
    model = LogisticRegression(max_iter=max_iter)
    model.fit(learned[np.flatnonzero(present)], known[present])
    found: Any = model.predict(_windows(alphabet, sequences))
    ends = np.cumsum([len(letters) for letters in sequences])[:-1]
    return ["".join(row.tolist()) for row in np.split(found, ends)]


def _windows(alphabet: str, sequences: Rows) -> csr_matrix:
    """Return one row of ones and zeros for each letter; a place past an end has no one."""
    n_symbols = len(get_alphabet(alphabet).symbols)
    columns, counts = [], []
    offsets = np.arange(2 * WINDOW + 1) * n_symbols
    for codes in encode_sequences(get_alphabet(alphabet), sequences):
        padded = np.full(len(codes) + 2 * WINDOW, -1)
        padded[WINDOW:-WINDOW] = codes
        rows = np.lib.stride_tricks.sliding_window_view(padded, len(offsets))
        columns.append((rows + offsets)[rows >= 0])
        counts.append((rows >= 0).sum(axis=1))
    ends = np.append(0, np.cumsum(np.concatenate(counts)))
    places = np.concatenate(columns)
    shape = len(ends) - 1, len(offsets) * n_symbols
    return csr_matrix((np.ones(len(places)), places, ends), shape=shape)
