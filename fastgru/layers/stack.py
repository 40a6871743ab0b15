"""Layers of directions, one on top of the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from fastgru.layers.blocks import Blocks, past_ends
from fastgru.layers.cells import CellKind
from fastgru.layers.decay import DecayingDirection
from fastgru.layers.direction import Direction
from fastgru.layers.general_direction import GeneralDirection
from fastgru.layers.layer_input import InputGradients, LayerInput, merge_gradients
from fastgru.layers.names import direction_suffixes
from fastgru.layers.variant import Variant
from fastgru.layers.workspace import Workspace


class Stack:
    """One or more recurrent layers, each in one or two directions.

    Parameters
    ----------
    kind
    parameters, grads
        Arrays by PyTorch's names; ``grads`` is added to.
    num_layers, bidirectional
    dropout
        Share of the outputs of each layer but the last that is dropped in training.
    residual
        Whether each layer but the first adds its input to its outputs, behind dropout: what goes
        around a layer is never dropped.
    bptt_steps, save_memory, precision
        As in :class:`fastgru.layers.direction.Direction`.
    variant
        Equations for which there are no kernels; None for those of ``kind``.
    rng
        Source of the masks that the variant needs, if any.

    Attributes
    ----------
    n_states : int
        States that the cell hands from step to step.
    """

    def __init__(
        self,
        kind: CellKind,
        parameters: dict[str, np.ndarray],
        grads: dict[str, np.ndarray],
        *,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
        residual: bool = False,
        bptt_steps: int = 0,
        save_memory: bool = False,
        precision: str | None = None,
        variant: Variant | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        new_direction: Callable[..., Direction | GeneralDirection] = partial(
            DecayingDirection if kind.decays else Direction, kind, precision=precision
        )
        if variant is not None:
            assert rng is not None
            new_direction = partial(GeneralDirection, variant, rng)
        how = {"bptt_steps": bptt_steps, "save_memory": save_memory}
        self.layers = [
            [new_direction(parameters, grads, suffix, **how) for suffix in layer]
            for layer in direction_suffixes(num_layers, bidirectional)
        ]
        self.dtype = self.layers[0][0].dtype
        self.hidden_size = self.layers[0][0].hidden_size
        self.n_states = kind.cell.n_states
        self._dropout, self._residual = dropout, residual
        self._workspace = Workspace()
        self._masks: list[np.ndarray | None] = []
        self._kept_between = 0
        self._first_input = LayerInput()

    @property
    def output_size(self) -> int:
        """Columns of the output: hidden units times directions."""
        return int(self.hidden_size * len(self.layers[0]))

    @property
    def tape_bytes(self) -> int:
        """Bytes that the last forward pass has kept for :meth:`backward`."""
        return self._kept_between + sum(side.tape_bytes for layer in self.layers for side in layer)

    def forward(
        self,
        blocks: Blocks,
        given: LayerInput,
        initial: np.ndarray,
        *,
        training: bool,
        rng: np.random.Generator | None,
        outputs: bool = True,
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Run all layers.

        Parameters
        ----------
        blocks
        given
            Input of the first layer.
        initial
            float (num_layers * directions, n_states * B, H), initial states.
        training
            Whether to keep what :meth:`backward` needs, and to drop out.
        rng
            Source of the dropout masks; may be None where nothing is dropped.
        outputs
            Whether the last layer's outputs of each step are wanted.

        Returns
        -------
        tuple
            float (B * T, directions * H), outputs of the last layer, zero past each length, or
            None; and the final states in the order of ``initial``.
        """
        final = np.empty_like(initial)
        self._first_input, self._blocks = given, blocks
        self._masks, self._kept_between = [], 0
        y: np.ndarray | None = None
        for level, directions in enumerate(self.layers):
            last = level + 1 == len(self.layers)
            y = self._new_outputs(blocks, level, last) if outputs or not last else None
            for side, direction in enumerate(directions):
                k = level * len(directions) + side
                column = side * self.hidden_size
                direction.forward(
                    *(blocks, given, initial[k], final[k], y, column), training=training
                )
            if not last:
                assert y is not None
                self._drop(y, training, rng)
            if self._residual and level > 0 and y is not None:
                y += given.x
            if not last:
                given = LayerInput(x=y, gaps=given.gaps)
        return y, final

    def _new_outputs(self, blocks: Blocks, level: int, last: bool) -> np.ndarray:
        shape = (blocks.n_sequences * blocks.n_steps, self.output_size)
        if last:
            return np.empty(shape, self.dtype)
        return self._workspace.empty(f"y{level}", shape, self.dtype)

    def _new_input_gradient(self, level: int) -> np.ndarray | None:
        if level > 0:
            shape = (self._blocks.n_sequences * self._blocks.n_steps, self.output_size)
            return self._workspace.empty(f"dx{level}", shape, self.dtype)
        x = self._first_input.x
        return None if x is None else np.empty_like(x)

    def _drop(self, y: np.ndarray, training: bool, rng: np.random.Generator | None) -> None:
        mask = None
        if training and self._dropout > 0 and rng is not None:
            # a process draws the masks of the whole batch, so that they are those of one process
            part = self._blocks.part
            shape = (part.n_sequences, self._blocks.n_steps * y.shape[1])
            mask = part.take(dropout_mask(shape, self._dropout, y.dtype, rng)).reshape(y.shape)
            y *= mask
        self._masks.append(mask)
        if training:
            self._kept_between += y.nbytes + (0 if mask is None else mask.nbytes)

    def backward(
        self, dy: np.ndarray | None, dstates: np.ndarray
    ) -> tuple[InputGradients, np.ndarray]:
        """Run back through the last forward pass in training.

        Parameters
        ----------
        dy
            float (B * T, directions * H), gradient of the last layer's outputs, or None.
        dstates
            Gradient of the final states, in the shape of ``initial``.

        Returns
        -------
        tuple
            Gradients of the first layer's input, and of the initial states.
        """
        initial = dstates.copy()
        gradients = InputGradients(None, None, None)
        for level in reversed(range(len(self.layers))):
            parts: list[InputGradients] = []
            dx = self._new_input_gradient(level)
            around = self._residual and level > 0 and dy is not None
            if around:
                self._copy_around(dy, dx)
            mask = self._masks[level] if level + 1 < len(self.layers) else None
            if mask is not None:
                assert dy is not None
                dy *= mask
            for side, direction in enumerate(self.layers[level]):
                k = level * len(self.layers[level]) + side
                column = side * self.hidden_size
                add = around or side > 0
                parts.append(direction.backward(dy, column, initial[k], dx, add=add))
            gradients = merge_gradients(parts)
            dy = gradients.x
        return gradients, initial

    def set_precision(self, precision: str | None) -> None:
        """Choose the precision of products in training, from the next forward pass on.

        Parameters
        ----------
        precision
            As :func:`fastgru.layers.checks.check_precision` lets it through.
        """
        for layer in self.layers:
            for direction in layer:
                assert isinstance(direction, Direction)
                direction.precision = precision

    def forget(self) -> None:
        """Let go of the last pass; the memory that it worked in is kept for the next."""
        self._first_input, self._masks = LayerInput(), []
        for layer in self.layers:
            for direction in layer:
                direction.forget()

    def _copy_around(self, dy: np.ndarray | None, dx: np.ndarray | None) -> None:
        """Write what reaches a layer's input around the layer; directions add to it."""
        assert dy is not None
        assert dx is not None
        dx[:] = dy
        # the caller's gradient may hold anything there, and masks multiply all of it
        dx[past_ends(self._blocks)] = 0


def part_states(joined: np.ndarray, n_states: int) -> list[np.ndarray]:
    """Return each state (layers * directions, B, H) of states (layers * directions, n * B, H)."""
    if n_states == 1:
        return [joined]
    rows, columns, hidden = joined.shape
    parts = joined.reshape(rows, n_states, columns // n_states, hidden)
    return [np.ascontiguousarray(parts[:, state]) for state in range(n_states)]


def dropout_mask(
    shape: tuple[int, ...], share: float, dtype: np.dtype, rng: np.random.Generator
) -> np.ndarray:
    """Return an array of ``1 / (1 - share)`` with a ``share`` of zeros (inverted dropout)."""
    kept = rng.random(shape, dtype=np.float32) >= share
    return np.multiply(kept, 1 / (1 - share), dtype=dtype)
