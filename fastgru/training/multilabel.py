"""Any number of labels for each sequence: the binary cross-entropy of each label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet
from fastgru.training.known_targets import KnownTargets, known_shares
from fastgru.training.prediction import predict_logits

__all__ = ["Multilabel"]


@dataclass(frozen=True, eq=False)
class Multilabel(KnownTargets):
    """Targets are float64 (n, k): 1 with a label, 0 without, NaN where that is unknown.

    Each label is a softmax of two classes, its logit against 0, so smoothing s and focus f are
    those of :mod:`fastgru.kernels.loss` with K = 2.  With a the logit, its sign turned for y = 0::

        p(a)     = 1 / (1 + exp(-a))
        h(a)     = -(1 - p)^f log p
        h'(a)    = -(1 - p)^f (1 - p - f p log p)
        loss     = (1 - s / 2) h(a) + s / 2 h(-a)
        dloss/da = (1 - s / 2) h'(a) - s / 2 h'(-a)

    summed over the labels that are known, with the weights of sequence and answer, and divided by
    the sum of these.

    Attributes
    ----------
    label_smoothing, focal_gamma
        As in :class:`fastgru.SequenceClassifier`.
    answer_weights
        float64 (2, k), the weights of 0 and of 1 of each label.
    """

    label_smoothing: float
    focal_gamma: float
    answer_weights: np.ndarray
    score_name = "accuracy"

    def loss(
        self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Return the weighted mean of the cross-entropy, and its gradient float64 (n, k)."""
        shares = self.shares(targets, weights)
        sign = np.where(targets == 1, 1.0, -1.0)
        signed = sign * outputs.astype(np.float64)
        wanted = 1 - self.label_smoothing / 2
        right, right_slope = _part(signed, self.focal_gamma)
        wrong, wrong_slope = _part(-signed, self.focal_gamma)
        losses = wanted * right + (1 - wanted) * wrong
        slopes = wanted * right_slope - (1 - wanted) * wrong_slope
        return float((shares * losses).sum()), shares * sign * slopes

    def shares(self, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return what each label counts in the loss, float64 (n, k) with sum 1.

        Parameters
        ----------
        targets, weights
            As in :class:`fastgru.training.batches.LabelledSet`.
        """
        by_answer = np.where(targets == 1, self.answer_weights[1], self.answer_weights[0])
        return known_shares(targets, weights[:, None] * by_answer)

    def validate(self, network: SequenceNetwork, data: LabelledSet) -> tuple[float, float]:
        """Return the weighted log loss, plain, and the share of known labels that are right."""
        logits = predict_logits(network, data.encoded)
        plain = Multilabel(0.0, 0.0, self.answer_weights)
        loss, _ = plain.loss(logits, data.targets, data.weights)
        known = ~np.isnan(data.targets)
        right = (logits > 0) == (data.targets == 1)
        return loss, float(np.mean(right[known])) if known.any() else np.nan


def _part(logits: np.ndarray, focal_gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Return h of logits, and its derivative."""
    surprise = np.logaddexp(0.0, -logits)
    missed = np.exp(-np.logaddexp(0.0, logits))
    if focal_gamma == 0:
        return surprise, -missed
    factor = missed**focal_gamma
    return factor * surprise, -factor * (missed + focal_gamma * np.exp(-surprise) * surprise)
