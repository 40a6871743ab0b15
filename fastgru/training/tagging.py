"""One class for each letter of a sequence: cross-entropy by letter, or a random field over all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fastgru.kernels.loss import softmax, softmax_cross_entropy
from fastgru.layers.crf import UNKNOWN
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet, pad
from fastgru.training.objective import Objective
from fastgru.training.prediction import step_logits

__all__ = ["Tagging", "predict_step_labels", "predict_step_probabilities", "predict_steps"]


@dataclass(frozen=True)
class Tagging(Objective):
    """Targets are an int32 array for each sequence: the class of each letter, or ``UNKNOWN``.

    The loss is the mean over all letters of known class, whichever sequences they are in; a letter
    weighs what its sequence and its class weigh.  With a random field it is -log p of all known
    classes, by the number of letters that have one.

    Attributes
    ----------
    class_weights
        float64 (n_classes,); without effect on a random field.
    label_smoothing, focal_gamma
        As in :class:`fastgru.SequenceTagger`.
    """

    class_weights: np.ndarray
    label_smoothing: float = 0.0
    focal_gamma: float = 0.0
    score_name = "accuracy"

    def write_gradients(
        self, network: SequenceNetwork, data: LabelledSet, chosen: np.ndarray
    ) -> float:
        """Write the gradients of one batch into the network; return its loss."""
        tokens, lengths = pad([data.encoded[k] for k in chosen])
        labels = _pad_labels([data.targets[k] for k in chosen])
        logits = network.forward(tokens, lengths, training=True)
        weights = data.weights[chosen]
        if network.crf is None:
            loss, dlogits = self._loss_by_letter(logits, labels, weights)
        else:
            total = (weights * (labels != UNKNOWN).sum(axis=1)).sum()
            shares = weights / (total or 1.0)
            loss, dlogits = network.crf.loss(logits, lengths, labels, shares)
        network.backward(dlogits)
        return loss

    def _loss_by_letter(
        self, logits: np.ndarray, labels: np.ndarray, weights: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Return the weighted mean of the loss of each letter, and the gradient of the logits."""
        dlogits = np.zeros_like(logits)
        weight_of = np.where(labels == UNKNOWN, 0.0, self.class_weights[labels]) * weights[:, None]
        known = weight_of > 0
        of_known = np.empty((np.count_nonzero(known), logits.shape[2]), logits.dtype)
        loss = softmax_cross_entropy(
            *(logits[known], labels[known], weight_of[known]),
            *(self.label_smoothing, self.focal_gamma, of_known),
        )
        dlogits[known] = of_known
        return float(loss), dlogits

    def validate(self, network: SequenceNetwork, data: LabelledSet) -> tuple[float, float]:
        """Return the mean loss of the letters of known class, plain but for weights, and accuracy.

        The accuracy is the share of these letters that get their class.
        """
        plain = Tagging(self.class_weights)
        losses, total, n_right, n_known = 0.0, 0.0, 0, 0
        for chosen, lengths, logits in step_logits(network, data.encoded):
            labels = _pad_labels([data.targets[k] for k in chosen])
            weights, known = data.weights[chosen], labels != UNKNOWN
            if network.crf is None:
                shares = self.class_weights[labels[known]] * np.repeat(weights, known.sum(axis=1))
                weight = float(shares.sum())
                if weight > 0:
                    losses += weight * plain._loss_by_letter(logits, labels, weights)[0]
            else:
                # a product of vectors would sum in another order with more threads
                weight = float((weights * known.sum(axis=1)).sum())
                losses += network.crf.loss(logits, lengths, labels, weights)[0]
            total += weight
            right = _choose(network, lengths, logits)[known] == labels[known]
            n_right += int(right.sum())
            n_known += len(right)
        return losses / (total or 1.0), n_right / n_known


def _pad_labels(labels: Sequence[np.ndarray]) -> np.ndarray:
    """Return the classes of each sequence, int64 (B, T), unknown past each end."""
    padded = np.full((len(labels), max(map(len, labels))), UNKNOWN)
    for row, given in zip(padded, labels, strict=True):
        row[: len(given)] = given
    return padded


def _choose(network: SequenceNetwork, lengths: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the class of each step, int64 (B, T), anything past a sequence's end."""
    if network.crf is not None:
        return network.crf.decode(logits, lengths)
    chosen: np.ndarray = logits.argmax(axis=2)
    return chosen


def predict_step_labels(
    network: SequenceNetwork, encoded: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return the class of each letter, int64 (length,) for each sequence.

    The most probable one, or with a random field that of the most probable path.
    """
    found = [np.empty(0, np.int64)] * len(encoded)
    for chosen, lengths, logits in step_logits(network, encoded):
        labels = _choose(network, lengths, logits)
        for k, row, length in zip(chosen, labels, lengths, strict=True):
            found[k] = row[:length].copy()
    return found


def predict_step_probabilities(
    network: SequenceNetwork, encoded: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return the class probabilities of each letter, float64 (length, n_outputs) by sequence.

    With a random field those of all paths together that have the class there.
    """
    found = [np.empty((0, 0))] * len(encoded)
    for chosen, lengths, logits in step_logits(network, encoded):
        for k, rows in zip(chosen, _probabilities(network, lengths, logits), strict=True):
            found[k] = rows
    return found


def predict_steps(
    network: SequenceNetwork, encoded: Sequence[np.ndarray]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each sequence what `predict_step_labels` and `predict_step_probabilities` do."""
    found = [(np.empty(0, np.int64), np.empty((0, 0)))] * len(encoded)
    for chosen, lengths, logits in step_logits(network, encoded):
        labels = _choose(network, lengths, logits)
        of_batch = zip(chosen, labels, _probabilities(network, lengths, logits), strict=True)
        for k, row, probabilities in of_batch:
            found[k] = (row[: len(probabilities)].copy(), probabilities)
    return found


def _probabilities(
    network: SequenceNetwork, lengths: np.ndarray, logits: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield the class probabilities of the steps of each sequence, float64 (length, n_outputs)."""
    if network.crf is not None:
        marginals = network.crf.marginals(logits, lengths)
        yield from (rows[:n].copy() for rows, n in zip(marginals, lengths, strict=True))
        return
    for rows, n in zip(logits, lengths, strict=True):
        of_steps = rows[:n].astype(np.float64)
        probabilities = np.empty_like(of_steps)
        softmax(of_steps, probabilities)
        yield probabilities
