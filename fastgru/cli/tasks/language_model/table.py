"""The table of likelihoods that ``predict`` and ``evaluate`` of a language model write."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fastgru.cli.prediction_table import PredictionColumns

if TYPE_CHECKING:
    import numpy as np

__all__ = ["LIKELIHOOD_COLUMNS", "likelihood_cells"]

LIKELIHOOD_COLUMNS = PredictionColumns(
    ("id", "status", "flags", "log_likelihood", "bits_per_letter")
)


def likelihood_cells(
    flags: Sequence[tuple[str, ...]], nats: np.ndarray, n_predicted: np.ndarray
) -> Iterator[list[str]]:
    """Yield the cells of each record below `LIKELIHOOD_COLUMNS`.

    Parameters
    ----------
    flags
        n entries.
    nats, n_predicted
        float64 and int64 (n,): log-likelihoods, and of how many letters they are.
    """
    for names, value, n in zip(flags, nats.tolist(), n_predicted.tolist(), strict=True):
        bits = -value / n / math.log(2)
        yield [";".join(names), f"{value:.8g}", f"{bits:.6g}"]
