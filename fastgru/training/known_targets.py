"""Several numbers for each sequence, of which some may be missing."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet, pad
from fastgru.training.objective import Objective

__all__ = ["KnownTargets", "known_shares"]


class KnownTargets(Objective):
    """An objective of tables: targets are float64 (n, k), NaN where one is missing."""

    @abstractmethod
    def loss(
        self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Return the weighted mean loss, and its gradient float64 (n, k).

        Parameters
        ----------
        outputs
            float (n, k), those of the network.
        targets, weights
            As in :class:`fastgru.training.batches.LabelledSet`.
        """

    def write_gradients(
        self, network: SequenceNetwork, data: LabelledSet, chosen: np.ndarray
    ) -> float:
        """Write the gradients of one batch into the network; return its loss."""
        outputs = network.forward(*pad([data.encoded[k] for k in chosen]), training=True)
        loss, doutputs = self.loss(outputs, data.targets[chosen], data.weights[chosen])
        network.backward(doutputs.astype(outputs.dtype))
        return loss


def known_shares(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what each target counts in a weighted mean over those that are known.

    Parameters
    ----------
    targets
        float64 (n, k), NaN where one is missing.
    weights
        float64 (n,) of the sequences or (n, k) of their targets, not negative.

    Returns
    -------
    np.ndarray
        float64 (n, k) with sum 1, zero for what is missing; all zero if nothing is known.
    """
    by_target = weights if weights.ndim == 2 else weights[:, None]
    shares = np.where(np.isnan(targets), 0.0, by_target)
    total = shares.sum()
    return shares / total if total > 0 else shares
