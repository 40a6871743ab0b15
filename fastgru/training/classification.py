"""One class for each sequence: the cross-entropy of a softmax."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastgru.kernels.loss import softmax_cross_entropy
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet, pad
from fastgru.training.objective import Objective
from fastgru.training.prediction import predict_probabilities

__all__ = ["Classification"]


@dataclass(frozen=True)
class Classification(Objective):
    """Targets are int64 (n,), the number of each sequence's class.

    Attributes
    ----------
    label_smoothing, focal_gamma
        As in :class:`fastgru.SequenceClassifier`.
    """

    label_smoothing: float = 0.0
    focal_gamma: float = 0.0
    score_name = "accuracy"

    def write_gradients(
        self, network: SequenceNetwork, data: LabelledSet, chosen: np.ndarray
    ) -> float:
        """Write the gradients of one batch into the network; return its loss."""
        tokens, lengths = pad([data.encoded[k] for k in chosen])
        logits = network.forward(tokens, lengths, training=True)
        dlogits = np.empty_like(logits)
        loss = softmax_cross_entropy(
            *(logits, data.targets[chosen], data.weights[chosen]),
            *(self.label_smoothing, self.focal_gamma, dlogits),
        )
        network.backward(dlogits)
        return float(loss)

    def validate(self, network: SequenceNetwork, data: LabelledSet) -> tuple[float, float]:
        """Return the weighted mean of the log loss, without smoothing or focus, and accuracy."""
        probabilities = predict_probabilities(network, data.encoded)
        chosen = probabilities[np.arange(len(data.targets)), data.targets]
        loss = -np.log(np.maximum(chosen, np.finfo(np.float64).tiny))
        accuracy = np.mean(probabilities.argmax(axis=1) == data.targets)
        return float(np.average(loss, weights=data.weights)), float(accuracy)
