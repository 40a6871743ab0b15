"""What a forward pass keeps for its gradients, and how long.

Layers of fastgru remember their last pass.  A module of PyTorch may be called many times before
anyone asks for gradients, so each call that needs them takes a tape of its own, and gives it back
when autograd lets go of what the call has saved: after the backward pass, if it does not retain
the graph, or with the graph.
"""

from __future__ import annotations

import contextlib
import itertools
import weakref
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from fastgru._numba import threads_in_force, threads_limited_to
from fastgru.errors import FastgruError
from fastgru.layers.cells import CellKind
from fastgru.layers.layer_input import LayerInput
from fastgru.layers.stack import Stack, part_states
from fastgru.torch.batches import Batch

TYPES = {torch.float32: np.dtype(np.float32), torch.float64: np.dtype(np.float64)}
"""Of the numbers that the kernels take."""

_KEPT_FREE = 3
"""Free tapes of a module: as many as the calls in a step of a network with triplets."""

_held: dict[int, tuple[Tape, weakref.ref[np.ndarray]]] = {}
_numbers = itertools.count()


class Tape:
    """Layers that read the parameters of a module, and what one forward pass keeps of them.

    Parameters
    ----------
    kind
    weights
        Tensors by PyTorch's names.
    num_layers, bidirectional, dropout
        As in :class:`Stack`.
    """

    def __init__(
        self,
        kind: CellKind,
        weights: Mapping[str, torch.Tensor],
        *,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        self._parameters = _arrays_of(weights)
        self._grads: dict[str, np.ndarray] = {}
        self.stack = Stack(
            *(kind, self._parameters, self._grads),
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
        )

    def forward(
        self,
        batch: Batch,
        x: torch.Tensor,
        states: Sequence[torch.Tensor],
        weights: Mapping[str, torch.Tensor],
        *,
        keep: bool,
        rng: np.random.Generator | None,
    ) -> tuple[torch.Tensor, ...]:
        """Run all layers.

        Parameters
        ----------
        batch
            How ``x`` is ordered.
        x
            float, input of each step.
        states
            float (num_layers * directions, B, H): h, or h and c; none for zero.
        weights
            By PyTorch's names.
        keep
            Whether what :meth:`backward` needs is kept.
        rng
            Source of the dropout masks; None for no dropout.

        Returns
        -------
        tuple of torch.Tensor
            States of the last layer after each step, ordered like ``x``, and the final states.
        """
        self._batch, stack = batch, self.stack
        self._parameters.update(_arrays_of(weights))
        shape = (len(stack.layers) * len(stack.layers[0]), batch.blocks.n_sequences)
        initial = _joined(states, (*shape, stack.hidden_size), stack)
        with _threads_of_torch():
            y, final = stack.forward(
                *(batch.blocks, LayerInput(x=batch.rows_of(x)), initial),
                training=keep or rng is not None,
                rng=rng,
            )
        assert y is not None
        return batch.tensor_of(y), *map(torch.from_numpy, part_states(final, stack.n_states))

    def backward(
        self, dy: torch.Tensor | None, dfinal: Sequence[torch.Tensor | None]
    ) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
        """Run back through the last forward pass.

        Parameters
        ----------
        dy, dfinal
            Gradients of what :meth:`forward` has returned; None for zero.

        Returns
        -------
        tuple
            Gradients of ``x``, of the initial states, and of the weights.
        """
        batch, stack = self._batch, self.stack
        self._grads.update(
            {name: np.zeros(w.shape, w.dtype) for name, w in self._parameters.items()}
        )
        shape = (len(stack.layers) * len(stack.layers[0]), batch.blocks.n_sequences)
        joined = _joined(dfinal, (*shape, stack.hidden_size), stack)
        with _threads_of_torch():
            rows = None if dy is None else batch.rows_of(dy)
            gradients, initial = stack.backward(rows, joined)
        assert gradients.x is not None
        dstates = map(torch.from_numpy, part_states(initial, stack.n_states))
        dweights = map(torch.from_numpy, self._grads.values())
        return batch.tensor_of(gradients.x), list(dstates), list(dweights)

    def forget(self) -> None:
        """Let go of all tensors; the memory for what a pass keeps stays for the next."""
        self.stack.forget()
        self._parameters.clear()
        self._grads.clear()
        del self._batch


def _threads_of_torch() -> contextlib.AbstractContextManager[object]:
    """Let kernels run on as many threads as PyTorch does; it takes time only where that differs."""
    threads = torch.get_num_threads()
    if threads == threads_in_force():
        return contextlib.nullcontext()
    return threads_limited_to(threads)


def _arrays_of(weights: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Return arrays that share the memory of tensors, unless it is in no order."""
    return {name: np.ascontiguousarray(weight.detach().numpy()) for name, weight in weights.items()}


def _joined(
    states: Sequence[torch.Tensor | None], shape: tuple[int, ...], stack: Stack
) -> np.ndarray:
    """Join states (layers * directions, B, H) as the layers take them; None is zero."""
    given = list(states) or [None] * stack.n_states
    arrays = [
        np.zeros(shape, stack.dtype) if state is None else state.detach().numpy() for state in given
    ]
    joined = arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=1)
    return np.ascontiguousarray(joined)


class Tapes:
    """The tapes of a module that are free, at most three.

    A copy of a module, and one that comes from a file, begins with none.
    """

    def __init__(self) -> None:
        self._free: list[Tape] = []

    def __reduce__(self) -> tuple[type[Tapes], tuple[()]]:
        return Tapes, ()

    def take(self, dtype: torch.dtype) -> Tape | None:
        """Return a free tape for weights of a type, if there is one."""
        while self._free:
            try:
                tape = self._free.pop()
            except IndexError:  # another thread took it
                break
            if tape.stack.dtype == TYPES[dtype]:  # else the module has been converted
                return tape
        return None

    def give_back(self, tape: Tape) -> None:
        """Take back a tape that nobody needs."""
        if len(self._free) < _KEPT_FREE:
            tape.forget()
            self._free.append(tape)

    def hold(self, tape: Tape) -> torch.Tensor:
        """Keep a tape until the memory of the tensor that is returned is let go.

        Autograd saves that tensor, so its life is that of what a call has saved.
        """
        number = next(_numbers)
        memory = np.array([number])
        _held[number] = tape, weakref.ref(memory, lambda _: self.give_back(_held.pop(number)[0]))
        return torch.from_numpy(memory)


def held_tape(ticket: torch.Tensor) -> Tape:
    """Return the tape for what :meth:`Tapes.hold` returned.

    Raises
    ------
    FastgruError
        If it was copied, and the original let go.
    """
    held = _held.get(int(ticket))
    if held is None:
        raise FastgruError(
            "fastgru.torch: what the forward pass kept for its gradients is gone, because a hook "
            "has copied the tensors that autograd saved. Leave torch.autograd.graph.save_on_cpu "
            "and such hooks out around this layer."
        )
    return held[0]
