"""Next letters: the cross-entropy of a softmax at each step, and what a network gives sequences.

Of a sequence x of n letters, with the end as letter n + 1::

    log P(x) = sum over t = 1 ... n + 1 of log p(x_t | x_1 ... x_(t - 1))

so the probabilities of all sequences, the empty one included, sum to 1.  The direction back does
the same from the other end.  An ambiguity code is read as the average of its letters, and left out
of the sum where it would have to be predicted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastgru.kernels.loss import softmax, softmax_cross_entropy
from fastgru.models.architecture import Architecture
from fastgru.models.language_network import LanguageNetwork
from fastgru.models.network import SequenceNetwork
from fastgru.models.reading import Reading
from fastgru.training.batches import LabelledSet, batches_by_length, pad
from fastgru.training.objective import Objective
from fastgru.training.prediction import MAX_PREDICTION_TOKENS

__all__ = ["LanguageModelling", "count_predicted", "log_likelihoods"]


@dataclass(frozen=True)
class _Batch:
    """Sequences with what is to be predicted at each step.

    Attributes
    ----------
    tokens : uint8 (B, T)
    lengths : int64 (B,)
    targets : int64 (B, T, D)
    predicted : bool (B, T, D)
        Whether anything is.
    """

    tokens: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    predicted: np.ndarray


def _batch(network: LanguageNetwork, encoded: Sequence[np.ndarray]) -> _Batch:
    n_letters, n_directions = network.architecture.n_letters, network.num_directions
    tokens, lengths = pad([network.framed(codes) for codes in encoded])
    # beyond the letters and the end: nothing to predict
    nothing = n_letters + 1
    targets = np.full((*tokens.shape, n_directions), nothing, np.int64)
    for rows, codes in zip(targets, encoded, strict=True):
        known = np.where(codes < n_letters, codes, nothing)
        rows[: len(codes), 0] = known
        rows[len(codes), 0] = n_letters
        if n_directions > 1:
            rows[1, 1] = n_letters
            rows[2 : len(codes) + 2, 1] = known
    predicted = targets < nothing
    return _Batch(tokens, lengths, np.where(predicted, targets, 0), predicted)


def count_predicted(n_letters: int, encoded: Sequence[np.ndarray]) -> np.ndarray:
    """Return how many letters of each sequence a likelihood is of, its end included, int64 (n,).

    Parameters
    ----------
    n_letters
        Of the alphabet; symbols from there on are ambiguity codes.
    encoded
    """
    return np.array([np.count_nonzero(codes < n_letters) + 1 for codes in encoded], np.int64)


def log_likelihoods(network: LanguageNetwork, encoded: Sequence[np.ndarray]) -> np.ndarray:
    """Return the log-likelihoods in nats, float64 (n, D), ahead and back.

    A sequence's row does not depend on the others.
    """
    sums = np.empty((len(encoded), network.num_directions))
    lengths = np.array([len(codes) for codes in encoded], np.int64)
    for chosen in batches_by_length(lengths, MAX_PREDICTION_TOKENS):
        batch = _batch(network, [encoded[k] for k in chosen])
        outputs = network.forward(batch.tokens, batch.lengths)
        logits = outputs.reshape(-1, network.architecture.n_outputs).astype(np.float64)
        probabilities = np.empty_like(logits)
        softmax(logits, probabilities)
        places = np.arange(len(logits)), batch.targets.ravel()
        of_targets = np.maximum(probabilities[places], np.finfo(np.float64).tiny)
        logs = np.log(of_targets).reshape(batch.targets.shape)
        for k, rows, predicted in zip(chosen, logs, batch.predicted, strict=True):
            # one direction at a time: the order of a sum depends on what is summed beside it
            sums[k] = [rows[predicted[:, d], d].sum() for d in range(rows.shape[1])]
    return sums


@dataclass(frozen=True)
class LanguageModelling(Objective):
    """The mean over all letters, and both directions where there are two; targets are not read."""

    score_name = "bits"

    def new_network(
        self, architecture: Architecture, reading: Reading, random_state: int
    ) -> LanguageNetwork:
        """Return the network to train, with its initial weights."""
        return LanguageNetwork(architecture, reading, random_state)

    def write_gradients(
        self, network: SequenceNetwork, data: LabelledSet, chosen: np.ndarray
    ) -> float:
        """Write the gradients of one batch into the network; return its loss."""
        assert isinstance(network, LanguageNetwork)
        batch = _batch(network, [data.encoded[k] for k in chosen])
        outputs = network.forward(batch.tokens, batch.lengths, training=True)
        logits = outputs.reshape(-1, network.architecture.n_outputs)
        weights = batch.predicted * data.weights[chosen][:, None, None]
        doutputs = np.empty_like(logits)
        loss = softmax_cross_entropy(
            logits, batch.targets.ravel(), weights.ravel(), 0.0, 0.0, doutputs
        )
        network.backward(doutputs.reshape(outputs.shape))
        return float(loss)

    def validate(self, network: SequenceNetwork, data: LabelledSet) -> tuple[float, float]:
        """Return the mean loss in nats, and the bits per letter ahead."""
        assert isinstance(network, LanguageNetwork)
        sums = log_likelihoods(network, data.encoded)
        n_predicted = count_predicted(network.architecture.n_letters, data.encoded)
        weights = data.weights / np.sum(data.weights * n_predicted)
        by_direction = -(weights[:, None] * sums).sum(axis=0)
        return float(by_direction.mean()), float(by_direction[0] / math.log(2))
