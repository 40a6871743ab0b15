"""Markov models of sequences: what a language model has to beat.

Of order k, the probability of a letter depends on the k letters before it (fewer at the start,
which is known) and is estimated from its count after them::

    p(x | w) = (n(w x) + alpha) / (n(w) + alpha (V + 1))

over V letters and the end.  alpha = 1/2 is the estimator of Krichevsky and Trofimov 1981,
doi:10.1109/TIT.1981.1056331.  An ambiguity code before a letter is a letter of its own; it is not
predicted itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["MAX_ORDER", "MarkovModel"]

MAX_ORDER = 6


class MarkovModel:
    """A Markov model of encoded sequences.

    Parameters
    ----------
    encoded
        uint8 codes of the sequences to learn from.
    order
        k, from 0 to :data:`MAX_ORDER`.
    n_letters
        V; codes from there on are ambiguity codes.
    alpha
        Added to each count, positive.
    """

    def __init__(
        self,
        encoded: Sequence[np.ndarray],
        order: int,
        n_letters: int,
        *,
        alpha: float = 0.5,
    ) -> None:
        self._order, self._n_letters, self._alpha = order, n_letters, alpha
        words, contexts, _ = self._read(encoded)
        self._words, self._word_counts = np.unique(words, return_counts=True)
        self._contexts, self._context_counts = np.unique(contexts, return_counts=True)

    def log_likelihoods(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Return the log-likelihood of each sequence in nats, its end included, float64 (n,).

        Parameters
        ----------
        encoded
            uint8 codes.
        """
        words, contexts, owners = self._read(encoded)
        n_words = _counts_of(words, self._words, self._word_counts)
        n_contexts = _counts_of(contexts, self._contexts, self._context_counts)
        outcomes = self._n_letters + 1
        chances = (n_words + self._alpha) / (n_contexts + self._alpha * outcomes)
        return np.bincount(owners, np.log(chances), minlength=len(encoded))

    def _read(self, encoded: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return words, contexts and number of the sequence of all that is predicted.

        A context is the k symbols before, in base 256; a word is a context and what comes next.
        """
        if not encoded:
            return (np.empty(0, np.int64),) * 3
        end, start = np.array([254]), np.full(self._order, 255)
        parts = [np.concatenate([start, codes, end]) for codes in encoded]
        lengths = np.array([len(part) for part in parts])
        symbols = np.concatenate(parts)
        owners = np.repeat(np.arange(len(parts)), lengths)
        places = np.arange(len(symbols)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        predicted = (places >= self._order) & ((symbols < self._n_letters) | (symbols == 254))
        at = np.flatnonzero(predicted)
        contexts = np.zeros(len(at), np.int64)
        for back in range(self._order, 0, -1):
            contexts = contexts << 8 | symbols[at - back]
        return contexts << 8 | symbols[at], contexts, owners[at]


def _counts_of(wanted: np.ndarray, known: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the count of each of the wanted numbers, 0 where it is not known."""
    if not len(known):
        return np.zeros(len(wanted), np.int64)
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    found: np.ndarray = np.where(known[places] == wanted, counts[places], 0)
    return found
