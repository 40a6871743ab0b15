"""Scores of parts of the test records: by likeness to the training sequences, and by length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.report.scored_runs import ScoredRun

__all__ = ["IDENTITY_EDGES", "scores_by_identity", "scores_by_length"]

IDENTITY_EDGES = (0.0, 0.3, 0.5, 0.9, 1.0)
_LENGTH_BANDS = 4


def scores_by_identity(runs: Mapping[str, ScoredRun]) -> list[dict[str, Any]]:
    """Score each contender by the identity of records with their nearest training sequence.

    Parameters
    ----------
    runs
        Pooled runs of all contenders by name, of the same records in the same order; the identities
        are those of the one that knows them.  A record that is tested repeatedly, against other
        training sequences each time, has an identity in each.

    Returns
    -------
    bands
        Below 30 %, 30 to 50 %, 50 to 90 %, and above: ``name``, ``low``, ``high``, ``n``
        predictions, and ``metrics`` by contender.  Empty if no contender knows identities.
    """
    known = [run for run in runs.values() if "identity" in run.measures]
    if not known:
        return []
    values = np.array(known[0].measures["identity"])
    bounds = list(pairwise(IDENTITY_EDGES))
    names = [f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in bounds]
    names[0], names[-1] = f"below {100 * bounds[0][1]:.0f} %", f"above {100 * bounds[-1][0]:.0f} %"
    return _score_bands(runs, values, bounds, names)


def scores_by_length(runs: Mapping[str, ScoredRun], unit: str = "letters") -> list[dict[str, Any]]:
    """Score each contender by the length of the records, in up to four bands of equal size.

    Parameters
    ----------
    runs
        As for :func:`scores_by_identity`.
    unit
        What the records are made of.

    Returns
    -------
    bands
        As there; empty if all records have one length.
    """
    known = [run for run in runs.values() if "length" in run.measures]
    if not known:
        return []
    values = np.array(known[0].measures["length"])
    quantiles = np.quantile(values, np.linspace(0, 1, _LENGTH_BANDS + 1), method="higher")
    edges = np.unique(quantiles).tolist()
    if len(edges) < 2:
        return []
    bounds = [*pairwise(edges[:-1]), (edges[-2], edges[-1] + 1)]
    names = [f"{low:.0f} to {high - 1:.0f} {unit}" for low, high in bounds]
    return _score_bands(runs, values, bounds, names)


def _score_bands(
    runs: Mapping[str, ScoredRun],
    values: NDArray[np.float64],
    bounds: Sequence[tuple[float, float]],
    names: Sequence[str],
) -> list[dict[str, Any]]:
    last = bounds[-1][1]
    bands = []
    for (low, high), name in zip(bounds, names, strict=True):
        inside = (values >= low) & ((values < high) | ((high == last) & (values == high)))
        metrics = {
            contender: run.predictions.scores(inside.astype(np.float64))
            for contender, run in runs.items()
            if inside.any()
        }
        n = int(inside.sum())
        bands.append({"name": name, "low": low, "high": high, "n": n, "metrics": metrics})
    return bands
