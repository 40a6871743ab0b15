"""Pooling: from the states of all steps to the features of a sequence.

``"last"`` is the final state of each direction, ``"mean"`` and ``"max"`` are taken over the valid
steps (:mod:`fastgru.kernels.pooling`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastgru.kernels.pooling import pool_backward, pool_forward
from fastgru.layers.workspace import new_work


class Pooling:
    """One or more poolings side by side.

    Parameters
    ----------
    names
        Of the poolings, each once, in the order of the features.
    channels
        States of a step, C = directions * H.
    """

    def __init__(self, names: Sequence[str], channels: int) -> None:
        self._names = tuple(names)
        self.output_size = len(self._names) * channels

    @property
    def needs_steps(self) -> bool:
        """Whether the states of all steps are needed, not the final ones alone."""
        return set(self._names) != {"last"}

    def forward(self, y: np.ndarray | None, last: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the features.

        Parameters
        ----------
        y
            float (B, T, C), states of all steps; None where no pooling needs them.
        last
            float (directions, B, H), final states.
        lengths
            int64 (B,)

        Returns
        -------
        np.ndarray
            float (B, poolings * C)
        """
        self._lengths, self._n_directions = lengths, len(last)
        pooled = {"last": np.concatenate(list(last), axis=1)}
        if y is not None:
            self._n_steps = y.shape[1]
            pooled |= self._pool_steps(y)
        return np.concatenate([pooled[name] for name in self._names], axis=1)

    def _pool_steps(self, y: np.ndarray) -> dict[str, np.ndarray]:
        mean, most = (np.empty((len(y), y.shape[2]), y.dtype) for _ in range(2))
        self._first_maximum = np.empty(mean.shape, np.int32)
        pool_forward(*new_work(len(y)), self._lengths, y, mean, most, self._first_maximum)
        return {"mean": mean, "max": most}

    def backward(self, dfeatures: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
        """Return the gradients of the states for the last forward pass.

        Parameters
        ----------
        dfeatures
            float (B, poolings * C)

        Returns
        -------
        tuple
            float (B, T, C), of all steps, undefined past each length, or None where no pooling
            needs them; and (directions, B, H), of the final states.
        """
        parts = np.split(dfeatures, len(self._names), axis=1)
        given = dict(zip(self._names, map(np.ascontiguousarray, parts), strict=True))
        none = np.zeros(parts[0].shape, dfeatures.dtype)
        d_last = np.stack(np.split(given.get("last", none), self._n_directions, axis=1))
        if not self.needs_steps:
            return None, d_last
        n_sequences, channels = none.shape
        dy = np.empty((n_sequences, self._n_steps, channels), dfeatures.dtype)
        mean, most = (given.get(name, none) for name in ("mean", "max"))
        work = new_work(n_sequences)
        pool_backward(*work, self._lengths, mean, most, self._first_maximum, dy)
        return dy, d_last
