"""One direction of one recurrent layer with any cell and options, walked step by step in NumPy.

The counterpart of :class:`fastgru.layers.direction.Direction` for what its kernels do not know.
All sequences of the batch take a step together, longest first, so that those which take step t are
the first rows of every array; a sequence that has ended keeps its state.  Each row of a result is
computed alone and by one thread: the bits depend neither on the batch around it nor on threads.

Zoneout (Krueger et al. 2017, arXiv 1606.01305, section 3) mixes the states before the step, h' and
c', with those h and c that the cell gives::

    h <- k h' + (1 - k) h      k = 0 or 1 at random for each unit and step, 1 with the given rate;
                               the rate itself where nothing is trained

Recurrent dropout (Gal and Ghahramani 2016, arXiv 1512.05287, section 4) has one mask for a
sequence, the same at every step, on what the recurrent products take.

Axes: S states, B sequences, n those that take a step, T time, H hidden units.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from fastgru.layers.blocks import Blocks
from fastgru.layers.gate_sums import DirectionWeights, InputSums, RecurrentSums
from fastgru.layers.layer_input import InputGradients, LayerInput
from fastgru.layers.names import NamesOfDirection
from fastgru.layers.variant import Variant


class _Steps:
    """Which sequences take each step, and where their steps stand in the caller's arrays."""

    def __init__(self, blocks: Blocks, reverse: bool) -> None:
        sequences = blocks.table["sequences"].reshape(-1)
        lengths = np.zeros(blocks.n_sequences, np.int64)
        lengths[sequences[sequences >= 0]] = blocks.table["lengths"].reshape(-1)[sequences >= 0]
        self.order = np.argsort(-lengths, kind="stable")
        self._lengths, self._reverse, self._n_steps = lengths[self.order], reverse, blocks.n_steps
        n_taken = int(lengths.max(initial=0))
        self.counts = [int((lengths > t).sum()) for t in range(n_taken)]
        """How many sequences take step t."""

    def places(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of step t in arrays of steps, and its positions in the sequences."""
        n = self.counts[t]
        positions = self._lengths[:n] - 1 - t if self._reverse else np.full(n, t)
        return self.order[:n] * self._n_steps + positions, positions


class _Step(NamedTuple):
    """What one step keeps for the way back."""

    before: np.ndarray  # (S, n, H), states
    held: np.ndarray | None  # bool (S, n, H), where zoneout holds them
    gates: Any  # the tapes of input and cell; None where they are computed again


class GeneralDirection:
    """One direction of one recurrent layer.

    Parameters
    ----------
    variant
    rng
        Source of the masks of recurrent dropout and zoneout.  A pass in training draws (B, H)
        uniform float32 numbers for dropout, then (S, B, H) for each step of the longest sequence
        for zoneout, of which those below the rate drop or hold.
    parameters, grads
        The layer's arrays by name; ``grads`` is added to.
    suffix
        ``"_l0"``, ``"_l0_reverse"``, ...
    bptt_steps, save_memory
        As in :class:`fastgru.layers.direction.Direction`.
    """

    def __init__(
        self,
        variant: Variant,
        rng: np.random.Generator,
        parameters: dict[str, np.ndarray],
        grads: dict[str, np.ndarray],
        suffix: str,
        *,
        bptt_steps: int = 0,
        save_memory: bool = False,
    ) -> None:
        self.variant, self._rng = variant, rng
        self._all_parameters, self._all_grads = parameters, grads
        self._names = NamesOfDirection(parameters, suffix)
        self._reverse = suffix.endswith("_reverse")
        self._bptt_steps, self._save_memory = bptt_steps, save_memory
        weight_hh = parameters["weight_hh" + suffix]
        self.hidden_size, self.dtype = weight_hh.shape[1], weight_hh.dtype
        self._tape: list[_Step] = []
        self.tape_bytes = 0

    def forward(
        self,
        blocks: Blocks,
        given: LayerInput,
        initial: np.ndarray,
        final: np.ndarray,
        y: np.ndarray | None,
        column: int,
        *,
        training: bool,
    ) -> None:
        """Run through all steps; arguments as in :meth:`.Direction.forward`."""
        self._steps = _Steps(blocks, self._reverse)
        self._prepare(given, blocks.n_sequences, training)
        columns = slice(column, column + self.hidden_size)
        if y is not None:
            y[:, columns] = 0
        states = self._in_order(initial)
        with np.errstate(all="ignore"):  # infinities and NaN go their way, as in the kernels
            for t, n in enumerate(self._steps.counts):
                before = states[:, :n].copy()
                held = self._draw_held(n, blocks.n_sequences) if training else None
                states[:, :n], gates = self._step(t, before, held, training)
                if y is not None:
                    y[self._steps.places(t)[0], columns] = states[0, :n]
                if training:
                    self._tape.append(_Step(before, held, None if self._save_memory else gates))
        self.tape_bytes = sum({id(a): a.nbytes for a in _arrays_in(self._tape)}.values())
        final[:] = self._in_callers_order(states)

    def _prepare(self, given: LayerInput, n_sequences: int, training: bool) -> None:
        """Make what every step of a pass takes: weights, input, the mask of recurrent dropout."""
        variant, gates = self.variant, self.variant.cell.gates
        values, grads = self._names.pick(self._all_parameters), self._names.pick(self._all_grads)
        weights = DirectionWeights(values, grads)
        mask = self._draw_mask(n_sequences) if training else None
        self._input = InputSums(weights, gates, given)
        recurrent = RecurrentSums(weights, gates, mask)
        options = variant.activations, variant.clip, variant.input_forget
        self._cell = variant.cell(*options, weights, recurrent)
        self._tape = []

    def _draw_mask(self, n_sequences: int) -> np.ndarray | None:
        share = self.variant.recurrent_dropout
        if share == 0:
            return None
        kept = self._rng.random((n_sequences, self.hidden_size), np.float32) >= share
        return np.multiply(kept[self._steps.order], 1 / (1 - share), dtype=self.dtype)

    def _draw_held(self, n: int, n_sequences: int) -> np.ndarray | None:
        if self.variant.zoneout == 0:
            return None
        shape = (self.variant.cell.states, n_sequences, self.hidden_size)
        held = self._rng.random(shape, np.float32) < self.variant.zoneout
        return np.take(held, self._steps.order[:n], axis=1)

    def _step(
        self, t: int, before: np.ndarray, held: np.ndarray | None, training: bool
    ) -> tuple[np.ndarray, Any]:
        """Return the states after step t, and the tapes of input and cell."""
        x, input_tape = self._input.forward(*self._steps.places(t))
        states, cell_tape = self._cell.forward(x, before)
        rate = self.variant.zoneout
        if held is not None:
            states = np.where(held, before, states)
        elif rate > 0 and not training:
            states = rate * before + (1 - rate) * states
        return states, (input_tape, cell_tape)

    def backward(
        self,
        dy: np.ndarray | None,
        column: int,
        dstates: np.ndarray,
        dx: np.ndarray | None,
        *,
        add: bool,
    ) -> InputGradients:
        """Run back through the last pass; arguments and result as in :meth:`.Direction.backward`.

        Adds to the gradients of the parameters.
        """
        columns = slice(column, column + self.hidden_size)
        if dx is not None and not add:
            dx.fill(0)
        d = self._in_order(dstates)
        with np.errstate(all="ignore"):
            for t, n in reversed(list(enumerate(self._steps.counts))):
                if dy is not None:
                    d[0, :n] += dy[self._steps.places(t)[0], columns]
                d[:, :n] = self._step_back(t, d[:, :n], dx)
                if self._bptt_steps and t % self._bptt_steps == 0 and t > 0:
                    d[:, :n] = 0
            gradients = self._input.gradients(dx)
        self._tape = []
        dstates[:] = self._in_callers_order(d)
        return gradients

    def forget(self) -> None:
        """Let go of the last pass, as :meth:`.Direction.forget` does."""
        self._tape = []
        del self._steps, self._input, self._cell

    def _step_back(self, t: int, d: np.ndarray, dx: np.ndarray | None) -> np.ndarray:
        """Return the gradient of the states before step t."""
        before, held, gates = self._tape[t]
        if gates is None:
            _, gates = self._step(t, before, held, True)
        input_tape, cell_tape = gates
        d_cell = d if held is None else np.where(held, 0, d)
        d_sums, d_before = self._cell.backward(d_cell, before, cell_tape)
        self._input.backward(d_sums, input_tape, *self._steps.places(t), dx)
        return d_before if held is None else d_before + np.where(held, d, 0)

    def _in_order(self, states: np.ndarray) -> np.ndarray:
        """Return a copy (S, B, H) of states (S * B, H), longest sequence first."""
        shape = (self.variant.cell.states, len(self._steps.order), self.hidden_size)
        return np.take(states.reshape(shape), self._steps.order, axis=1)

    def _in_callers_order(self, states: np.ndarray) -> np.ndarray:
        """Undo :meth:`_in_order`."""
        result = np.empty_like(states)
        result[:, self._steps.order] = states
        return result.reshape(-1, self.hidden_size)


def _arrays_in(kept: Any) -> Iterator[np.ndarray]:
    """Yield the arrays in nested tuples and lists, for a view the array that holds its memory."""
    if isinstance(kept, np.ndarray):
        yield kept if kept.base is None else kept.base
    elif isinstance(kept, tuple | list):
        for part in kept:
            yield from _arrays_in(part)
