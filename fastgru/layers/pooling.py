"""Pooling: from the states of all steps to the features of a sequence.

``"last"`` is the final state of each direction, ``"mean"`` and ``"max"`` are taken over the valid
steps (:mod:`fastgru.kernels.pooling`), ``"attention"`` is their weighted mean
(:mod:`fastgru.kernels.attention`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fastgru.kernels.attention import attention_backward, attention_forward
from fastgru.kernels.pooling import pool_backward, pool_forward
from fastgru.layers.workspace import Workspace, new_shares


class Pooling:
    """One or more poolings side by side.

    The vector of the attention begins at zero, which is the mean of all steps: the first gradients
    are then those of a pooling that is known to train, no step is preferred by chance, and no
    number is drawn that would change the other weights of the same seed.

    Parameters
    ----------
    names
        Of the poolings, each once, in the order of the features.
    channels
        Outputs of a step, C = directions * H.
    from_outputs
        Whether "last" is each direction's last output, in place of its final state: they differ
        where outputs are more than states, as in residual layers.

    Attributes
    ----------
    parameters, grads : dict
        ``"weight"`` (C,) with attention, else empty; ``grads`` is added to.
    attention : np.ndarray
        float (B, T): the weight of each step in the last forward pass, zero past each length;
        (0, 0) without attention.
    output_size : int
        Features: poolings * C.
    """

    def __init__(self, names: Sequence[str], channels: int, *, from_outputs: bool = False) -> None:
        self._names, self._from_outputs = tuple(names), from_outputs
        attends = "attention" in self._names
        self.parameters = {"weight": np.zeros(channels)} if attends else {}
        self.grads: dict[str, np.ndarray] = {}
        self.output_size = len(self._names) * channels
        self.attention = np.empty((0, 0))
        self._workspace = Workspace()
        self._y: np.ndarray | None = None

    @property
    def needs_steps(self) -> bool:
        """Whether the outputs of all steps are needed, not the final states alone."""
        return self._from_outputs or set(self._names) != {"last"}

    def forward(
        self, y: np.ndarray | None, last: np.ndarray, lengths: np.ndarray, *, training: bool
    ) -> np.ndarray:
        """Return the features.

        Parameters
        ----------
        y
            float (B, T, C), outputs of all steps, zero past each length; None where no pooling
            needs them.
        last
            float (directions, B, H), final states.
        lengths
            int64 (B,)
        training
            Whether to keep what :meth:`backward` needs.

        Returns
        -------
        np.ndarray
            float (B, poolings * C)
        """
        self._lengths, self._n_directions = lengths, len(last)
        pooled = {"last": np.concatenate(list(last), axis=1)}
        if y is not None:
            self._n_steps = y.shape[1]
            pooled |= self._pool_evenly(y)
            if self._from_outputs:
                pooled["last"] = y[self._ends()]
            if self.parameters:
                pooled["attention"] = self._attend(y)
                self._y = y if training else None
        return np.concatenate([pooled[name] for name in self._names], axis=1)

    def _ends(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return where each sequence's directions end, one index for each axis of the outputs."""
        channels = np.arange(self.output_size // len(self._names))
        ahead = channels < len(channels) // self._n_directions
        steps = np.where(ahead, np.maximum(self._lengths - 1, 0)[:, None], 0)
        return np.arange(len(self._lengths))[:, None], steps, channels

    @property
    def _pools_evenly(self) -> bool:
        return not {"mean", "max"}.isdisjoint(self._names)

    def _pool_evenly(self, y: np.ndarray) -> dict[str, np.ndarray]:
        if not self._pools_evenly:
            return {}
        mean, most = (np.empty((len(y), y.shape[2]), y.dtype) for _ in range(2))
        self._first_maximum = np.empty(mean.shape, np.int32)
        pool_forward(new_shares(len(y)), self._lengths, y, mean, most, self._first_maximum)
        return {"mean": mean, "max": most}

    def _attend(self, y: np.ndarray) -> np.ndarray:
        self.attention = np.zeros(y.shape[:2], y.dtype)
        pooled = np.empty((len(y), y.shape[2]), y.dtype)
        weight, shares = self.parameters["weight"], new_shares(len(y))
        attention_forward(shares, self._lengths, y, weight, self.attention, pooled)
        return pooled

    def backward(
        self, dfeatures: np.ndarray, join: Callable[[np.ndarray], np.ndarray] = np.asarray
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Return the gradients of the states, and add those of the parameters to ``grads``.

        Once for each forward pass in training: the states are let go.

        Parameters
        ----------
        dfeatures
            float (B, poolings * C)
        join
            Makes of an array with a row for each sequence one with those of all sequences, where B
            is a part of them.

        Returns
        -------
        tuple
            float (B, T, C), of all steps, undefined past each length and valid until the next
            call, or None where no pooling needs them; and (directions, B, H), of the final states.
        """
        parts = np.split(dfeatures, len(self._names), axis=1)
        given = dict(zip(self._names, map(np.ascontiguousarray, parts), strict=True))
        none = np.zeros(parts[0].shape, dfeatures.dtype)
        of_states = none if self._from_outputs else given.get("last", none)
        d_last = np.stack(np.split(of_states, self._n_directions, axis=1))
        if not self.needs_steps:
            return None, d_last
        n_sequences, channels = none.shape
        shape = (n_sequences, self._n_steps, channels)
        dy = self._workspace.empty("dy", shape, dfeatures.dtype)
        if self._pools_evenly:
            mean, most = (given.get(name, none) for name in ("mean", "max"))
            shares = new_shares(n_sequences)
            pool_backward(shares, self._lengths, mean, most, self._first_maximum, dy)
        if self.parameters:
            d_weight = self._attend_back(given["attention"], dy, add=self._pools_evenly)
            self.grads["weight"] += join(d_weight).sum(axis=0)
        if self._from_outputs and "last" in given:
            if len(given) == 1:
                dy.fill(0)
            dy[self._ends()] += given["last"]
        return dy, d_last

    def _attend_back(self, d_pooled: np.ndarray, dy: np.ndarray, *, add: bool) -> np.ndarray:
        """Write or add to the gradient of the outputs; return that of the vector, (B, C)."""
        y, self._y = self._y, None
        assert y is not None
        d_scores, d_weight = np.empty_like(self.attention), np.empty_like(d_pooled)
        attention_backward(
            *(new_shares(len(y)), self._lengths, y, self.parameters["weight"], self.attention),
            *(d_pooled, d_scores, d_weight, dy, add),
        )
        return d_weight
