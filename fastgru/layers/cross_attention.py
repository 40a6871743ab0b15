"""Attention of a decoder to the states of an encoder, and the vector it makes of both.

::

    q_t  = W_query h_t
    z_t  = weighted mean of the encoder's states, by q_t and the distance from c_t
    v_t  = tanh(W_out [z_t; h_t])

The mean is that of :mod:`fastgru.kernels.cross_attention` (Luong et al. 2015, arXiv 1508.04025,
score "general", attentional vector of equation 5).  Nothing of step t is fed to step t + 1, so all
steps are taken at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastgru.kernels.cross_attention import cross_attention_backward, cross_attention_forward
from fastgru.kernels.matrices import multiply_columns_of, multiply_rows_of
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.kernels.whole_arrays import tanh_of
from fastgru.layers.initializers import glorot_uniform
from fastgru.layers.packing import round_up
from fastgru.layers.workspace import new_shares

__all__ = ["CrossAttention", "Memory", "with_room"]


def with_room(size: int, dtype: np.dtype) -> int:
    """Return a size rounded up to whole tiles and whole vectors."""
    return round_up(round_up(size, lanes_of(dtype)), ROWS)


def _padded(matrix: np.ndarray) -> np.ndarray:
    """Return a contiguous matrix with whole vectors and tiles of columns, zeros beside it."""
    rows, columns = matrix.shape
    wide = with_room(columns, matrix.dtype)
    if wide == columns:
        return np.ascontiguousarray(matrix)
    full = np.zeros((rows, wide), matrix.dtype)
    full[:, :columns] = matrix
    return full


def _times(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Return ``a`` (M, K or more) times ``b`` (K, N), with room beside N; add it to ``out``."""
    b = _padded(b)
    add = out is not None
    if out is None:
        out = np.empty((len(a), b.shape[1]), a.dtype)
    multiply_rows_of(new_shares(len(a) // ROWS), add, a, b, out, len(b))
    return out


def _times_transposed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the transpose of ``a`` (R, M) times ``b`` (R, N), both with room."""
    out = np.empty((a.shape[1], b.shape[1]), a.dtype)
    multiply_columns_of(new_shares(a.shape[1] // ROWS), a, b, out, len(a))
    return out


@dataclass(frozen=True)
class Memory:
    """The states of an encoder, as they are attended to.

    Attributes
    ----------
    states : float (B * U, C')
        With room in U and C', zero past each length.
    lengths : int64 (B,)
    """

    states: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, states: np.ndarray, lengths: np.ndarray) -> Memory:
        """Return the memory of states (B * U, C), U with room.

        Parameters
        ----------
        states, lengths
        """
        return cls(_padded(states), lengths)

    def take(self, chosen: np.ndarray) -> Memory:
        """Return the memory of some sequences, by their numbers."""
        by_sequence = self.states.reshape(len(self.lengths), -1, self.states.shape[1])
        states = np.ascontiguousarray(by_sequence[chosen])
        return Memory(states.reshape(-1, self.states.shape[1]), self.lengths[chosen])


class CrossAttention:
    """The attention of :mod:`fastgru.layers.cross_attention`, with its gradients.

    Parameters
    ----------
    hidden_size
        H, units of the decoder.
    channels
        C, states of a step of the encoder.
    reach
        R, distances from the expected state, to either side, that have a bias of their own.
    rng
        Source of the initial weights.

    Attributes
    ----------
    parameters, grads : dict
        ``"weight_query"`` (C, H), ``"weight_out"`` (H, C + H) and ``"offset_bias"``
        (2 R + 1,), which begins at zero; ``grads`` is added to.
    """

    def __init__(
        self, hidden_size: int, channels: int, reach: int, rng: np.random.Generator
    ) -> None:
        self.parameters = {
            "weight_query": glorot_uniform(rng, channels, hidden_size),
            "weight_out": glorot_uniform(rng, hidden_size, channels + hidden_size),
            "offset_bias": np.zeros(2 * reach + 1),
        }
        self.grads: dict[str, np.ndarray] = {}
        self._hidden_size, self._channels = hidden_size, channels

    def forward(
        self,
        h: np.ndarray,
        lengths: np.ndarray,
        centres: np.ndarray,
        memory: Memory,
        *,
        training: bool,
    ) -> np.ndarray:
        """Return the attentional vectors.

        Parameters
        ----------
        h
            float (B * T, H), states of the decoder, T with room; finite past each length.
        lengths
            int64 (B,)
        centres
            int64 (B, T), the state of the encoder that each step expects.
        memory
        training
            Whether to keep what :meth:`backward` needs.

        Returns
        -------
        np.ndarray
            float (B * T, H), finite past each length.
        """
        h, hidden, dtype = _padded(h), self._hidden_size, h.dtype
        queries = _times(h, self.parameters["weight_query"].T)
        context = np.zeros_like(queries)
        room = len(memory.states) // len(lengths)
        weights = np.zeros((len(h), room), dtype)
        shares = new_shares(len(lengths))
        transposed = np.empty((len(shares) * queries.shape[1], room), dtype)
        cross_attention_forward(
            *(shares, lengths, memory.lengths, centres, queries, memory.states),
            *(self.parameters["offset_bias"], weights, context, transposed),
        )
        of_context, of_state = np.split(self.parameters["weight_out"], [self._channels], axis=1)
        vectors = _times(h, of_state.T, _times(context, of_context.T))
        tanh_of(vectors.reshape(-1), vectors.reshape(-1))
        if training:
            self._given = lengths, centres, memory
            self._h, self._queries, self._weights, self._context = h, queries, weights, context
            self._vectors = vectors
        return vectors[:, :hidden].copy()

    def backward(self, d_vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of the decoder's and the encoder's states; add those of parameters.

        Parameters
        ----------
        d_vectors
            float (B * T, H), zero past each length.

        Returns
        -------
        tuple
            float (B * T, H) and (B * U, C).
        """
        hidden, channels, h = self._hidden_size, self._channels, self._h
        own = self._vectors[:, :hidden]
        d_sums = _padded(d_vectors * (1 - own * own))
        of_context, of_state = np.split(self.parameters["weight_out"], [channels], axis=1)
        d_context = _times(d_sums, of_context)
        dh = _times(d_sums, of_state)
        grad = self.grads["weight_out"]
        grad[:, :channels] += _times_transposed(d_sums, self._context)[:hidden, :channels]
        grad[:, channels:] += _times_transposed(d_sums, h)[:hidden, :hidden]
        d_queries, d_states = self._attend_back(d_context)
        self.grads["weight_query"] += _times_transposed(d_queries, h)[:channels, :hidden]
        _times(d_queries, self.parameters["weight_query"], dh)
        return (
            np.ascontiguousarray(dh[:, :hidden]),
            np.ascontiguousarray(d_states[:, :channels]),
        )

    def _attend_back(self, d_context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (lengths, centres, memory), room = self._given, self._weights.shape[1]
        d_queries, d_states = np.zeros_like(self._queries), np.zeros_like(memory.states)
        n_distances = len(self.parameters["offset_bias"])
        d_offset_bias = np.empty((len(lengths), n_distances), d_context.dtype)
        shares = new_shares(len(lengths))
        d_scores = np.empty((len(shares) * centres.shape[1], room), d_context.dtype)
        transposed = np.empty((len(shares) * d_context.shape[1], room), d_context.dtype)
        cross_attention_backward(
            *(shares, lengths, memory.lengths, centres, self._queries, memory.states),
            *(self._weights, d_context, d_queries, d_states, d_offset_bias, d_scores, transposed),
        )
        self.grads["offset_bias"] += d_offset_bias.sum(axis=0)
        return d_queries, d_states
