"""The nearest training sequence: what memory of the training set alone would say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from fastgru.data.alphabets import get_alphabet
from fastgru.data.homology import Threshold, find_pairs

__all__ = ["NearestSequence"]

_COVERAGE = 0.5
"""Of both sequences: less is a shared stretch, not a relative."""


class NearestSequence(ClassifierMixin, BaseEstimator):
    """Give a sequence the class of the training sequence that it aligns with best.

    MMseqs2 aligns (:mod:`fastgru.data.mmseqs`).  The identity of the alignment is the weight of
    that class; the rest goes to the classes' shares in training, and all of it where no training
    sequence aligns beyond chance.

    Parameters
    ----------
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``.
    threads
        Most threads to use.
    """

    def __init__(self, alphabet: str = "dna", threads: int = 1) -> None:
        self.alphabet = alphabet
        self.threads = threads

    def fit(self, encoded: Sequence[np.ndarray], targets: np.ndarray) -> NearestSequence:
        """Remember the training sequences.

        Parameters
        ----------
        encoded
            uint8 codes of each sequence.
        targets
            Class numbers, int (n,).
        """
        self.classes_, codes = np.unique(targets, return_inverse=True)
        self._sequences, self._targets = self._decode(encoded), codes
        self._shares = np.bincount(codes) / len(codes)
        return self

    def predict_proba(self, encoded: Sequence[np.ndarray]) -> NDArray[np.float64]:
        """Return class probabilities, float64 (n, n_classes).

        Parameters
        ----------
        encoded
            uint8 codes of each sequence.

        Raises
        ------
        ToolError
            If MMseqs2 is missing or fails.
        """
        return self.probabilities(*self.find_nearest(encoded))

    def probabilities(
        self, nearest: NDArray[np.int64], identity: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the class probabilities, float64 (n, n_classes), that a search leads to.

        Parameters
        ----------
        nearest, identity
            From :meth:`find_nearest`.
        """
        weight = np.where(nearest >= 0, identity, 0.0)[:, None]
        named = np.eye(len(self.classes_))[self._targets[nearest]]
        proba: NDArray[np.float64] = weight * named + (1 - weight) * self._shares
        return proba

    def find_nearest(
        self, encoded: Sequence[np.ndarray]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the place of the nearest training sequence, and the identity with it.

        Parameters
        ----------
        encoded
            uint8 codes of each of n sequences.

        Returns
        -------
        nearest
            int64 (n,), -1 where none aligns beyond chance.
        identity
            float64 (n,), in [0, 1]; 0 where none aligns.
        """
        nearest, identity = np.full(len(encoded), -1), np.zeros(len(encoded))
        for hits in find_pairs(
            self._decode(encoded),
            self._sequences,
            get_alphabet(self.alphabet),
            Threshold(0.0, _COVERAGE),
            threads=self.threads,
        ):
            # worst first: of the assignments to one place the last one stays
            order = np.lexsort((-hits.target, hits.identity, hits.bits))
            nearest[hits.query[order]] = hits.target[order]
            identity[hits.query[order]] = hits.identity[order]
        return nearest, identity

    def _decode(self, encoded: Sequence[np.ndarray]) -> list[str]:
        symbols = np.array(list(get_alphabet(self.alphabet).symbols))
        return ["".join(symbols[codes]) for codes in encoded]
