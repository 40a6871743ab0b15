"""One direction of one recurrent layer: packs weights, runs the kernels, unpacks gradients."""

from __future__ import annotations

import numpy as np

from fastgru._numba import max_threads
from fastgru.kernels.gru import Inputs, Steps, gru_forward
from fastgru.kernels.gru_backward import (
    Gradients,
    Scratch,
    Tape,
    TransposedWeights,
    gru_backward,
)
from fastgru.kernels.microkernel import ROWS, lanes_of
from fastgru.kernels.steps import product, sum_groups
from fastgru.layers.blocks import Blocks
from fastgru.layers.packing import (
    INPUT,
    RECURRENT,
    pack_rows,
    pack_transposed,
    pack_weight,
    round_up,
    row_stride,
    unpack_rows,
    unpack_weight,
)
from fastgru.layers.step_input import InputGradients, StepInput
from fastgru.layers.workspace import Workspace

_NO_INDEX = np.empty(0, np.int32)
_CHUNK_BYTES = 256 * 1024


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    out = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    product(a, b, out)
    return out


class Direction:
    """One direction of one GRU layer.

    Parameters
    ----------
    parameters, grads
        The layer's arrays by PyTorch's names; ``grads`` is added to.
    suffix
        ``"_l0"``, ``"_l0_reverse"``, ...

    Attributes
    ----------
    h : float (rows, stride)
        States of the last forward pass; row ``start + ROWS + t * ROWS + i`` is the state after
        step ``t``.
    """

    def __init__(
        self, parameters: dict[str, np.ndarray], grads: dict[str, np.ndarray], suffix: str
    ) -> None:
        self._parameters, self._grads, self._suffix = parameters, grads, suffix
        weight_hh = parameters["weight_hh" + suffix]
        self.hidden_size = weight_hh.shape[1]
        self.input_size = parameters["weight_ih" + suffix].shape[1]
        self.dtype = weight_hh.dtype
        self._lanes = lanes_of(self.dtype)
        self.padded_size = round_up(self.hidden_size, self._lanes)
        self._panels = self.padded_size // self._lanes
        self._workspace = Workspace()
        self.h: np.ndarray = np.empty((0, 0), self.dtype)

    def _array(self, name: str) -> np.ndarray | None:
        return self._parameters.get(name + self._suffix)

    def _input_bias(self) -> np.ndarray:
        """Return the biases that the input brings along, (1, 3H): b_ih, and b_hr, b_hz."""
        bias = np.zeros((1, 3 * self.hidden_size), self.dtype)
        bias_ih, bias_hh = self._array("bias_ih"), self._array("bias_hh")
        if bias_ih is not None and bias_hh is not None:
            bias += bias_ih
            bias[:, : 2 * self.hidden_size] += bias_hh[: 2 * self.hidden_size]
        return bias

    def _pack_inputs(self, given: StepInput) -> Inputs:
        weight_ih = self._parameters["weight_ih" + self._suffix]
        width = 3 * self._lanes
        table = self._input_bias()
        x, w_ih = np.empty((0, 0), self.dtype), np.empty((self._panels, 0, width), self.dtype)
        position_table = np.empty((0, self._panels, width), self.dtype)
        if given.x is not None:
            x, w_ih = given.x, pack_weight(weight_ih, INPUT, self.input_size)
        elif given.symbols is not None:
            table = table + _times(given.symbols, weight_ih.T)
        if given.positions is not None:
            position_table = pack_rows(_times(given.positions, weight_ih.T))
        return Inputs(pack_rows(table), position_table, x, w_ih)

    def forward(
        self, blocks: Blocks, given: StepInput, h0: np.ndarray, *, training: bool
    ) -> np.ndarray:
        """Run through all steps.

        Parameters
        ----------
        blocks
        given
        h0
            float (n_blocks, ROWS, padded_size), initial states.
        training
            Whether the gates are kept for :meth:`backward`.

        Returns
        -------
        np.ndarray
            float (n_blocks, ROWS, padded_size), final states.
        """
        self._blocks, self._given = blocks, given
        lanes, panels = self._lanes, self._panels
        rows = max(blocks.n_rows, 1)
        symbol = np.zeros(rows, np.int32) if given.symbol is None else given.symbol
        position = _NO_INDEX if given.position is None else given.position
        self._steps = Steps(blocks.table, symbol, position)
        self.h = self._workspace.empty(
            "h", (rows, row_stride(self.padded_size, self.dtype)), self.dtype
        )
        cells = blocks.n_rows // ROWS if training else blocks.n_blocks
        self._cells = self._workspace.empty("cells", (cells, panels, ROWS, 4 * lanes), self.dtype)
        bias_hh = self._array("bias_hh")
        b_hn = np.zeros((panels, lanes), self.dtype)
        if bias_hh is not None:
            b_hn.ravel()[: self.hidden_size] = bias_hh[2 * self.hidden_size :]
        weight_hh = self._parameters["weight_hh" + self._suffix]
        packed = pack_weight(weight_hh, RECURRENT, self.padded_size)
        self.h[blocks.rows_at_start(), : self.padded_size] = h0
        gru_forward(self._steps, self._pack_inputs(given), packed, b_hn, self.h, self._cells)
        final = self.h[blocks.rows_at_end(), : self.padded_size]
        return np.ascontiguousarray(final)

    def empty_output_gradient(self) -> np.ndarray:
        """Return an array for the gradient of the states, in the rows of ``h``, for `backward`.

        Any content, but zero past ``hidden_size``.
        """
        dy = self._workspace.empty("dy", self.h.shape, self.dtype)
        dy[:, self.hidden_size : self.padded_size] = 0
        return dy

    def backward(
        self, dy: np.ndarray | None, dh_n: np.ndarray
    ) -> tuple[InputGradients, np.ndarray]:
        """Run back through the last forward pass; adds to the gradients of the parameters.

        Parameters
        ----------
        dy
            float (rows, stride), gradient of the states after each step, in the rows of ``h``.
        dh_n
            float (n_blocks, ROWS, padded_size), gradient of the final states.

        Returns
        -------
        tuple
            Gradients of the input, and of the initial states.
        """
        blocks, given = self._blocks, self._given
        none = np.empty((0, 0), self.dtype)
        weight_hh = self._parameters["weight_hh" + self._suffix]
        transposed_hh = pack_transposed(weight_hh, RECURRENT, self.padded_size)
        transposed_ih, dx = np.empty(0, self.dtype), none
        if given.x is not None:
            weight_ih = self._parameters["weight_ih" + self._suffix]
            columns = round_up(self.input_size, self._lanes)
            transposed_ih = pack_transposed(weight_ih, INPUT, columns)
            dx = self._workspace.zeros("dx", given.x.shape, self.dtype)
        sums = self._gradient_sums(blocks, given)
        dh = dh_n.copy(order="C")
        gru_backward(
            blocks.groups,
            self._steps,
            Tape(self.h, self._cells, none if given.x is None else given.x),
            TransposedWeights(transposed_hh, transposed_ih),
            none if dy is None else dy,
            dh,
            dx,
            sums,
            self._scratch(),
        )
        return self._hand_out(sums, given, dx), dh

    def _scratch(self) -> Scratch:
        """Return the memory of each thread.

        A chunk has so many steps that its gate gradients stay in the second cache.
        """
        threads, lanes, panels = max_threads(), self._lanes, self._panels
        step_bytes = ROWS * 4 * self.padded_size * self.dtype.itemsize
        chunk = int(min(16, max(4, _CHUNK_BYTES // step_bytes)))
        return Scratch(
            self._workspace.empty("dh", (threads, ROWS, self.padded_size), self.dtype),
            self._workspace.empty("dgates", (threads, panels, chunk * ROWS, 4 * lanes), self.dtype),
        )

    def _gradient_sums(self, blocks: Blocks, given: StepInput) -> Gradients:
        groups, panels, lanes = len(blocks.groups) - 1, self._panels, self._lanes
        n_symbols = 1 if given.symbols is None else len(given.symbols)
        n_positions = 0 if given.positions is None else len(given.positions)
        input_rows = 0 if given.x is None else round_up(self.input_size, ROWS)

        def array(name: str, *shape: int) -> np.ndarray:
            return self._workspace.empty(name, (groups, *shape), self.dtype)

        return Gradients(
            table=array("d_table", n_symbols, panels, 3 * lanes),
            position_table=array("d_positions", n_positions, panels, 3 * lanes),
            hh=array("d_hh", panels, round_up(self.padded_size, ROWS), 3 * lanes),
            ih=array("d_ih", panels, input_rows, 3 * lanes),
            b_hn=array("d_b_hn", panels, lanes),
        )

    def _total(self, parts: np.ndarray) -> np.ndarray:
        total = np.empty(parts.shape[1:], self.dtype)
        sum_groups(parts.reshape(len(parts), -1), total.reshape(-1))
        return total

    def _hand_out(self, sums: Gradients, given: StepInput, dx: np.ndarray) -> InputGradients:
        """Add the sums to the parameters' gradients; return those of the input."""
        hidden = self.hidden_size
        weight_ih = self._parameters["weight_ih" + self._suffix]
        d_weight_ih = self._grads["weight_ih" + self._suffix]
        d_weight_hh = self._grads["weight_hh" + self._suffix]
        d_weight_hh += unpack_weight(self._total(sums.hh), RECURRENT, hidden, hidden)
        d_table = unpack_rows(self._total(sums.table), hidden)
        if "bias_hh" + self._suffix in self._grads:
            d_input_bias = d_table.sum(axis=0)
            self._grads["bias_ih" + self._suffix] += d_input_bias
            d_bias_hh = self._grads["bias_hh" + self._suffix]
            d_bias_hh[: 2 * hidden] += d_input_bias[: 2 * hidden]
            d_bias_hh[2 * hidden :] += self._total(sums.b_hn).ravel()[:hidden]
        if given.symbols is None:
            d_weight_ih += unpack_weight(self._total(sums.ih), INPUT, hidden, self.input_size)
            return InputGradients(None, None, dx)
        product(d_table.T, given.symbols, d_weight_ih)
        d_positions = None
        if given.positions is not None:
            d_places = unpack_rows(self._total(sums.position_table), hidden)
            product(d_places.T, given.positions, d_weight_ih)
            d_positions = _times(d_places, weight_ih)
        return InputGradients(_times(d_table, weight_ih), d_positions, None)
