"""New translations from an encoder-decoder: beam search, greedy where the beam holds one.

Of all beginnings of a translation, the ``beam_size`` likeliest are kept after each token.  Those
that have ended stay among them with their score.  Scores are log P(y | x) over the penalty of Wu et
al. 2016, arXiv 1609.08144, equation 14, with n tokens, the end included::

    ((5 + n) / 6) ** length_penalty
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fastgru.kernels.loss import softmax
from fastgru.models.encoder_decoder import DecoderState, EncoderDecoder
from fastgru.training.batches import batches_by_length, pad
from fastgru.training.prediction import MAX_PREDICTION_TOKENS

__all__ = ["Translated", "translate"]


class Translated(NamedTuple):
    """A translation.

    Attributes
    ----------
    codes : int64 (n,)
        Its tokens.
    log_probability : float
        Of the tokens and the end, in nats; of the tokens alone where it has not ended.
    ended : bool
        Whether it ended before it had the largest number of tokens.
    """

    codes: np.ndarray
    log_probability: float
    ended: bool


def translate(
    network: EncoderDecoder,
    encoded: Sequence[np.ndarray],
    limits: np.ndarray,
    *,
    beam_size: int = 1,
    length_penalty: float = 0.0,
) -> list[Translated]:
    """Return the translation of each sequence; it does not depend on the others.

    Parameters
    ----------
    network
    encoded
    limits
        int64 (n,), most tokens of each, the end included, at least 1.
    beam_size
        At least 1.
    length_penalty
        Not negative; 0 for none.
    """
    found: dict[int, Translated] = {}
    lengths = np.array([len(codes) for codes in encoded], np.int64)
    for chosen in batches_by_length(lengths * beam_size, MAX_PREDICTION_TOKENS):
        search = _Search(network, [encoded[k] for k in chosen], limits[chosen], beam_size)
        found |= zip(chosen.tolist(), search.run(length_penalty), strict=True)
    return [found[number] for number in range(len(encoded))]


class _Search:
    """The beams of a batch of sequences: arrays of A sequences that go on by K translations."""

    def __init__(
        self,
        network: EncoderDecoder,
        encoded: Sequence[np.ndarray],
        limits: np.ndarray,
        beam_size: int,
    ) -> None:
        n, self._network, self._limits = len(encoded), network, limits
        begun = network.begin(*pad(encoded))
        numbers = np.arange(n)
        self._state: DecoderState = begun.take(numbers, np.repeat(numbers, beam_size))
        self._active = numbers
        self._done: dict[int, Translated] = {}
        self._codes = np.empty((n, beam_size, 0), np.int64)
        self._lengths = np.zeros((n, beam_size), np.int64)
        self._ended = np.zeros((n, beam_size), bool)
        # all translations are the same before the first token, and one of them is enough
        self._scores = np.full((n, beam_size), -np.inf)
        self._scores[:, 0] = 0.0

    def run(self, length_penalty: float) -> list[Translated]:
        """Return the best translation of each sequence."""
        last = np.full_like(self._lengths, self._network.start)
        while len(self._active):
            self._extend(last, length_penalty)
            self._finish(length_penalty)
            last = self._codes[:, :, -1]
        return [self._done[number] for number in range(len(self._limits))]

    def _extend(self, last: np.ndarray, length_penalty: float) -> None:
        """Go on by one token, and keep the best of all ways to do so."""
        (n, beam_size), end = self._lengths.shape, self._network.end
        logits, state = self._network.step(self._state, last.ravel())
        probabilities = np.empty(logits.shape)
        softmax(logits.astype(np.float64), probabilities)
        logs = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
        scores = self._scores[..., None] + logs.reshape(n, beam_size, -1)
        scores[self._ended] = -np.inf  # but for the one way in which they stay as they are
        scores[self._ended, end] = self._scores[self._ended]
        lengths = self._lengths + ~self._ended
        penalised = scores / _penalty(lengths, length_penalty)[..., None]
        order = np.argsort(-penalised.reshape(n, -1), axis=1, kind="stable")[:, :beam_size]
        parents, tokens = np.divmod(order, end + 1)
        rows = np.arange(n)[:, None]
        self._scores = scores[rows, parents, tokens]
        self._ended = self._ended[rows, parents] | (tokens == end)
        self._lengths = lengths[rows, parents]
        # the end is no token that could be fed
        fed = np.where(tokens == end, self._network.start, tokens)
        self._codes = np.concatenate([self._codes[rows, parents], fed[..., None]], axis=2)
        self._state = state.take(rows[:, 0], (rows * beam_size + parents).ravel())

    def _finish(self, length_penalty: float) -> None:
        """Note the translations that can get no better, and go on with the others."""
        penalised = self._scores / _penalty(self._lengths, length_penalty)
        best = penalised.argmax(axis=1)
        done = self._ended.all(axis=1) | (self._codes.shape[2] >= self._limits[self._active])
        if length_penalty == 0:  # what follows can only make the others less likely
            done |= self._ended[np.arange(len(best)), best]
        for place in np.flatnonzero(done):
            k = best[place]
            ended = bool(self._ended[place, k])
            n_tokens = int(self._lengths[place, k]) - ended
            # a view would keep the beams of all sequences for as long as the translation
            codes = self._codes[place, k, :n_tokens].copy()
            self._done[int(self._active[place])] = Translated(
                codes, float(self._scores[place, k]), ended
            )
        if not done.any():
            return
        left, beam_size = np.flatnonzero(~done), self._lengths.shape[1]
        self._active = self._active[left]
        rows = (left[:, None] * beam_size + np.arange(beam_size)).ravel()
        self._state = self._state.take(left, rows)
        self._scores, self._ended = self._scores[left], self._ended[left]
        self._lengths, self._codes = self._lengths[left], self._codes[left]


def _penalty(lengths: np.ndarray, length_penalty: float) -> np.ndarray:
    penalty: np.ndarray = ((5.0 + lengths) / 6.0) ** length_penalty
    return penalty
