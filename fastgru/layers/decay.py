"""One direction of one recurrent layer whose state decays with the time between two steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastgru.kernels.decay import Decay, DecayTransposed, DecayWeights
from fastgru.layers.blocks import Blocks
from fastgru.layers.cells import Parameters
from fastgru.layers.direction import Direction
from fastgru.layers.layer_input import InputGradients, LayerInput
from fastgru.layers.names import DECAY_PARAMETERS

__all__ = ["DecayingDirection", "blocked_gaps", "initial_decay"]


def initial_decay(rng: np.random.Generator, hidden_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first rates and biases, float64 (H,) each.

    All rates are above zero: at zero a unit would have no gradient to decay by.
    """
    return rng.uniform(0, hidden_size**-0.5, hidden_size), np.zeros(hidden_size)


def blocked_gaps(blocks: Blocks, gaps: np.ndarray, *, reverse: bool) -> np.ndarray:
    """Return the time before each step of a direction, in blocked order.

    Parameters
    ----------
    blocks
    gaps
        float (B * T,), time since the step before in the caller's order.
    reverse
        Whether sequences run from their last step, before which there is then no time.
    """
    blocked = np.zeros(max(blocks.n_rows, 1), gaps.dtype)
    by_sequence = gaps.reshape(blocks.n_sequences, blocks.n_steps)
    for block in blocks.table:
        first, shape = block["first"], (block["steps"], blocks.rows)
        steps = blocked[first : first + shape[0] * shape[1]].reshape(shape)
        for i, (sequence, length) in enumerate(
            zip(block["sequences"], block["lengths"], strict=True)
        ):
            if length == 0:
                continue
            own = by_sequence[sequence, :length]
            if reverse:
                steps[1:length, i] = own[:0:-1]
            else:
                steps[:length, i] = own
    return blocked


class DecayingDirection(Direction):
    """One direction of one recurrent layer with the kernels of :mod:`fastgru.kernels.decay`.

    Parameters as in :class:`fastgru.layers.direction.Direction`; its input has gaps.
    """

    def _pack_forward(self, blocks: Blocks, given: LayerInput, parameters: Parameters) -> Any:
        assert given.gaps is not None
        gaps = blocked_gaps(blocks, given.gaps, reverse=self._reverse)
        rate, bias = (np.zeros(self._memory.padded, self.dtype) for _ in DECAY_PARAMETERS)
        for packed, name in zip((rate, bias), DECAY_PARAMETERS, strict=True):
            packed[: self.hidden_size] = parameters[name]
        self._decay = Decay(gaps, rate, bias)
        return DecayWeights(super()._pack_forward(blocks, given, parameters), self._decay)

    def _pack_backward(self, parameters: Parameters, groups: int) -> Any:
        part = self._blocks.part
        shape = (groups, len(DECAY_PARAMETERS), self._memory.padded)
        self._decay_sums = self._workspace.zeros("d_decay", shape, self.dtype)
        cell = super()._pack_backward(parameters, groups)
        return DecayTransposed(cell, self._decay, part.of_groups(self._decay_sums))

    def backward(
        self,
        dy: np.ndarray | None,
        column: int,
        dstates: np.ndarray,
        dx: np.ndarray | None,
        *,
        add: bool,
    ) -> InputGradients:
        """Run back through the last forward pass; as in :meth:`.Direction.backward`."""
        gradients = super().backward(dy, column, dstates, dx, add=add)
        self._blocks.part.complete([self._decay_sums])
        total, grads = self._decay_sums.sum(axis=0), self._grads
        for row, name in enumerate(DECAY_PARAMETERS):
            grads[name][...] += total[row, : self.hidden_size]
        return gradients
