"""Modules of PyTorch with the signatures of ``torch.nn``'s recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence

from fastgru.errors import ConfigurationError
from fastgru.layers import cells
from fastgru.torch.batches import Batch, PackedBatch, padded_batch
from fastgru.torch.function import Call, Recurrence
from fastgru.torch.tapes import TYPES, Tape, Tapes

_KINDS = {
    "GRU": cells.GRU_RESET_AFTER,
    "LSTM": cells.LSTM,
    "RNN_TANH": cells.RNN_TANH,
    "RNN_RELU": cells.RNN_RELU,
}
"""Cells by the ``mode`` of PyTorch's modules."""


class _OnKernels(torch.nn.RNNBase):
    """The passes of a recurrent module of PyTorch, taken by the kernels of fastgru."""

    _checked: Sequence[Any] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        name = type(self).__name__
        if self.proj_size:
            raise ConfigurationError(
                f"{name}: proj_size must be 0, got {self.proj_size}: there are no kernels for "
                f"projections. Leave it out, or use torch.nn.{name}."
            )
        if self.dropout == 1:
            raise ConfigurationError(f"{name}: dropout must be below 1, got 1.")
        self._tapes = Tapes()

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Run all layers through all steps.

        Parameters
        ----------
        input
            float (T, B, I), with ``batch_first`` (B, T, I), of one sequence alone (T, I); or a
            PackedSequence.
        hx
            Initial states, float (num_layers * directions, B, H), of one sequence alone without B;
            of the LSTM a pair of them.  None for zero.

        Returns
        -------
        tuple
            States of the last layer after each step, (..., directions * H) and ordered like
            ``input``; and the final states, in the form of ``hx``.

        Raises
        ------
        ConfigurationError
            For a tensor that is not on the CPU, or of another type than float32 and float64.
        RuntimeError
            For a shape that does not fit, and for sequences without steps, as in ``torch.nn``.
        """
        weights = self._weights()
        packed = isinstance(input, PackedSequence)
        x, batch_sizes = (input.data, input.batch_sizes) if packed else (input, None)
        states = [] if hx is None else list(hx) if self.mode == "LSTM" else [hx]
        if torch.is_autocast_enabled("cpu"):
            dtype = next(iter(weights.values())).dtype
            x, states = x.to(dtype), [state.to(dtype) for state in states]
        alone = not packed and x.dim() == 2
        if alone:
            x, states = x.unsqueeze(self._batch_axis), [state.unsqueeze(1) for state in states]
        self._check(x, states, weights, batch_sizes)
        batch = self._batch_of(x, batch_sizes)
        if packed and states and input.sorted_indices is not None:
            states = [state.index_select(1, input.sorted_indices) for state in states]
        y, *final = self._run(batch, x, states, weights)
        if packed:
            order = input.sorted_indices, input.unsorted_indices
            if input.unsorted_indices is not None:
                final = [state.index_select(1, input.unsorted_indices) for state in final]
            return PackedSequence(y, batch_sizes, *order), self._in_form(final)
        if alone:
            y, final = y.squeeze(self._batch_axis), [state.squeeze(1) for state in final]
        return y, self._in_form(final)

    def _weights(self) -> dict[str, torch.Tensor]:
        """Return the weights by name, those that something computes anew among them."""
        own = self._parameters
        return {
            name: getattr(self, name) if own.get(name) is None else own[name]
            for name in self._flat_weights_names
        }

    def _check(
        self,
        x: torch.Tensor,
        states: list[torch.Tensor],
        weights: dict[str, torch.Tensor],
        batch_sizes: torch.Tensor | None,
    ) -> None:
        """Refuse tensors that do not fit, unless the last call was given the like."""
        tensors = (x, *states, *weights.values())
        kinds = [(tensor.shape, tensor.dtype, tensor.device) for tensor in tensors]
        if batch_sizes is None and kinds == self._checked:
            return
        _check_types(type(self).__name__, {"input": x, **_named(states)}, weights)
        self.check_input(x, batch_sizes)
        if states:
            if len(states) != 1 + (self.mode == "LSTM"):
                raise RuntimeError(
                    f"LSTM: hx must be a pair of tensors (h_0, c_0), got {len(states)}."
                )
            self.check_forward_args(x, self._in_form(states), batch_sizes)
        if batch_sizes is None:
            if x.shape[1 - self._batch_axis] == 0:
                raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
            self._checked = kinds

    @property
    def _batch_axis(self) -> int:
        return 0 if self.batch_first else 1

    def _in_form(self, states: list[torch.Tensor]) -> Any:
        return tuple(states) if self.mode == "LSTM" else states[0]

    def _batch_of(self, x: torch.Tensor, batch_sizes: torch.Tensor | None) -> Batch:
        if batch_sizes is not None:
            return PackedBatch(batch_sizes)
        n_sequences, n_steps = x.shape[self._batch_axis], x.shape[1 - self._batch_axis]
        return padded_batch(n_sequences, n_steps, batch_first=self.batch_first)

    def _run(
        self,
        batch: Batch,
        x: torch.Tensor,
        states: list[torch.Tensor],
        weights: dict[str, torch.Tensor],
    ) -> tuple[torch.Tensor, ...]:
        tape = self._tapes.take(next(iter(weights.values())).dtype) or Tape(
            *(_KINDS[self.mode], weights),
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
        )
        call = Call(self._tapes, tape, batch, weights, self._new_rng())
        tensors = (*states, *weights.values())
        if torch.is_grad_enabled() and any(t.requires_grad for t in (x, *tensors)):
            kept: tuple[torch.Tensor, ...] = Recurrence.apply(call, x, *tensors)
            return kept
        outputs = call.run(x, states, keep=False)
        self._tapes.give_back(tape)
        return outputs

    def _new_rng(self) -> np.random.Generator | None:
        """Return a source of dropout masks that follows ``torch.manual_seed``."""
        if not self.training or self.dropout == 0 or self.num_layers == 1:
            return None
        return np.random.default_rng(int(torch.randint(2**62, ())))


class GRU(_OnKernels, torch.nn.GRU):
    """``torch.nn.GRU`` that runs fastgru's kernels: the same arguments, names and numbers.

    A model that takes this class in the place of ``torch.nn.GRU`` keeps its state dicts, its
    optimiser and its training loop.  It is an instance of ``torch.nn.GRU``.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, bidirectional
        As in ``torch.nn.GRU``, in its order.
    dropout
        Share of the outputs of each layer but the last that is dropped in training, in [0, 1).
        Masks follow ``torch.manual_seed``, and differ from those of ``torch.nn``.
    device
        The CPU, or None for it.
    dtype
        ``torch.float32`` or ``torch.float64``; None for PyTorch's default type.

    Raises
    ------
    ConfigurationError
        For a dropout of 1; when called, for tensors on another device or of another type.

    Notes
    -----
    Kernels run on as many threads as ``torch.get_num_threads()`` says, and no more than the
    process has CPUs.  There are no second derivatives: ``create_graph=True`` is refused.

    Examples
    --------
    >>> gru = fastgru.torch.GRU(16, 128, batch_first=True, bidirectional=True)
    >>> y, h_n = gru(torch.randn(8, 50, 16))  # (8, 50, 256) and (2, 8, 128)
    """


class LSTM(_OnKernels, torch.nn.LSTM):
    """``torch.nn.LSTM`` that runs fastgru's kernels.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        As in :class:`GRU`.
    proj_size
        0: there are no kernels for projections.
    device, dtype
        As in :class:`GRU`.

    Raises
    ------
    ConfigurationError
        As in :class:`GRU`, and for a ``proj_size`` other than 0.
    """


class RNN(_OnKernels, torch.nn.RNN):
    """``torch.nn.RNN`` that runs fastgru's kernels.

    Parameters
    ----------
    input_size, hidden_size, num_layers
        As in :class:`GRU`.
    nonlinearity
        ``"tanh"`` or ``"relu"``.
    bias, batch_first, dropout, bidirectional, device, dtype
        As in :class:`GRU`.

    Raises
    ------
    ConfigurationError
        As in :class:`GRU`.
    """


def _named(states: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"hx[{n}]" if len(states) > 1 else "hx": state for n, state in enumerate(states)}


def _check_types(
    layer: str, given: dict[str, torch.Tensor], weights: dict[str, torch.Tensor]
) -> None:
    """Refuse tensors that the kernels cannot read."""
    dtype = next(iter(weights.values())).dtype
    if dtype not in TYPES:
        raise ConfigurationError(
            f"{layer}: parameters are {dtype}, expected torch.float32 or torch.float64. Convert "
            "them with .float(), or use torch.nn."
        )
    for name, tensor in {**given, **weights}.items():
        if not tensor.is_cpu:
            raise ConfigurationError(
                f"{layer}: {name} is on {tensor.device}, expected the CPU, where the kernels of "
                "fastgru run. Move module and tensors with .cpu(), or use torch.nn."
            )
        if tensor.dtype != dtype:
            raise ConfigurationError(
                f"{layer}: {name} is {tensor.dtype}, expected {dtype} like {next(iter(weights))}. "
                f"Convert it with .to({dtype})."
            )
