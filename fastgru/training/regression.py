"""Numbers for each sequence: the mean squared error of standardised targets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet
from fastgru.training.known_targets import KnownTargets, known_shares
from fastgru.training.prediction import predict_logits

__all__ = ["Regression"]


@dataclass(frozen=True, eq=False)
class Regression(KnownTargets):
    """Targets are float64 (n, k) in units of their own, NaN where one is missing.

    With z = (target - mean) / deviation, o the outputs and w the weights of the sequences, sums
    over the targets that are known::

        loss       = sum w_b (o_bk - z_bk)^2 / sum w_b
        dloss/do_bk = 2 w_b (o_bk - z_bk) / sum w_b

    Attributes
    ----------
    mean, deviation
        float64 (k,), by which targets are standardised; see :meth:`for_training`.
    """

    mean: np.ndarray
    deviation: np.ndarray
    score_name = "r2"

    @classmethod
    def of(cls, n_targets: int) -> Regression:
        """Return the objective before it has seen any targets."""
        return cls(np.zeros(n_targets), np.ones(n_targets))

    def for_training(self, training: LabelledSet) -> Regression:
        """Return the objective with weighted mean and deviation of the known targets.

        The deviation of a target that never changes, or is never known, is 1.

        Parameters
        ----------
        training
        """
        known = np.where(np.isnan(training.targets), 0.0, training.weights[:, None])
        total = np.maximum(known.sum(axis=0), np.finfo(np.float64).tiny)
        values = np.nan_to_num(training.targets)
        # a product of matrices would sum in another order with more threads
        mean = (known * values).sum(axis=0) / total
        deviation = np.sqrt((known * (values - mean) ** 2).sum(axis=0) / total)
        # the mean of equal numbers may miss them by a rounding
        varies = deviation > 1e-12 * np.abs(mean)
        return replace(self, mean=mean, deviation=np.where(varies, deviation, 1.0))

    def loss(
        self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Return the weighted mean squared error, and its gradient float64 (n, k)."""
        shares = known_shares(targets, weights)
        errors = np.nan_to_num(outputs - (targets - self.mean) / self.deviation)
        return float((shares * errors**2).sum()), 2 * shares * errors

    def in_units(self, outputs: np.ndarray) -> np.ndarray:
        """Return outputs float64 (n, k) in the units of the targets."""
        values: np.ndarray = outputs * self.deviation + self.mean
        return values

    def validate(self, network: SequenceNetwork, data: LabelledSet) -> tuple[float, float]:
        """Return the weighted loss, and the plain mean of R^2 over the targets that vary."""
        outputs = predict_logits(network, data.encoded)
        loss, _ = self.loss(outputs, data.targets, data.weights)
        errors = data.targets - self.in_units(outputs)
        known = ~np.isnan(data.targets)
        means = np.nansum(data.targets, axis=0) / np.maximum(known.sum(axis=0), 1)
        total = np.nansum((data.targets - means) ** 2, axis=0)
        residual = np.nansum(errors**2, axis=0)
        # not by the squares: the mean of equal numbers may miss them by a rounding
        columns = (column[there] for column, there in zip(data.targets.T, known.T, strict=True))
        varies = np.array([len(np.unique(column)) > 1 for column in columns])
        r2 = float(np.mean(1 - residual[varies] / total[varies])) if varies.any() else np.nan
        return loss, r2
