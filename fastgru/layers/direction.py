"""One direction of one recurrent layer: packs weights, runs the kernels, unpacks gradients."""

from __future__ import annotations

import numpy as np

from fastgru.kernels.products import product
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.kernels.step import Inputs, InputSums, Layout, Scratch
from fastgru.layers.blocks import Blocks
from fastgru.layers.cells import CellKind
from fastgru.layers.layer_input import InputGradients, LayerInput
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

_CHUNK_ROWS = 128
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
    ) -> None:
        self.kind = kind
        self._all_parameters, self._all_grads, self._suffix = parameters, grads, suffix
        self._reverse = suffix.endswith("_reverse")
        self._bptt_steps = bptt_steps
        self._keeps_tape = kind.cell.reads_tape and not save_memory
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
        return _without_suffix(self._all_parameters, self._suffix)

    @property
    def _grads(self) -> dict[str, np.ndarray]:
        return _without_suffix(self._all_grads, self._suffix)

    def _projected(self, vectors: np.ndarray) -> np.ndarray:
        """Return the input part of the tape (N, width, H) for each of N input vectors."""
        kind, hidden = self.kind, self.hidden_size
        table = np.zeros((len(vectors), kind.cell.width, hidden), self.dtype)
        products = _times(vectors, self._parameters["weight_ih"].T)
        table[:, list(kind.ih_at)] = products.reshape(len(vectors), kind.gates, hidden)
        return table

    def _table(self, symbols: np.ndarray | None) -> np.ndarray:
        """Return the input part for each symbol, or for none, biases included."""
        kind, hidden = self.kind, self.hidden_size
        vectors = np.zeros((1, self.input_size), self.dtype) if symbols is None else symbols
        table = self._projected(vectors)
        for name, places in (("bias_ih", kind.ih_at), ("bias_hh", kind.hh_at)):
            if name in self._parameters:
                table[:, list(places)] += self._parameters[name].reshape(kind.gates, hidden)
        return pack_rows(table)

    def _pack_inputs(self, given: LayerInput) -> Inputs:
        dense = given.x is not None
        w_ih = np.empty((self._panels, 0, self.kind.gates * self._lanes), self.dtype)
        positions = given.positions
        if positions is None:
            positions = np.empty((0, self.input_size), self.dtype)
        if dense:
            order = list(np.argsort(self.kind.ih_at))
            weight_ih = self._parameters["weight_ih"]
            w_ih = pack_columns(weight_ih, self.hidden_size, order, self.input_size)
        return Inputs(
            tokens=np.empty(0, np.int32) if given.tokens is None else given.tokens,
            table=self._table(None if dense else given.symbols),
            position_table=pack_rows(self._projected(positions)),
            x=np.empty((0, 0), self.dtype) if given.x is None else given.x,
            w_ih=w_ih,
        )

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
        counter, workers = new_work(len(blocks.table))
        self._layout = layout = Layout(
            n_steps=max(blocks.n_steps, 1),
            reverse=self._reverse,
            # Without a dense input nothing is taken for several steps at once on the way forward.
            chunk=_CHUNK_ROWS // rows if training or given.x is not None else 1,
            keep_tape=training and self._keeps_tape,
            keep_states=training,
        )
        self._inputs = self._pack_inputs(given)
        self._weights = self.kind.pack_forward(self._parameters)
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
        blocks, given = self._blocks, self._given
        w_ih = np.empty(0, self.dtype)
        if given.x is not None:
            columns = round_up(self.input_size, self._lanes)
            order = list(np.argsort(self.kind.ih_at))
            weight_ih = self._parameters["weight_ih"]
            w_ih = pack_transposed(weight_ih, self.hidden_size, order, columns)
        groups = len(blocks.groups) - 1
        counter, workers = new_work(groups)
        if not self._layout.keep_tape and self.kind.cell.reads_tape:
            shape = self._cells.shape[1:]
            self._cells = self._array("cells", workers * self._layout.chunk, *shape)
        sums = self._input_sums(groups, given)
        recurrent = self.kind.new_sums(self._parameters, groups, self._workspace.zeros)
        dstates = dstates.copy(order="C")
        self.kind.backward(
            *(counter, workers, blocks.groups, blocks.table, self._layout),
            *(self._bptt_steps, self._inputs, self._weights),
            *(self.kind.pack_backward(self._parameters), w_ih, self._state, self._cells),
            *(self._or_none(dy), column, dstates, self._or_none(dx), add),
            *(sums, recurrent, self._scratch(workers, backward=True)),
        )
        self.kind.add_sums(recurrent, self._grads)
        return self._input_gradients(sums, given, dx), dstates

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
            places=self._workspace.empty("places", (workers, 3, rows), np.dtype(np.int64)),
            dstate=self._array("dstate", way_back * rows, cell.n_states * self._padded),
            dgates=self._array("dgates", way_back, self._panels, chunk_rows, width),
            x_rows=self._array("x_rows", dense * chunk_rows, x_width),
            dx_rows=self._array("dx_rows", min(dense, way_back) * chunk_rows, x_width),
            spare=self._array("spare", workers, (2 * rows + chunk_rows) * self._padded),
        )

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
        d_bias = d_cells.sum(axis=0)
        for name, places in (("bias_ih", kind.ih_at), ("bias_hh", kind.hh_at)):
            if name in grads:
                grads[name][...] += d_bias[list(places)].reshape(-1)
        if given.x is not None:
            order = list(np.argsort(kind.ih_at))
            d_gates = unpack_columns(sums.ih.sum(axis=0), hidden, self.input_size)
            grads["weight_ih"].reshape(kind.gates, hidden, -1)[order] += d_gates
            return InputGradients(None, None, dx)
        assert given.symbols is not None
        d_symbols = self._through_weight(d_cells, given.symbols)
        if given.positions is None:
            return InputGradients(d_symbols, None, None)
        d_places = unpack_rows(sums.position_table.sum(axis=0), hidden)
        return InputGradients(d_symbols, self._through_weight(d_places, given.positions), None)

    def _through_weight(self, d_cells: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Take gradients of rows of a table (N, width, H) through ``vectors @ weight_ih.T``."""
        d_gates = np.ascontiguousarray(d_cells[:, list(self.kind.ih_at)])
        d_rows = d_gates.reshape(len(d_cells), self.kind.gates * self.hidden_size)
        product(d_rows.T, vectors, self._grads["weight_ih"])
        return _times(d_rows, self._parameters["weight_ih"])


def _without_suffix(arrays: dict[str, np.ndarray], suffix: str) -> dict[str, np.ndarray]:
    """Return the arrays of one direction by their names in every direction."""
    names = {name: name.removesuffix(suffix) for name in arrays if name.endswith(suffix)}
    return {short: arrays[name] for name, short in names.items()}
