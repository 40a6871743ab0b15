"""The recurrent cells: where each parameter of PyTorch's layout goes in a cell's kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastgru.kernels import decay, gru, gru_reset_before, lstm, rnn
from fastgru.kernels.recurrence import Cell
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.layers.packing import (
    add_groups,
    columns_in_pairs,
    pack_columns,
    pack_gate_in_stripes,
    pack_transposed,
    round_up,
    stripes_in_pairs,
)

PEEPHOLES = ("weight_ci", "weight_cf", "weight_co")
"""Peephole weights (H,) of input, forget and output gate, named after the cell state c."""

Parameters = Mapping[str, np.ndarray]
NewArray = Callable[[str, tuple[int, ...], np.dtype], np.ndarray]


@dataclass(frozen=True)
class CellKind:
    """One kind of cell: its kernels, and the gates that its products take.

    Attributes
    ----------
    cell : Cell
    forward, backward : Callable
        The kernels.
    weights, transposed, sums : type
        NamedTuples of the recurrent weights for either way, and of their gradients: an array for
        each of ``products``, and one of peepholes where the cell has them.
    products : tuple of tuple of int
        Gates of ``weight_hh`` (PyTorch's numbering) in each recurrent product, in tape order.
        A second product takes what the first has gated.
    hh_at : tuple of int
        Vector of the tape that the recurrent bias of each gate belongs to.
    peepholes : bool
    decays : bool
        Whether the state decays with the time before each step.
    """

    cell: Cell
    forward: Callable[..., None]
    backward: Callable[..., None]
    weights: Callable[..., Any]
    transposed: Callable[..., Any]
    sums: Callable[..., Any]
    products: tuple[tuple[int, ...], ...]
    hh_at: tuple[int, ...]
    peepholes: bool = False
    decays: bool = False

    @property
    def gates(self) -> int:
        """G, gates stacked in PyTorch's layout."""
        return len(self.hh_at)

    @property
    def all_gates(self) -> tuple[int, ...]:
        """The gates, in PyTorch's order."""
        return tuple(range(self.gates))

    @property
    def input_vectors(self) -> slice:
        """Vectors of the tape that the input part of the gates belongs to."""
        return slice(self.cell.input_at, self.cell.input_at + self.gates)

    def pack_forward(self, parameters: Parameters, empty: NewArray, *, pairs: bool) -> Any:
        """Return the recurrent weights for the forward kernel, ``pairs`` of bfloat16 or not.

        ``parameters`` holds arrays by PyTorch's names without layer and direction; ``empty`` makes
        arrays of any content, from a name, a shape and a type.
        """
        weight = parameters["weight_hh"]
        hidden, padded, panels = _sizes(weight)
        first, *others = self.products
        shape = (panels, padded, len(first) * lanes_of(weight.dtype))
        columns = pack_columns(weight, hidden, first, empty("hh", shape, weight.dtype))
        arrays = [columns_in_pairs(columns) if pairs else columns]
        for (gate,) in others:
            flat = empty(f"hh_{gate}", (padded * padded,), weight.dtype)
            stripes = pack_gate_in_stripes(weight, hidden, gate, padded, flat)
            arrays.append(stripes_in_pairs(stripes, padded) if pairs else stripes)
        return self.weights(*arrays, *self._pack_peepholes(parameters))

    def pack_backward(self, parameters: Parameters, empty: NewArray, *, pairs: bool) -> Any:
        """Return the recurrent weights for the backward kernel; as :meth:`pack_forward`."""
        weight = parameters["weight_hh"]
        hidden, padded, _ = _sizes(weight)
        arrays = []
        for k, order in enumerate(self.products):
            flat = empty(f"hh_back{k}", (len(order) * padded * padded,), weight.dtype)
            stripes = pack_transposed(weight, hidden, order, padded, flat)
            arrays.append(stripes_in_pairs(stripes, padded) if pairs else stripes)
        return self.transposed(*arrays, *self._pack_peepholes(parameters))

    def _pack_peepholes(self, parameters: Parameters) -> list[np.ndarray]:
        if not self.peepholes:
            return []
        hidden, padded, _ = _sizes(parameters["weight_hh"])
        packed = np.zeros((len(PEEPHOLES), padded), parameters["weight_hh"].dtype)
        for row, name in enumerate(PEEPHOLES):
            if name in parameters:
                packed[row, :hidden] = parameters[name]
        return [packed]

    def new_sums(self, parameters: Parameters, n_groups: int, empty: NewArray) -> Any:
        """Return arrays for the gradients of each group, of any content."""
        weight = parameters["weight_hh"]
        _, padded, panels = _sizes(weight)
        units, lanes = round_up(padded, ROWS), lanes_of(weight.dtype)
        arrays = [
            empty(f"d_hh{k}", (n_groups, panels, units, len(order) * lanes), weight.dtype)
            for k, order in enumerate(self.products)
        ]
        if self.peepholes:
            groups = n_groups if PEEPHOLES[0] in parameters else 0
            arrays.append(empty("d_peepholes", (groups, 1, len(PEEPHOLES), padded), weight.dtype))
        return self.sums(*arrays)

    def add_sums(self, sums: Any, grads: Parameters) -> None:
        """Add the gradients of all groups, in order, to those of the parameters.

        ``sums`` are **overwritten**.
        """
        grad = grads["weight_hh"]
        hidden = grad.shape[1]
        for order, parts in zip(self.products, sums, strict=False):
            add_groups(parts, hidden, order, grad)
        if self.peepholes and len(sums.peepholes):
            total = sums.peepholes[:, 0].sum(axis=0)
            for row, name in enumerate(PEEPHOLES):
                grads[name][...] += total[row, :hidden]


def _sizes(weight_hh: np.ndarray) -> tuple[int, int, int]:
    """Return H, H rounded up to whole panels, and the panels."""
    hidden, lanes = weight_hh.shape[1], lanes_of(weight_hh.dtype)
    padded = round_up(hidden, lanes)
    return hidden, padded, padded // lanes


GRU_RESET_AFTER = CellKind(
    cell=gru.CELL,
    forward=gru.gru_forward,
    backward=gru.gru_backward,
    weights=gru.GRUWeights,
    transposed=gru.GRUTransposed,
    sums=gru.GRUSums,
    products=((2, 0, 1),),
    hh_at=(1, 2, 0),
)
GRU_RESET_BEFORE = CellKind(
    cell=gru_reset_before.CELL,
    forward=gru_reset_before.gru_reset_before_forward,
    backward=gru_reset_before.gru_reset_before_backward,
    weights=gru_reset_before.ResetBeforeWeights,
    transposed=gru_reset_before.ResetBeforeTransposed,
    sums=gru_reset_before.ResetBeforeSums,
    products=((0, 1), (2,)),
    hh_at=(0, 1, 2),
)
LSTM = CellKind(
    cell=lstm.CELL,
    forward=lstm.lstm_forward,
    backward=lstm.lstm_backward,
    weights=lstm.LSTMWeights,
    transposed=lstm.LSTMTransposed,
    sums=lstm.LSTMSums,
    products=((0, 1, 2, 3),),
    hh_at=(0, 1, 2, 3),
    peepholes=True,
)

GRU_DECAY = replace(
    GRU_RESET_AFTER,
    cell=decay.GRU_CELL,
    forward=decay.gru_decay_forward,
    backward=decay.gru_decay_backward,
    decays=True,
)
LSTM_DECAY = replace(
    LSTM,
    cell=decay.LSTM_CELL,
    forward=decay.lstm_decay_forward,
    backward=decay.lstm_decay_backward,
    decays=True,
)


def _rnn(cell: Cell, forward: Callable[..., None], backward: Callable[..., None]) -> CellKind:
    return CellKind(
        cell=cell,
        forward=forward,
        backward=backward,
        weights=rnn.RNNWeights,
        transposed=rnn.RNNTransposed,
        sums=rnn.RNNSums,
        products=((0,),),
        hh_at=(0,),
    )


RNN_TANH = _rnn(rnn.TANH_CELL, rnn.rnn_tanh_forward, rnn.rnn_tanh_backward)
RNN_RELU = _rnn(rnn.RELU_CELL, rnn.rnn_relu_forward, rnn.rnn_relu_backward)
