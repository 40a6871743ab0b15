"""Which lengths a search for similar sequences has to bring together, a band of queries at a time.

An alignment that covers a share of both sequences cannot be of two whose lengths differ by more
than that share.  So the queries are put into bands by length, and each band is searched for among
the targets of lengths that it allows: no pair is lost, and the work of most pairs is never done.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Band", "length_bands"]

_MOST_BANDS = 16
_SLACK = 1e-6
"""MMseqs2 divides lengths in single precision."""


class Band(NamedTuple):
    """Queries of about one length, and the targets that they may be alike to.

    Attributes
    ----------
    queries, targets : int64 (n,)
        Places in the two lists, in rising order; neither is empty.
    shortest : int
        Length of the shortest query.
    cells : int
        Letters of the queries times letters of the targets.
    """

    queries: NDArray[np.int64]
    targets: NDArray[np.int64]
    shortest: int
    cells: int


def length_bands(
    queries: NDArray[np.int64],
    targets: NDArray[np.int64],
    coverage: float,
    *,
    fewest_letters: int,
    longest_whole: int,
) -> list[Band]:
    """Put queries into bands of rising length, and name the targets of each.

    Parameters
    ----------
    queries, targets
        int64 (n_queries,) and (n_targets,), their lengths, above 0.
    coverage
        Least share of each of two sequences that their alignment covers, in [0, 1].
    fewest_letters
        A band has about as many letters at least, and a sixteenth of all of them.
    longest_whole
        Longer sequences are searched in pieces, and may be alike to any.

    Returns
    -------
    bands
        Each query is in at most one, with every target whose length it allows; queries that allow
        none are in no band.
    """
    order = np.argsort(queries, kind="stable")
    letters = np.cumsum(queries[order])
    in_each = max(fewest_letters, -(-int(letters[-1]) // _MOST_BANDS)) if len(order) else 1
    # sequences of one length may stand in two bands, which costs nothing
    numbers = (letters - queries[order]) // in_each
    bands = []
    for members in np.split(order, np.flatnonzero(np.diff(numbers)) + 1):
        if len(members) == 0:
            continue
        shortest, longest = int(queries[members[0]]), int(queries[members[-1]])
        allowed = _allowed(targets, shortest, longest, max(coverage - _SLACK, 0.0))
        if longest > longest_whole:
            allowed[:] = True
        found = np.flatnonzero(allowed | (targets > longest_whole))
        if len(found):
            cells = int(queries[members].sum()) * int(targets[found].sum())
            bands.append(Band(np.sort(members), found, shortest, cells))
    return bands


def _allowed(
    targets: NDArray[np.int64], shortest: int, longest: int, coverage: float
) -> NDArray[np.bool_]:
    """Return which lengths are close enough to some of a range."""
    close: NDArray[np.bool_] = (targets >= coverage * shortest) & (targets * coverage <= longest)
    return close
