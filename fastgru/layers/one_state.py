"""Passes of the recurrent layers whose cell has one state, the GRU and the plain network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastgru.layers.cells import CellKind
from fastgru.layers.recurrent import Recurrent


class OneState(Recurrent):
    """Recurrent layers whose cell has one state, h.  Parameters as in :class:`Recurrent`."""

    def __init__(self, kind: CellKind, *sizes: int, **options: Any) -> None:
        super().__init__(kind, ("h",), *sizes, **options)

    def forward(
        self,
        x: ArrayLike,
        lengths: ArrayLike | None = None,
        h0: ArrayLike | None = None,
        *,
        embedding: ArrayLike | None = None,
        position_embedding: ArrayLike | None = None,
        gaps: ArrayLike | None = None,
        training: bool = True,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run all layers through all steps.

        Parameters
        ----------
        x
            float (B, T, I), or integer tokens (B, T) from 0 to V - 1 together with ``embedding``.
        lengths
            Valid steps of each sequence, (B,), from 0 to T; None for T everywhere.  What stands
            in ``x`` past a length is never read.
        h0
            float (num_layers * directions, B, H), initial states; None for zero.
        embedding
            float (V, I), the input of each token.  Its product with the weights is taken once
            per token of the alphabet, not once per step.
        position_embedding
            float (P, I) with P >= T, added to the embedding of the token at each position.
        gaps
            float (B, T), time since the step before, at least 0, with ``time_decay``; that of the
            first step is since ``h0``.
        training
            Whether to keep what :meth:`backward` needs, and to drop out.

        Returns
        -------
        y : np.ndarray
            float (B, T, directions * H), states of the last layer, zero past each length.
        h_n : np.ndarray
            float (num_layers * directions, B, H), states after each sequence's last step (the
            reverse direction: after its first).

        Raises
        ------
        ConfigurationError
            For a shape, type or value that does not fit.
        """
        tables = embedding, position_embedding
        y, (h_n,) = self._forward(x, lengths, [h0], *tables, gaps, training)
        return y, h_n

    def backward(
        self, dy: ArrayLike | None = None, dh_n: ArrayLike | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run back through the last forward pass; adds to ``grads``.

        Parameters
        ----------
        dy
            float (B, T, directions * H), gradient of ``y``; what stands past a length is ignored.
        dh_n
            float (num_layers * directions, B, H), gradient of ``h_n``.

        Returns
        -------
        dx : np.ndarray
            Gradient of ``x`` (B, T, I), zero past each length; for token input of ``embedding``
            (V, I).  That of ``position_embedding`` is then in :attr:`position_embedding_grad`.
        dh0 : np.ndarray
            Gradient of ``h0``.

        Raises
        ------
        ConfigurationError
            Without a forward pass in training before, or for a shape that does not fit.
        """
        dx, (dh0,) = self._backward(dy, [dh_n])
        return dx, dh0
