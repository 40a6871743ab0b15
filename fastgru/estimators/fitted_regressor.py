"""What a trained regressor can do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.training.prediction import predict_logits
from fastgru.training.regression import Regression

__all__ = ["FittedRegressor"]


@dataclass(frozen=True, kw_only=True)
class FittedRegressor(FittedNetwork):
    """A trained network that predicts numbers.

    Attributes
    ----------
    targets
        Their k names.
    objective
        With mean and deviation of the targets in training.
    residuals
        For each target the absolute errors on the validation set, rising, in its units; empty
        without validation set.
    """

    task = "regression"
    targets: np.ndarray
    objective: Regression
    residuals: list[np.ndarray]

    def predict(self, sequences: Sequence[str], threads: int | None) -> np.ndarray:
        """Return predictions float64 (n, k), in the units of the targets.

        Parameters
        ----------
        sequences
        threads
            Most threads to use; None for all CPUs that the process may use.
        """
        encoded = self.encode_readable(sequences)
        with threads_limited_to(threads):
            return self.objective.in_units(predict_logits(self.network, encoded))

    def half_widths(self, coverage: float) -> np.ndarray:
        """Return how far intervals reach to both sides, float64 (k,), infinite if that is unknown.

        The split conformal method: of n absolute residuals, that of rank ``ceil((n + 1) coverage)``
        (Lei et al. 2018, doi:10.1080/01621459.2017.1307116, algorithm 2).

        Parameters
        ----------
        coverage
            Above 0 and below 1.
        """
        widths = np.full(len(self.residuals), math.inf)
        for k, sizes in enumerate(self.residuals):
            # 10 * 0.7 is above 7 by a rounding
            rank = math.ceil(round((len(sizes) + 1) * coverage, 9))
            if rank <= len(sizes):
                widths[k] = sizes[max(rank, 1) - 1]
        return widths
