"""Layers of directions, one on top of the other, on blocked arrays."""

from __future__ import annotations

import numpy as np

from fastgru.kernels.microkernel import ROWS
from fastgru.kernels.steps import move_steps
from fastgru.layers.blocks import Blocks
from fastgru.layers.direction import Direction
from fastgru.layers.names import direction_suffixes
from fastgru.layers.packing import row_stride
from fastgru.layers.step_input import InputGradients, StepInput
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
        given: list[StepInput],
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
            Input of each direction of the first layer, in the order in which it meets the steps.
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
            for direction, seen in zip(directions, given, strict=True):
                state = h0[len(final)]
                final.append(direction.forward(blocks, seen, state, training=training))
            if level + 1 < len(self.layers):
                given = self._next_inputs(blocks, level, training, rng)
        return final

    def _next_inputs(
        self, blocks: Blocks, level: int, training: bool, rng: np.random.Generator | None
    ) -> list[StepInput]:
        """Return the outputs of a layer as the directions of the next one meet them."""
        x = self._outputs(blocks, level)
        mask = None
        if training and self._dropout > 0 and rng is not None:
            mask = dropout_mask(x.shape, self._dropout, x.dtype, rng)
            x *= mask
        self._masks.append(mask)
        if len(self.layers[level]) == 1:
            return [StepInput(x=x)]
        back = self._workspace.empty(f"back{level}", x.shape, x.dtype)
        move_steps(blocks.table, x, 0, 0, back, 0, 0, x.shape[1], True, False)
        return [StepInput(x=x), StepInput(x=back)]

    def _outputs(self, blocks: Blocks, level: int) -> np.ndarray:
        """Return the states of a layer side by side, float (rows, stride), in rows of inputs."""
        directions = self.layers[level]
        width = sum(direction.hidden_size for direction in directions)
        dtype = directions[0].dtype
        shape = (max(blocks.n_rows, 1), row_stride(width, dtype))
        # zeros: padding takes part in dropout, and may not be NaN there
        y = self._workspace.zeros(f"y{level}", shape, dtype)
        column = 0
        for side, direction in enumerate(directions):
            size = direction.hidden_size
            move_steps(blocks.table, direction.h, ROWS, 0, y, 0, column, size, side == 1, False)
            column += size
        return y

    def backward(
        self, dys: list[np.ndarray | None], dh_n: list[np.ndarray]
    ) -> tuple[list[InputGradients], list[np.ndarray]]:
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
            Gradients of each direction's input, and of ``h0``.
        """
        dh0: list[np.ndarray] = [np.empty(0)] * len(dh_n)
        width = len(self.layers[0])
        below: list[InputGradients] = []
        for level in reversed(range(len(self.layers))):
            below = []
            for side, direction in enumerate(self.layers[level]):
                k = level * width + side
                gradients, dh0[k] = direction.backward(dys[side], dh_n[k])
                below.append(gradients)
            if level > 0:
                dys = self._split(level - 1, [part.x for part in below])
        return below, dh0

    def _split(self, level: int, parts: list[np.ndarray | None]) -> list[np.ndarray | None]:
        """Hand the gradient of a layer's outputs to its directions."""
        dx = parts[0]
        assert dx is not None
        table = self._blocks.table
        if len(parts) == 2:
            move_steps(table, parts[1], 0, 0, dx, 0, 0, dx.shape[1], True, True)
        mask = self._masks[level]
        if mask is not None:
            dx *= mask
        dys: list[np.ndarray | None] = []
        column = 0
        for side, direction in enumerate(self.layers[level]):
            size = direction.hidden_size
            dy = direction.empty_output_gradient()
            move_steps(table, dx, 0, column, dy, ROWS, 0, size, side == 1, False)
            dys.append(dy)
            column += size
        return dys


def dropout_mask(
    shape: tuple[int, ...], share: float, dtype: np.dtype, rng: np.random.Generator
) -> np.ndarray:
    """Return an array of ``1 / (1 - share)`` with a ``share`` of zeros (inverted dropout)."""
    kept = rng.random(shape, dtype=np.float32) >= share
    return np.multiply(kept, 1 / (1 - share), dtype=dtype)
