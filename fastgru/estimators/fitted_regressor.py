"""What a trained regressor can do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru._numba import threads_limited_to
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.model_card import damaged, network_fields, require_entries
from fastgru.models.model_file import SavedModel
from fastgru.training.prediction import predict_logits
from fastgru.training.regression import Regression

__all__ = ["FittedRegressor", "read_regressor"]


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
            return self.of_encoded(encoded)

    def of_encoded(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return predictions float64 (n, k) for encoded sequences that the network can read."""
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

    def card_entries(self) -> dict[str, Any]:
        """Return the targets, their scale and the residuals."""
        return {
            "targets": self.targets.tolist(),
            "target_mean": self.objective.mean.tolist(),
            "target_deviation": self.objective.deviation.tolist(),
            "residuals": [sizes.tolist() for sizes in self.residuals],
        }


def read_regressor(saved: SavedModel, name: str) -> FittedRegressor:
    """Return the regressor that a model file holds.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.

    Raises
    ------
    ModelFileError
        If its card contradicts itself.
    """
    (network,) = saved.networks
    card, fields = network.card, network_fields(network, name, "regression")
    entries = ("targets", "target_mean", "target_deviation", "residuals")
    require_entries(network, name, entries)
    mean, deviation = np.array(card["target_mean"]), np.array(card["target_deviation"])
    residuals = [np.array(sizes, np.float64) for sizes in card["residuals"]]
    if any((np.diff(sizes) < 0).any() for sizes in residuals):
        raise damaged(name, "residuals do not rise")
    return FittedRegressor(
        **fields,
        targets=np.array(card["targets"]),
        objective=Regression(mean.astype(np.float64), deviation.astype(np.float64)),
        residuals=residuals,
    )
