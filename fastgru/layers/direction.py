"""One direction of one recurrent layer: packs weights, runs the kernels, unpacks gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastgru.kernels.packing import pack_inputs, take_tables_back
from fastgru.kernels.step import Inputs, InputSums
from fastgru.layers.blocks import Blocks
from fastgru.layers.cells import CellKind, Parameters
from fastgru.layers.layer_input import InputGradients, LayerInput
from fastgru.layers.names import NamesOfDirection
from fastgru.layers.packing import (
    add_groups,
    columns_in_pairs,
    gate_numbers,
    pack_transposed,
    round_up,
    stripes_in_pairs,
)
from fastgru.layers.pass_arrays import DirectionArrays, ForwardArrays, pass_kind
from fastgru.layers.workspace import Workspace


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
        self.precision = precision
        self.hidden_size = self._parameters["weight_hh"].shape[1]
        self.input_size = self._parameters["weight_ih"].shape[1]
        self.dtype = self._parameters["weight_hh"].dtype
        self._workspace = Workspace()
        self._memory = DirectionArrays(
            *(kind, self.hidden_size, self.input_size, self.dtype, self._reverse),
            keeps_tape=kind.cell.reads_tape and not save_memory,
            workspace=self._workspace,
        )
        self._arrays: ForwardArrays | None = None
        self._hh_at, self._all_gates = gate_numbers(kind.hh_at), gate_numbers(kind.all_gates)
        self._nothing, self._no_rows = np.empty(0, self.dtype), np.empty((0, 0), self.dtype)
        self._no_symbols = np.empty((1, 0), self.dtype)
        self._no_tokens = np.empty(0, np.int32)

    @property
    def _parameters(self) -> dict[str, np.ndarray]:
        return self._names.pick(self._all_parameters)

    @property
    def _grads(self) -> dict[str, np.ndarray]:
        return self._names.pick(self._all_grads)

    @property
    def tape_bytes(self) -> int:
        """Bytes that the last forward pass has kept for :meth:`backward`."""
        return 0 if self._arrays is None else self._arrays.tape_bytes

    def _arrange(self, blocks: Blocks, given: LayerInput, *, training: bool) -> ForwardArrays:
        """Return the arrays of a pass: those of the last one where it was like this."""
        pairs = training and self.precision == "bf16"
        kind = pass_kind(given, training=training, pairs=pairs)
        if self._arrays is None or not self._arrays.serve(blocks, kind):
            self._arrays = ForwardArrays(self._memory, blocks, kind)
        return self._arrays

    def _pack_inputs(self, given: LayerInput, parameters: Parameters) -> Inputs:
        """Return the input of the kernels: biases, and tables of what tokens stand for."""
        arrays, nothing = self._arrays, self._nothing
        assert arrays is not None
        pack_inputs(
            self._no_symbols if given.symbols is None else given.symbols,
            self._no_rows if given.positions is None else given.positions,
            np.ascontiguousarray(parameters["weight_ih"]),
            np.ascontiguousarray(parameters.get("bias_ih", nothing)),
            np.ascontiguousarray(parameters.get("bias_hh", nothing)),
            *(self.hidden_size, self.kind.cell.input_at, self._hh_at, self._all_gates),
            *(arrays.w_ih, arrays.table, arrays.position_table),
        )
        return Inputs(
            tokens=self._no_tokens if given.tokens is None else given.tokens,
            table=arrays.table,
            position_table=arrays.position_table,
            x=self._no_rows if given.x is None else given.x,
            w_ih=columns_in_pairs(arrays.w_ih) if arrays.kind.pairs else arrays.w_ih,
        )

    def _pack_forward(self, blocks: Blocks, given: LayerInput, parameters: Parameters) -> Any:
        """Return the recurrent weights as the forward kernel takes them."""
        assert self._arrays is not None
        pairs = self._arrays.kind.pairs
        return self.kind.pack_forward(parameters, self._workspace.empty, pairs=pairs)

    def _pack_backward(self, parameters: Parameters, groups: int) -> Any:
        """Return the recurrent weights as the backward kernel takes them."""
        assert self._arrays is not None
        pairs = self._arrays.kind.pairs
        return self.kind.pack_backward(parameters, self._workspace.empty, pairs=pairs)

    def _pack_input_backward(self, weight_ih: np.ndarray) -> np.ndarray:
        """Return the input weights as the backward kernel takes them: none where it is tokens."""
        assert self._arrays is not None
        pairs, memory, kind = self._arrays.kind.pairs, self._memory, self.kind
        if self._given.x is None:
            return np.empty(0, np.uint32) if pairs else self._nothing
        columns = round_up(self.input_size, memory.lanes)
        flat = memory.array("ih_back", kind.gates * memory.padded * columns)
        pack_transposed(weight_ih, self.hidden_size, kind.all_gates, columns, flat)
        return stripes_in_pairs(flat, columns) if pairs else flat

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
        """Run through all steps.

        Parameters
        ----------
        blocks
        given
        initial
            float (n_states * B, H), initial states: h, for the LSTM followed by c.
        final
            float (n_states * B, H), **written**: final states.
        y
            float (B * T, columns), **written**: the states after each step, from ``column`` on,
            zero past each length; None where they are not wanted.
        column
        training
            Whether what :meth:`backward` needs is kept.
        """
        self._blocks, self._given = blocks, given
        arrays, parameters = self._arrange(blocks, given, training=training), self._parameters
        self._inputs = self._pack_inputs(given, parameters)
        self._weights = self._pack_forward(blocks, given, parameters)
        self.kind.forward(
            *(arrays.shares, blocks.table, arrays.layout, self._inputs, self._weights, initial),
            *(arrays.state, arrays.cells, arrays.scratch),
            *(self._no_rows if y is None else y, column, final),
        )

    def backward(
        self,
        dy: np.ndarray | None,
        column: int,
        dstates: np.ndarray,
        dx: np.ndarray | None,
        *,
        add: bool,
    ) -> InputGradients:
        """Run back through the last forward pass; adds to the gradients of the parameters.

        Parameters
        ----------
        dy
            float (B * T, columns), gradient of the states after each step, from ``column`` on.
        column
        dstates
            float (n_states * B, H), gradient of the final states, **overwritten** with that of
            the initial states.
        dx
            float (B * T, I), gradient of the dense input, **written**; None for token input.
        add
            Whether ``dx`` holds the gradient of the other direction, and is **added to**.

        Returns
        -------
        InputGradients
        """
        blocks, parameters, arrays = self._blocks, self._parameters, self._arrays
        assert arrays is not None
        back, grads = arrays.back(parameters), self._grads
        recurrent = self._pack_backward(parameters, blocks.part.n_groups)
        self.kind.backward(
            *(back.shares, blocks.groups, blocks.table, back.layout, self._bptt_steps),
            *(self._inputs, self._weights, recurrent),
            *(self._pack_input_backward(parameters["weight_ih"]), arrays.state, back.cells),
            *(self._no_rows if dy is None else dy, column, dstates),
            *(self._no_rows if dx is None else dx, add, *back.own, back.scratch),
        )
        blocks.part.complete(back.all_sums)
        self.kind.add_sums(back.recurrent, grads)
        return self._input_gradients(back.sums, grads, parameters["weight_ih"], dx)

    def forget(self) -> None:
        """Let go of the last pass; the memory that it worked in is kept for the next."""
        del self._blocks, self._given, self._inputs, self._weights

    def _input_gradients(
        self,
        sums: InputSums,
        grads: dict[str, np.ndarray],
        weight_ih: np.ndarray,
        dx: np.ndarray | None,
    ) -> InputGradients:
        """Add the sums to the parameters' gradients; return those of the input."""
        given, nothing = self._given, self._nothing
        symbols = self._no_rows if given.symbols is None else given.symbols

        def through_weight(
            table: np.ndarray, vectors: np.ndarray, bias_ih: np.ndarray, bias_hh: np.ndarray
        ) -> np.ndarray:
            """Take the gradients of a table through the weights to those of its vectors."""
            d_vectors = np.empty(vectors.shape, self.dtype)
            take_tables_back(
                *(table, self.hidden_size, self.kind.cell.input_at, self._hh_at, vectors),
                *(np.ascontiguousarray(weight_ih), grads["weight_ih"], bias_ih, bias_hh),
                d_vectors,
            )
            return d_vectors

        biases = grads.get("bias_ih", nothing), grads.get("bias_hh", nothing)
        d_symbols = through_weight(sums.table, symbols, *biases)
        if given.x is not None:
            add_groups(sums.ih, self.hidden_size, self.kind.all_gates, grads["weight_ih"])
            return InputGradients(None, None, dx)
        if given.positions is None:
            return InputGradients(d_symbols, None, None)
        positions = through_weight(sums.position_table, given.positions, nothing, nothing)
        return InputGradients(d_symbols, positions, None)
