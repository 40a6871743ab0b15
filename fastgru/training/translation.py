"""Tokens of translations: the cross-entropy of a softmax at each, and how it scores given ones.

Of a translation y of n tokens of a sequence x, with the end as token n + 1::

    log P(y | x) = sum over t = 1 ... n + 1 of log p(y_t | x, y_1 ... y_(t - 1))

In training, and where given translations are scored, the tokens before y_t are the true ones
(teacher forcing).  A code that stands for several tokens is read as their average, and left out of
the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from fastgru.data.target_alphabets import next_tokens
from fastgru.kernels.loss import softmax, softmax_cross_entropy
from fastgru.models.architecture import Architecture
from fastgru.models.encoder_decoder import EncoderDecoder
from fastgru.models.network import SequenceNetwork
from fastgru.models.reading import Reading
from fastgru.training.batches import LabelledSet, batches_by_length, pad
from fastgru.training.objective import Objective
from fastgru.training.prediction import MAX_PREDICTION_TOKENS

__all__ = ["TokenScores", "Translation", "as_targets", "score_tokens"]


class TokenScores(NamedTuple):
    """What a network gives each of n given translations, their ends included.

    Attributes
    ----------
    log_likelihoods : float64 (n,)
        In nats.
    n_right : int64 (n,)
        Tokens that are the most probable ones behind the true tokens before them.
    n_tokens : int64 (n,)
        Tokens that were scored.
    """

    log_likelihoods: np.ndarray
    n_right: np.ndarray
    n_tokens: np.ndarray


def _run(
    network: EncoderDecoder, data: LabelledSet, chosen: np.ndarray, *, training: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits (B, T + 1, K), the next tokens (B, T + 1), and which of these count."""
    translations = [data.targets[k] for k in chosen]
    written = pad(translations)
    logits = network.forward(*pad([data.encoded[k] for k in chosen]), written, training=training)
    targets = np.full(logits.shape[:2], network.end)
    counts = np.zeros(logits.shape[:2], bool)
    for row, codes in enumerate(translations):
        targets[row, : len(codes) + 1], counts[row, : len(codes) + 1] = next_tokens(
            codes, network.end
        )
    return logits, targets, counts


def score_tokens(network: EncoderDecoder, data: LabelledSet) -> TokenScores:
    """Return how the network scores given translations; those of one do not depend on others.

    Parameters
    ----------
    network
    data
        Sequences, with the codes of their translations as targets.
    """
    n = len(data.encoded)
    scores = TokenScores(np.empty(n), np.empty(n, np.int64), np.empty(n, np.int64))
    pairs = zip(data.encoded, data.targets, strict=True)
    lengths = np.array([max(len(codes), len(target) + 1) for codes, target in pairs])
    for chosen in batches_by_length(lengths, MAX_PREDICTION_TOKENS):
        logits, targets, counts = _run(network, data, chosen, training=False)
        for k, rows, wanted, counted in zip(chosen, logits, targets, counts, strict=True):
            # one at a time: the order of a sum depends on what is summed beside it
            known, number = rows[counted].astype(np.float64), wanted[counted]
            probabilities = np.empty_like(known)
            softmax(known, probabilities)
            of_targets = probabilities[np.arange(len(number)), number]
            logs = np.log(np.maximum(of_targets, np.finfo(np.float64).tiny))
            scores.log_likelihoods[k] = logs.sum()
            scores.n_right[k] = np.count_nonzero(known.argmax(axis=1) == number)
            scores.n_tokens[k] = len(number)
    return scores


@dataclass(frozen=True, eq=False)
class Translation(Objective):
    """Targets are an object array (n,) of the codes of each sequence's translation, uint8.

    The loss is the mean over all tokens of a batch, each with the weight of its sequence.

    Attributes
    ----------
    written_mixture : float64 (n_codes, n_tokens)
        The tokens that each code stands for.
    letters_per_token
        As in :class:`fastgru.models.architecture.Architecture`.
    label_smoothing
        As in :class:`fastgru.Seq2Seq`.
    """

    written_mixture: np.ndarray
    letters_per_token: float
    label_smoothing: float = 0.0
    score_name = "token_accuracy"
    shares_batches = False

    def new_network(
        self, architecture: Architecture, reading: Reading, random_state: int
    ) -> EncoderDecoder:
        """Return the network to train, with its initial weights."""
        sizes = replace(architecture, letters_per_token=self.letters_per_token)
        return EncoderDecoder(sizes, reading, self.written_mixture, random_state)

    def write_gradients(
        self, network: SequenceNetwork, data: LabelledSet, chosen: np.ndarray
    ) -> float:
        """Write the gradients of one batch into the network; return its loss."""
        assert isinstance(network, EncoderDecoder)
        logits, targets, counts = _run(network, data, chosen, training=True)
        weights = np.broadcast_to(data.weights[chosen][:, None], counts.shape)[counts]
        d_known = np.empty_like(logits[counts])
        loss = softmax_cross_entropy(
            *(logits[counts], targets[counts], weights, self.label_smoothing, 0.0, d_known)
        )
        d_logits = np.zeros_like(logits)
        d_logits[counts] = d_known
        network.backward(d_logits)
        return float(loss)

    def validate(self, network: SequenceNetwork, data: LabelledSet) -> tuple[float, float]:
        """Return the weighted mean loss in nats per token, and the share of right tokens."""
        assert isinstance(network, EncoderDecoder)
        scores = score_tokens(network, data)
        loss = -np.sum(data.weights * scores.log_likelihoods)
        loss /= np.sum(data.weights * scores.n_tokens)
        return float(loss), float(scores.n_right.sum() / scores.n_tokens.sum())


def as_targets(translations: Sequence[np.ndarray]) -> np.ndarray:
    """Return the codes of translations as an object array (n,)."""
    targets = np.empty(len(translations), object)
    targets[:] = list(translations)
    return targets
