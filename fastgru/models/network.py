"""The classifier network: letters -> GRU layers -> pooling -> classes.

::

    e_t      = mixture[letter_t] @ embedding (+ position_embedding_t)
    h        = GRU(e)                             one or two directions, any depth
    features = [last | mean | max] of each direction's states, those that ``pooling`` names
    logits   = features @ head.weight^T + head.bias

An ambiguity code is the average of the letters that it stands for: its row of ``mixture`` weights
their embeddings.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from fastgru.kernels.pooling import pool_backward, pool_forward
from fastgru.kernels.steps import product
from fastgru.layers.blocks import Blocks, plan_blocks
from fastgru.layers.direction import Direction
from fastgru.layers.gru import GRU
from fastgru.layers.initializers import glorot_uniform
from fastgru.layers.parameters import ParameterStore
from fastgru.layers.stack import dropout_mask
from fastgru.layers.step_input import merge_gradients, token_inputs
from fastgru.models.architecture import Architecture


class SequenceNetwork:
    """The network of :mod:`fastgru.models.network`, with its gradients.

    Parameters
    ----------
    architecture
    mixture
        float (n_symbols, n_letters), rows sum to 1: the letters that each symbol stands for.
    random_state
        Seed of the initial weights and of dropout.
    """

    def __init__(
        self, architecture: Architecture, mixture: np.ndarray, random_state: int | None = None
    ) -> None:
        self.architecture = architecture
        self.dtype = np.dtype(architecture.dtype)
        self._mixture = mixture.astype(self.dtype)
        self._one_caller = threading.Lock()
        self._rng = np.random.default_rng(random_state)
        sizes = architecture
        self.gru = GRU(
            sizes.embedding_size,
            sizes.hidden_size,
            sizes.num_layers,
            bidirectional=sizes.bidirectional,
            dropout=sizes.dropout,
            dtype=self.dtype,
            random_state=int(self._rng.integers(2**63)),
        )
        self._embeddings = self._initial_embeddings()
        width = len(sizes.pooling) * self.gru.stack.output_size
        self._head = {
            "weight": glorot_uniform(self._rng, sizes.n_classes, width),
            "bias": np.zeros(sizes.n_classes),
        }
        self._embedding_grads: dict[str, np.ndarray] = {}
        self._head_grads: dict[str, np.ndarray] = {}
        self.parameters = ParameterStore(
            {
                "embedding": (self._embeddings, self._embedding_grads),
                "gru": (self.gru.parameters, self.gru.grads),
                "head": (self._head, self._head_grads),
            },
            self.dtype,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Return what makes the network again; the scratch memory is left behind."""
        values = self.parameters.values[: self.parameters.size].copy()
        return {"architecture": self.architecture, "mixture": self._mixture, "values": values}

    def __setstate__(self, state: dict[str, Any]) -> None:
        SequenceNetwork.__init__(self, state["architecture"], state["mixture"], 0)
        self.parameters.values[: self.parameters.size] = state["values"]

    def _initial_embeddings(self) -> dict[str, np.ndarray]:
        sizes = self.architecture
        scale = 1 / np.sqrt(2.0 if sizes.n_positions else 1.0)
        shapes = {"letters": (sizes.n_letters, sizes.embedding_size)}
        if sizes.n_positions:
            shapes["positions"] = (sizes.n_positions, sizes.embedding_size)
        return {name: scale * self._rng.standard_normal(shape) for name, shape in shapes.items()}

    def forward(
        self, tokens: np.ndarray, lengths: np.ndarray, *, training: bool = False
    ) -> np.ndarray:
        """Return logits.

        One pass at a time: threads that share a network take turns, since a pass leaves its states
        in the network's own memory.

        Parameters
        ----------
        tokens
            Integer (B, T): symbols of the alphabet; anything valid past a sequence's end.
        lengths
            int64 (B,)
        training
            Whether to drop out and to keep what :meth:`backward` needs.

        Returns
        -------
        np.ndarray
            float (B, n_classes)
        """
        with self._one_caller:
            return self._forward(tokens, lengths, training)

    def _forward(self, tokens: np.ndarray, lengths: np.ndarray, training: bool) -> np.ndarray:
        blocks = plan_blocks(lengths, tokens.shape[1])
        symbols = np.zeros((len(self._mixture), self.architecture.embedding_size), self.dtype)
        product(self._mixture, self._embeddings["letters"], symbols)
        positions = self._embeddings.get("positions")
        given = token_inputs(blocks, tokens, symbols, positions, self.gru.num_directions)
        padded = self.gru.stack.top[0].padded_size
        n_states = self.architecture.num_layers * self.gru.num_directions
        zero = np.zeros((blocks.n_blocks, blocks.sequences.shape[1], padded), self.dtype)
        final = self.gru.stack.forward(
            blocks, given, [zero] * n_states, training=training, rng=self.gru.rng
        )
        features = self._pool(blocks, final[-self.gru.num_directions :])
        self._mask = None
        if training and self.architecture.dropout > 0:
            shape = features.shape
            self._mask = dropout_mask(shape, self.architecture.dropout, self.dtype, self._rng)
            features *= self._mask
        self._blocks, self._features = blocks, features
        logits = np.tile(self._head["bias"], (len(features), 1))
        product(features, self._head["weight"].T, logits)
        return logits

    def _pool(self, blocks: Blocks, last: list[np.ndarray]) -> np.ndarray:
        """Return the features (B, poolings * directions * H)."""
        pooled: dict[str, list[np.ndarray]] = {"last": last, "mean": [], "max": []}
        self._first_maximum: list[np.ndarray] = []
        if set(self.architecture.pooling) - {"last"}:
            for direction in self.gru.stack.top:
                mean, most, first = (np.empty_like(last[0]) for _ in range(3))
                pool_forward(blocks.table, direction.h, mean, most, first)
                pooled["mean"].append(mean)
                pooled["max"].append(most)
                self._first_maximum.append(first)
        hidden = self.architecture.hidden_size
        return np.concatenate(
            [
                blocks.from_slots(side, hidden)
                for name in self.architecture.pooling
                for side in pooled[name]
            ],
            axis=1,
        )

    def backward(self, dlogits: np.ndarray) -> None:
        """Write the gradients of all parameters for the last forward pass in training.

        Parameters
        ----------
        dlogits
            float (B, n_classes)
        """
        self.parameters.grads.fill(0)
        self._head_grads["bias"] += dlogits.sum(axis=0)
        product(dlogits.T, self._features, self._head_grads["weight"])
        dfeatures = np.zeros_like(self._features)
        product(dlogits, self._head["weight"], dfeatures)
        if self._mask is not None:
            dfeatures *= self._mask
        dys, dh_n = self._unpool(dfeatures)
        below = len(dh_n) * (self.architecture.num_layers - 1)
        states = [np.zeros_like(dh_n[0])] * below + dh_n
        parts, _ = self.gru.stack.backward(dys, states)
        gradients = merge_gradients(self._blocks, parts, self.architecture.embedding_size)
        assert gradients.symbols is not None
        product(self._mixture.T, gradients.symbols, self._embedding_grads["letters"])
        if gradients.positions is not None:
            self._embedding_grads["positions"] += gradients.positions

    def _unpool(self, dfeatures: np.ndarray) -> tuple[list[np.ndarray | None], list[np.ndarray]]:
        """Return the gradients of each direction's states and final state."""
        pooling, sides = self.architecture.pooling, self.gru.stack.top
        hidden, padded = self.architecture.hidden_size, sides[0].padded_size
        parts: dict[tuple[str, int], np.ndarray] = {}
        columns = np.split(dfeatures, len(pooling) * len(sides), axis=1)
        for k, part in enumerate(columns):
            slots = self._blocks.to_slots(np.ascontiguousarray(part[:, :hidden]), padded)
            parts[pooling[k // len(sides)], k % len(sides)] = slots
        zero = np.zeros_like(next(iter(parts.values())))
        dh_n = [parts.get(("last", side), zero) for side in range(len(sides))]
        if not self._first_maximum:
            return [None] * len(sides), dh_n
        dys: list[np.ndarray | None] = []
        for side, direction in enumerate(sides):
            dys.append(self._unpool_steps(parts, zero, side, direction))
        return dys, dh_n

    def _unpool_steps(
        self,
        parts: dict[tuple[str, int], np.ndarray],
        zero: np.ndarray,
        side: int,
        direction: Direction,
    ) -> np.ndarray:
        dy = direction.empty_output_gradient()
        mean, most = parts.get(("mean", side), zero), parts.get(("max", side), zero)
        pool_backward(self._blocks.table, mean, most, self._first_maximum[side], dy)
        return dy
