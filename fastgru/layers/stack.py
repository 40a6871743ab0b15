"""Layers of directions, one on top of the other, on blocked arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastgru.kernels.microkernel import ROWS
from fastgru.kernels.steps import index_positions, index_tokens, move_steps
from fastgru.layers.blocks import Blocks
from fastgru.layers.direction import Direction, InputGradients, StepInput
from fastgru.layers.names import direction_suffixes
from fastgru.layers.packing import row_stride
from fastgru.layers.workspace import Workspace


class Stack:
    """One or more GRU layers, each in one or two directions.

    Parameters
    ----------
    parameters, grads
        Arrays by PyTorch's names; ``grads`` is added to.
    num_layers, bidirectional
    dropout
        Share of the outputs of each layer but the last that is dropped in training.
    """

    def __init__(
        self,
        parameters: dict[str, np.ndarray],
        grads: dict[str, np.ndarray],
        *,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        self.layers = [
            [Direction(parameters, grads, suffix) for suffix in layer]
            for layer in direction_suffixes(num_layers, bidirectional)
        ]
        self._dropout = dropout
        self._workspace = Workspace()
        self._masks: list[np.ndarray | None] = []

    @property
    def top(self) -> list[Direction]:
        """The directions of the last layer; their ``h`` holds its states."""
        return self.layers[-1]

    @property
    def output_size(self) -> int:
        """Columns of the output: hidden units times directions."""
        return sum(direction.hidden_size for direction in self.top)

    def forward(
        self,
        blocks: Blocks,
        given: StepInput,
        tokens: np.ndarray | None,
        h0: list[np.ndarray],
        *,
        training: bool,
        rng: np.random.Generator | None,
    ) -> list[np.ndarray]:
        """Run all layers.

        Parameters
        ----------
        blocks
        given
            Input of the forward direction; the index arrays of token input are filled in here.
        tokens
            integer (B, T), for token input.
        h0
            Initial states of each layer and direction, float (n_blocks, ROWS, padded_size).
        training
            Whether to keep what :meth:`backward` needs, and to drop out.
        rng
            Source of the dropout masks; may be None where nothing is dropped.

        Returns
        -------
        list of np.ndarray
            Final states, in the order of ``h0``.
        """
        self._blocks, self._masks = blocks, []
        final: list[np.ndarray] = []
        for level, directions in enumerate(self.layers):
            for side, direction in enumerate(directions):
                seen = self._as_seen(blocks, given, tokens, level, reverse=side == 1)
                state = h0[len(final)]
                final.append(direction.forward(blocks, seen, state, training=training))
            if level + 1 < len(self.layers):
                given = StepInput(x=self._next_input(blocks, level, training, rng))
        return final

    def _as_seen(
        self, blocks: Blocks, given: StepInput, tokens: np.ndarray | None, level: int, reverse: bool
    ) -> StepInput:
        """Return the input in the order in which a direction meets it."""
        name = f"{level}{'r' if reverse else 'f'}"
        int32 = np.dtype(np.int32)
        if given.x is not None:
            if not reverse:
                return given
            x = self._workspace.empty("x" + name, given.x.shape, given.x.dtype)
            move_steps(blocks.table, given.x, 0, 0, x, 0, 0, given.x.shape[1], True, False)
            return replace(given, x=x)
        rows = (max(blocks.n_rows, 1),)
        symbol = self._workspace.empty("symbol" + name, rows, int32)
        index_tokens(blocks.table, blocks.sequences, tokens, reverse, symbol)
        if given.positions is None:
            return replace(given, symbol=symbol)
        position = self._workspace.empty("position" + name, rows, int32)
        index_positions(blocks.table, reverse, position)
        return replace(given, symbol=symbol, position=position)

    def outputs(self, blocks: Blocks, level: int = -1) -> np.ndarray:
        """Return the states of a layer side by side, float (rows, stride), input-like rows."""
        directions = self.layers[level]
        width = sum(direction.hidden_size for direction in directions)
        dtype = directions[0].dtype
        shape = (max(blocks.n_rows, 1), row_stride(width, dtype))
        y = self._workspace.empty(f"y{level}", shape, dtype)
        column = 0
        for side, direction in enumerate(directions):
            size = direction.hidden_size
            move_steps(blocks.table, direction.h, ROWS, 0, y, 0, column, size, side == 1, False)
            column += size
        return y

    def _next_input(
        self, blocks: Blocks, level: int, training: bool, rng: np.random.Generator | None
    ) -> np.ndarray:
        x = self.outputs(blocks, level)
        mask = None
        if training and self._dropout > 0 and rng is not None:
            mask = dropout_mask(x.shape, self._dropout, x.dtype, rng)
            x *= mask
        self._masks.append(mask)
        return x

    def backward(
        self, dys: list[np.ndarray | None], dh_n: list[np.ndarray]
    ) -> tuple[InputGradients, list[np.ndarray]]:
        """Run back through the last forward pass in training.

        Parameters
        ----------
        dys
            Gradient of the last layer's states for each direction, in the rows of its ``h``
            (columns up to ``padded_size``, zero past ``hidden_size``), or None.
        dh_n
            Gradient of the final states of each layer and direction.

        Returns
        -------
        tuple
            Gradients of the input (dense: in the caller's order of steps) and of ``h0``.
        """
        dh0: list[np.ndarray] = [np.empty(0)] * len(dh_n)
        width = len(self.layers[0])
        for level in reversed(range(len(self.layers))):
            below: list[InputGradients] = []
            for side, direction in enumerate(self.layers[level]):
                k = level * width + side
                gradients, dh0[k] = direction.backward(dys[side], dh_n[k])
                below.append(gradients)
            merged = self._merge(below)
            if merged.x is not None and level > 0:
                dys = self._split(level - 1, merged.x)
        return merged, dh0

    def _merge(self, parts: list[InputGradients]) -> InputGradients:
        """Add up what the directions of a layer say of their common input."""
        if len(parts) == 1:
            return parts[0]
        ahead, back = parts
        if ahead.x is not None and back.x is not None:
            columns = ahead.x.shape[1]
            move_steps(self._blocks.table, back.x, 0, 0, ahead.x, 0, 0, columns, True, True)
            return ahead
        return InputGradients(
            _sum(ahead.symbols, back.symbols), _sum(ahead.positions, back.positions), None
        )

    def _split(self, level: int, dx: np.ndarray) -> list[np.ndarray | None]:
        """Hand the gradient of a layer's outputs to its directions."""
        mask = self._masks[level]
        if mask is not None:
            dx *= mask
        dys: list[np.ndarray | None] = []
        column = 0
        for side, direction in enumerate(self.layers[level]):
            size = direction.hidden_size
            dys.append(self.output_gradient(direction, dx, column, f"{level}{side}", side == 1))
            column += size
        return dys

    def output_gradient(
        self, direction: Direction, dy: np.ndarray, column: int, name: str, reverse: bool
    ) -> np.ndarray:
        """Return a direction's columns of ``dy`` (input-like rows) in the rows of its ``h``."""
        out = self._workspace.empty("dy" + name, direction.h.shape, direction.dtype)
        out[:, direction.hidden_size : direction.padded_size] = 0
        size = direction.hidden_size
        move_steps(self._blocks.table, dy, 0, column, out, ROWS, 0, size, reverse, False)
        return out


def dropout_mask(
    shape: tuple[int, ...], share: float, dtype: np.dtype, rng: np.random.Generator
) -> np.ndarray:
    """Return an array of ``1 / (1 - share)`` with a ``share`` of zeros (inverted dropout)."""
    kept = rng.random(shape, dtype=np.float32) >= share
    return np.multiply(kept, 1 / (1 - share), dtype=dtype)


def _sum(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    return None if a is None or b is None else a + b
