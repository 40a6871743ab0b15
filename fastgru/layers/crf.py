"""A linear-chain conditional random field on the logits of each step."""

from __future__ import annotations

import numpy as np

from fastgru.kernels.crf import LARGEST_ODDS, SCRATCH_ROWS, crf_expectations
from fastgru.kernels.viterbi import crf_decode
from fastgru.layers.workspace import new_shares

__all__ = ["UNKNOWN", "ChainField"]

UNKNOWN = -1
"""The label of a step whose label is not known."""


class ChainField:
    """Scores of labels that follow each other: those of :mod:`fastgru.kernels.crf`.

    Parameters
    ----------
    n_labels
        K.
    symmetric
        Whether a path scores as much as the same path from its end to its start: what both
        strands of DNA share.  The scores used are then the means of those of both directions.

    Attributes
    ----------
    parameters, grads : dict of np.ndarray
        ``transitions`` (K, K) from row to column, ``start_transitions`` and ``end_transitions``
        (K,); zero at first, when every path scores the sum of its logits.
    """

    def __init__(self, n_labels: int, *, symmetric: bool) -> None:
        self.parameters = {
            "transitions": np.zeros((n_labels, n_labels)),
            "start_transitions": np.zeros(n_labels),
            "end_transitions": np.zeros(n_labels),
        }
        self.grads: dict[str, np.ndarray] = {}
        self._symmetric = symmetric
        self._sums: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def loss(
        self,
        logits: np.ndarray,
        lengths: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray,
    ) -> tuple[float, np.ndarray]:
        """Return the weighted sum of -log p of the known labels, and its gradient.

        Parameters
        ----------
        logits
            float (B, T, K)
        lengths
            int64 (B,)
        labels
            int64 (B, T), :data:`UNKNOWN` for steps that may have any label.
        weights
            float64 (B,), not negative.

        Returns
        -------
        tuple
            The loss, and the gradient of the logits, float (B, T, K), zero past each end.  Those
            of the parameters wait for :meth:`backward`.
        """
        sums = self._new_sums(len(logits))
        dlogits = np.zeros_like(logits)
        nothing = np.full_like(labels, UNKNOWN)
        # of a sequence of which nothing is known both terms are the same, but for rounding
        known = (labels != UNKNOWN) & (np.arange(labels.shape[1]) < lengths[:, None])
        weights = np.where(known.any(axis=1), weights, 0.0)
        of_all = self._expect(logits, lengths, nothing, weights, dlogits, sums)
        of_known = self._expect(logits, lengths, labels, -weights, dlogits, sums)
        self._sums = sums
        # a product of vectors would sum in another order with more threads
        return float((weights * (of_all - of_known)).sum()), dlogits

    def backward(self) -> None:
        """Add the gradients of the last :meth:`loss` to ``grads``."""
        assert self._sums is not None
        grads = self._means(*(part.sum(axis=0) for part in self._sums))
        for name, gradient in zip(self.parameters, grads, strict=True):
            self.grads[name] += gradient
        self._sums = None

    def marginals(self, logits: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the probability of each label at each step, float64 (B, T, K).

        Parameters
        ----------
        logits
            float (B, T, K)
        lengths
            int64 (B,)
        """
        found = np.zeros(logits.shape)
        nothing = np.full(logits.shape[:2], UNKNOWN)
        once = np.ones(len(logits))
        self._expect(logits, lengths, nothing, once, found, self._new_sums(len(logits)))
        return found

    def decode(self, logits: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the best path of each sequence, int64 (B, T), anything past its end.

        Parameters
        ----------
        logits
            float (B, T, K)
        lengths
            int64 (B,)
        """
        shares = new_shares(len(logits))
        path = np.zeros(logits.shape[:2], np.int64)
        work = np.empty((len(shares), *logits.shape[1:]))
        crf_decode(shares, lengths, logits, *self.scores(), work, path)
        return path

    def _expect(
        self,
        logits: np.ndarray,
        lengths: np.ndarray,
        labels: np.ndarray,
        factors: np.ndarray,
        marginals: np.ndarray,
        sums: tuple[np.ndarray, ...],
    ) -> np.ndarray:
        shares = new_shares(len(logits))
        log_partition = np.empty(len(logits))
        work = np.empty((len(shares), logits.shape[1] + SCRATCH_ROWS, logits.shape[2]))
        transitions, start, end = self.scores()
        with np.errstate(over="ignore"):  # the kernel does without what is infinite
            odds = np.exp(transitions.astype(np.float64))
        odds[odds > LARGEST_ODDS] = np.inf
        crf_expectations(
            *(shares, lengths, labels, logits, transitions, odds, start, end),
            *(factors, work),
            *(log_partition, marginals, *sums),
        )
        return log_partition

    def scores(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the scores that paths are made of: transitions (K, K), start and end (K,)."""
        transitions, start, end = self.parameters.values()
        return self._means(transitions, start, end)

    def _means(
        self, transitions: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the means of both directions where the field is symmetric."""
        if not self._symmetric:
            return transitions, start, end
        half = transitions.dtype.type(0.5)
        both_ends = (start + end) * half
        return (transitions + transitions.T) * half, both_ends, both_ends

    def _new_sums(self, n_sequences: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return zeros for the gradients of the parameters, by sequence."""
        n_labels = len(self.parameters["transitions"])
        transitions = np.zeros((n_sequences, n_labels, n_labels))
        return transitions, np.zeros((n_sequences, n_labels)), np.zeros((n_sequences, n_labels))
