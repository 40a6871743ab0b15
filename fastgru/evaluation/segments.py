"""Segment overlap: whether stretches of one label are found as such, not letter by letter.

SOV as Zemla et al. 1999 define it (Proteins 34, 220-223).  With s1 a segment of the truth and
s2 one of the prediction that overlaps it, both of class i::

    SOV_i = sum over the pairs of len(s1) (minov + delta) / maxov  /  N_i
    delta = min(maxov - minov, minov, len(s1) // 2, len(s2) // 2)

where minov is the length of the overlap, maxov that of both together, and N_i sums len(s1) over
the pairs and over the segments s1 that no s2 overlaps.  SOV of all classes divides the sum of their
numerators by that of their N.  Here it is a share, not a percentage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["count_overlaps"]

Segment = tuple[int, int]
"""Where a segment begins, and where the next one does."""


def count_overlaps(
    true: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the numerators of SOV, and N, of each class in one sequence.

    Parameters
    ----------
    true
        (length,), class of each letter; below 0 where it is not known: such letters are in no
        segment, neither of the truth nor of the prediction.
    predicted
        (length,), class of each letter.
    n_classes

    Returns
    -------
    tuple
        Two arrays float64 (n_classes,).
    """
    found = _segments(np.where(true < 0, -1, predicted), n_classes)
    overlaps, totals = np.zeros((2, n_classes))
    for k, truths in enumerate(_segments(true, n_classes)):
        first = 0
        for begin, end in truths:
            while first < len(found[k]) and found[k][first][1] <= begin:
                first += 1
            number = first
            while number < len(found[k]) and found[k][number][0] < end:
                overlaps[k] += _share((begin, end), found[k][number]) * (end - begin)
                totals[k] += end - begin
                number += 1
            if number == first:
                totals[k] += end - begin
    return overlaps, totals


def _share(truth: Segment, found: Segment) -> float:
    """Return (minov + delta) / maxov of two segments that overlap."""
    least = min(truth[1], found[1]) - max(truth[0], found[0])
    most = max(truth[1], found[1]) - min(truth[0], found[0])
    halves = (truth[1] - truth[0]) // 2, (found[1] - found[0]) // 2
    return (least + min(most - least, least, *halves)) / most


def _segments(labels: NDArray[np.int64], n_classes: int) -> list[list[Segment]]:
    """Return the segments of each class, in order."""
    begins = np.flatnonzero(np.append(True, labels[1:] != labels[:-1]))
    segments: list[list[Segment]] = [[] for _ in range(n_classes)]
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(labels)], strict=True):
        if labels[begin] >= 0:
            segments[labels[begin]].append((begin, end))
    return segments
