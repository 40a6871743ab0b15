"""One direction of one recurrent layer: packs weights, runs the kernels, unpacks gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastgru.kernels.pairs import words_for
from fastgru.kernels.products import product
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.kernels.step import Inputs, InputSums, Layout, Scratch
from fastgru.layers.blocks import Blocks
from fastgru.layers.cells import CellKind, Parameters
from fastgru.layers.layer_input import InputGradients, LayerInput
from fastgru.layers.names import NamesOfDirection
from fastgru.layers.packing import (
    pack_columns,
    pack_rows,
    pack_transposed,
    round_up,
    row_stride,
    unpack_columns,
    unpack_rows,
)
from fastgru.layers.workspace import Workspace, new_work

_CHUNK_ROWS = 64
"""Rows (steps of all sequences of a block) that are taken together."""


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    out = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    product(a, b, out)
    return out


class Direction:
    """One direction of one recurrent layer.

    Parameters
    ----------
    kind
    parameters, grads
        The layer's arrays by PyTorch's names; ``grads`` is added to.
    suffix
        ``"_l0"``, ``"_l0_reverse"``, ...
    bptt_steps
        The gradient of the state is cut at each multiple of it; 0 for nowhere.
    save_memory
        Whether the gates are computed again on the way back, instead of being kept.
    precision
        Of products in training: ``"bf16"``, or None for that of the parameters.

    Attributes
    ----------
    precision : str or None
        The same; holds from the next forward pass on.
    """

    def __init__(
        self,
        kind: CellKind,
        parameters: dict[str, np.ndarray],
        grads: dict[str, np.ndarray],
        suffix: str,
        *,
        bptt_steps: int = 0,
        save_memory: bool = False,
        precision: str | None = None,
    ) -> None:
        self.kind = kind
        self._all_parameters, self._all_grads = parameters, grads
        self._names = NamesOfDirection(parameters, suffix)
        self._reverse = suffix.endswith("_reverse")
        self._bptt_steps = bptt_steps
        self._keeps_tape = kind.cell.reads_tape and not save_memory
        self.precision, self._pairs = precision, False
        self.hidden_size = self._parameters["weight_hh"].shape[1]
        self.input_size = self._parameters["weight_ih"].shape[1]
        self.dtype = self._parameters["weight_hh"].dtype
        self._lanes = lanes_of(self.dtype)
        self._padded = round_up(self.hidden_size, self._lanes)
        self._panels = self._padded // self._lanes
        self._workspace = Workspace()
        self.tape_bytes = 0

    @property
    def _parameters(self) -> dict[str, np.ndarray]:
        return self._names.pick(self._all_parameters)

    @property
    def _grads(self) -> dict[str, np.ndarray]:
        return self._names.pick(self._all_grads)

    @property
    def _factor_type(self) -> np.dtype:
        """Type of packed weights: words where they are paired (:mod:`fastgru.kernels.pairs`)."""
        return np.dtype(np.uint32) if self._pairs else self.dtype

    def _projected(self, vectors: np.ndarray, weight_ih: np.ndarray) -> np.ndarray:
        """Return the input part of the tape (N, width, H) for each of N input vectors."""
        kind, hidden = self.kind, self.hidden_size
        table = np.zeros((len(vectors), kind.cell.width, hidden), self.dtype)
        products = _times(vectors, weight_ih.T)
        table[:, kind.input_vectors] = products.reshape(len(vectors), kind.gates, hidden)
        return table

    def _table(self, symbols: np.ndarray | None, parameters: Parameters) -> np.ndarray:
        """Return the input part for each symbol, or for none, biases included."""
        kind, hidden = self.kind, self.hidden_size
        if symbols is None:
            table = np.zeros((1, kind.cell.width, hidden), self.dtype)
        else:
            table = self._projected(symbols, parameters["weight_ih"])
        if "bias_ih" in parameters:
            table[:, kind.input_vectors] += parameters["bias_ih"].reshape(kind.gates, hidden)
            table[:, kind.hh_at] += parameters["bias_hh"].reshape(kind.gates, hidden)
        return pack_rows(table)

    def _pack_inputs(self, given: LayerInput, parameters: Parameters) -> Inputs:
        dense, weight_ih = given.x is not None, parameters["weight_ih"]
        gates = range(self.kind.gates)
        w_ih = np.empty((self._panels, 0, len(gates) * self._lanes), self._factor_type)
        positions = np.empty((0, self._panels, self.kind.cell.width * self._lanes), self.dtype)
        if dense:
            k_rows = round_up(self.input_size, 2 if self._pairs else 1)
            w_ih = pack_columns(weight_ih, self.hidden_size, gates, k_rows, pairs=self._pairs)
        if given.positions is not None:
            positions = pack_rows(self._projected(given.positions, weight_ih))
        return Inputs(
            tokens=np.empty(0, np.int32) if given.tokens is None else given.tokens,
            table=self._table(None if dense else given.symbols, parameters),
            position_table=positions,
            x=np.empty((0, 0), self.dtype) if given.x is None else given.x,
            w_ih=w_ih,
        )

    def _pack_forward(self, blocks: Blocks, given: LayerInput, parameters: Parameters) -> Any:
        """Return the recurrent weights as the forward kernel takes them."""
        return self.kind.pack_forward(parameters, pairs=self._pairs)

    def _pack_backward(self, parameters: Parameters, groups: int) -> Any:
        """Return the recurrent weights as the backward kernel takes them."""
        return self.kind.pack_backward(parameters, pairs=self._pairs)

    def forward(
        self,
        blocks: Blocks,
        given: LayerInput,
        initial: np.ndarray,
        y: np.ndarray | None,
        column: int,
        *,
        training: bool,
    ) -> np.ndarray:
        """Run through all steps.

        Parameters
        ----------
        blocks
        given
        initial
            float (n_states * B, H), initial states: h, for the LSTM followed by c.
        y
            float (B * T, columns), **written**: the states after each step, from ``column`` on,
            zero past each length; None where they are not wanted.
        column
        training
            Whether what :meth:`backward` needs is kept.

        Returns
        -------
        np.ndarray
            float (n_states * B, H), final states.
        """
        cell, rows = self.kind.cell, blocks.rows
        self._blocks, self._given = blocks, given
        self._pairs = training and self.precision == "bf16"
        counter, workers = new_work(len(blocks.table))
        self._layout = layout = Layout(
            n_steps=max(blocks.n_steps, 1),
            reverse=self._reverse,
            # Without a dense input nothing is taken for several steps at once on the way forward.
            chunk=_CHUNK_ROWS // rows if training or given.x is not None else 1,
            keep_tape=training and self._keeps_tape,
            keep_states=training,
        )
        parameters = self._parameters
        self._inputs = self._pack_inputs(given, parameters)
        self._weights = self._pack_forward(blocks, given, parameters)
        n_rows = max(blocks.n_rows, 1)
        self._state = self._array(
            *("state", n_rows if training else 2 * workers * rows),
            row_stride(cell.n_states * self._padded, self.dtype),
        )
        n_cells = max(n_rows // rows, 1) if layout.keep_tape else workers * layout.chunk
        self._cells = self._array("cells", n_cells, self._panels, rows, cell.width * self._lanes)
        kept = self._cells.nbytes if layout.keep_tape else 0
        self.tape_bytes = (self._state.nbytes + kept) * training
        final = np.zeros_like(initial)
        self.kind.forward(
            *(counter, workers, blocks.table, layout),
            *(self._inputs, self._weights, initial, self._state, self._cells),
            *(self._scratch(workers, backward=False), self._or_none(y), column, final),
        )
        return final

    def backward(
        self,
        dy: np.ndarray | None,
        column: int,
        dstates: np.ndarray,
        dx: np.ndarray | None,
        *,
        add: bool,
    ) -> tuple[InputGradients, np.ndarray]:
        """Run back through the last forward pass; adds to the gradients of the parameters.

        Parameters
        ----------
        dy
            float (B * T, columns), gradient of the states after each step, from ``column`` on.
        column
        dstates
            float (n_states * B, H), gradient of the final states.
        dx
            float (B * T, I), gradient of the dense input, **written**; None for token input.
        add
            Whether ``dx`` holds the gradient of the other direction, and is **added to**.

        Returns
        -------
        tuple
            Gradients of the input, and of the initial states.
        """
        blocks, given, parameters = self._blocks, self._given, self._parameters
        w_ih = np.empty(0, self._factor_type)
        if given.x is not None:
            columns, gates = round_up(self.input_size, self._lanes), range(self.kind.gates)
            w_ih = pack_transposed(
                parameters["weight_ih"], self.hidden_size, gates, columns, pairs=self._pairs
            )
        groups, part = blocks.part.n_groups, blocks.part
        counter, workers = new_work(len(blocks.groups) - 1)
        if not self._layout.keep_tape and self.kind.cell.reads_tape:
            shape = self._cells.shape[1:]
            self._cells = self._array("cells", workers * self._layout.chunk, *shape)
        sums = self._input_sums(groups, given)
        recurrent = self.kind.new_sums(parameters, groups, self._workspace.zeros)
        dstates = dstates.copy(order="C")
        self.kind.backward(
            *(counter, workers, blocks.groups, blocks.table, self._layout),
            *(self._bptt_steps, self._inputs, self._weights),
            *(self._pack_backward(parameters, groups), w_ih, self._state, self._cells),
            *(self._or_none(dy), column, dstates, self._or_none(dx), add),
            *(type(of)(*map(part.of_groups, of)) for of in (sums, recurrent)),
            self._scratch(workers, backward=True),
        )
        part.complete([array for array in (*sums, *recurrent) if len(array)])
        self.kind.add_sums(recurrent, self._grads)
        return self._input_gradients(sums, given, dx), dstates

    def forget(self) -> None:
        """Let go of the last pass; the memory that it worked in is kept for the next."""
        del self._blocks, self._given, self._inputs, self._weights

    def _array(self, name: str, *shape: int) -> np.ndarray:
        return self._workspace.empty(name, shape, self.dtype)

    def _or_none(self, array: np.ndarray | None) -> np.ndarray:
        """Return what the kernels take for an array that is not there."""
        return np.empty((0, 0), self.dtype) if array is None else array

    def _scratch(self, workers: int, *, backward: bool) -> Scratch:
        cell, rows = self.kind.cell, self._blocks.rows
        chunk_rows = self._layout.chunk * rows
        way_back = workers if backward else 0
        dense = workers if self._given.x is not None else 0
        width, x_width = cell.width * self._lanes, row_stride(self.input_size, self.dtype)
        return Scratch(
            places=self._workspace.empty("places", (workers, 4, rows), np.dtype(np.int64)),
            dstate=self._array("dstate", way_back * rows, cell.n_states * self._padded),
            dgates=self._array("dgates", way_back, self._panels, chunk_rows, width),
            x_rows=self._array("x_rows", dense * chunk_rows, x_width),
            dx_rows=self._array("dx_rows", min(dense, way_back) * chunk_rows, x_width),
            spare=self._array("spare", workers, 2 * rows + chunk_rows, self._padded),
            pairs=self._pair_words(workers, rows, chunk_rows, x_width),
        )

    def _pair_words(self, workers: int, rows: int, chunk_rows: int, x_width: int) -> np.ndarray:
        """Return memory for the largest operands of a step, of a chunk, and of its dense input."""
        if not self._pairs:
            return np.empty((0, 0), self._factor_type)
        vectors, widest = self.kind.cell.width, max(self._padded, x_width)
        step = rows * self._panels * words_for(vectors * self._lanes, self._lanes)
        sums = round_up(chunk_rows, 2) // 2 * (widest + vectors * self._lanes)
        dense = chunk_rows * words_for(x_width, self._lanes)
        words = (workers, max(step, sums, dense))
        return self._workspace.empty("pairs", words, self._factor_type)

    def _input_sums(self, groups: int, given: LayerInput) -> InputSums:
        dense = given.x is not None
        n_symbols = 1 if dense or given.symbols is None else len(given.symbols)
        n_positions = 0 if given.positions is None else len(given.positions)
        input_rows = round_up(self.input_size, ROWS) if dense else 0
        width = self.kind.cell.width * self._lanes

        def zeros(name: str, *shape: int) -> np.ndarray:
            return self._workspace.zeros(name, (groups, *shape), self.dtype)

        return InputSums(
            table=zeros("d_table", n_symbols, self._panels, width),
            position_table=zeros("d_positions", n_positions, self._panels, width),
            ih=zeros("d_ih", self._panels, input_rows, self.kind.gates * self._lanes),
        )

    def _input_gradients(
        self, sums: InputSums, given: LayerInput, dx: np.ndarray | None
    ) -> InputGradients:
        """Add the sums to the parameters' gradients; return those of the input."""
        kind, hidden, grads = self.kind, self.hidden_size, self._grads
        d_cells = unpack_rows(sums.table.sum(axis=0), hidden)
        if "bias_ih" in grads:
            d_bias = d_cells.sum(axis=0)
            grads["bias_ih"][...] += d_bias[kind.input_vectors].reshape(-1)
            grads["bias_hh"][...] += d_bias[kind.hh_at].reshape(-1)
        weight_ih, d_weight_ih = self._parameters["weight_ih"], grads["weight_ih"]
        if given.x is not None:
            d_gates = unpack_columns(sums.ih.sum(axis=0), hidden, self.input_size)
            d_weight_ih.reshape(kind.gates, hidden, -1)[...] += d_gates
            return InputGradients(None, None, dx)

        def through_weight(d_cells: np.ndarray, vectors: np.ndarray) -> np.ndarray:
            """Take gradients of rows of a table through ``vectors @ weight_ih.T``."""
            d_gates = np.ascontiguousarray(d_cells[:, kind.input_vectors])
            d_rows = d_gates.reshape(len(d_cells), kind.gates * hidden)
            product(d_rows.T, vectors, d_weight_ih)
            return _times(d_rows, weight_ih)

        assert given.symbols is not None
        d_symbols = through_weight(d_cells, given.symbols)
        if given.positions is None:
            return InputGradients(d_symbols, None, None)
        d_places = unpack_rows(sums.position_table.sum(axis=0), hidden)
        return InputGradients(d_symbols, through_weight(d_places, given.positions), None)
