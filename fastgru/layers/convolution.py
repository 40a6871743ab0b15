"""One convolutional layer: convolution over time, rectifier, maximum over windows.

Parameters have the names and shapes of ``torch.nn.Conv1d``: ``weight`` (C, I, K), ``bias`` (C,).
The input is padded with zeros within each sequence, as ``padding="same"`` does there, so that a
sequence's features do not depend on what is beside it in the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastgru.kernels.convolution import Geometry, convolve, convolve_back
from fastgru.kernels.products import product
from fastgru.kernels.rectifying import rectify, rectify_back
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.kernels.token_convolution import convolve_tokens, convolve_tokens_back
from fastgru.kernels.whole_arrays import add_rows
from fastgru.layers.blocks import MAX_GROUPS
from fastgru.layers.layer_input import InputGradients, LayerInput
from fastgru.layers.packing import pack_stripes, round_up
from fastgru.layers.workspace import Workspace, new_work

_MAX_SYMBOLS = 64
"""Alphabets up to here have tables of all taps that stay in a near cache."""


@dataclass(frozen=True)
class Convolved:
    """The output of a layer, and the lengths that its sequences have there.

    Attributes
    ----------
    x : float (B * W, C)
        Zero past a sequence's end.
    lengths : int64 (B,)
    n_steps : int
        W, steps that ``x`` has room for.
    """

    x: np.ndarray
    lengths: np.ndarray
    n_steps: int


class Convolution:
    """A convolutional layer with its gradients.

    Parameters
    ----------
    parameters, grads
        Arrays by name; ``grads`` is added to.
    suffix
        Of the names ``weight`` and ``bias``: ``"_l0"``, ...
    dilation
        Steps between the taps.
    stride
        Steps between the outputs.
    pool
        Steps of a window of which the maximum is kept, 127 at most; 1 keeps all.
    """

    def __init__(
        self,
        parameters: dict[str, np.ndarray],
        grads: dict[str, np.ndarray],
        suffix: str = "",
        *,
        dilation: int = 1,
        stride: int = 1,
        pool: int = 1,
    ) -> None:
        self._parameters, self._grads = parameters, grads
        self._names = f"weight{suffix}", f"bias{suffix}"
        self.channels, self.input_size, width = parameters[self._names[0]].shape
        self.dtype = parameters[self._names[0]].dtype
        self._geometry = Geometry(width, dilation, stride, (width - 1) * dilation // 2)
        self._pool = pool
        self._columns = round_up(self.channels, lanes_of(self.dtype))
        self._inner = round_up(round_up(self.input_size, ROWS), lanes_of(self.dtype))
        self._workspace = Workspace()

    def forward(self, given: LayerInput, lengths: np.ndarray, n_steps: int) -> Convolved:
        """Return the features of each step; keeps what :meth:`backward` needs.

        Parameters
        ----------
        given
            With room for T steps of each sequence.
        lengths
            int64 (B,)
        n_steps
            T
        """
        self._given, self._lengths, self._n_steps = given, lengths, n_steps
        stride, pool = self._geometry.stride, self._pool
        self._n_out = -(-n_steps // stride)
        self._reads_table = (
            given.symbols is not None
            and given.positions is None
            and len(given.symbols) <= _MAX_SYMBOLS
        )
        z = self._array("z", len(lengths) * self._n_out, self.channels)
        if self._reads_table:
            self._convolve_tokens(given, z)
        else:
            self._x = as_dense(given, len(lengths), n_steps)
            self._convolve_dense(z)
        outputs = -(-lengths // stride)
        n_windows = -(-self._n_out // pool)
        y = np.empty((len(lengths) * n_windows, self.channels), self.dtype)
        self._chosen = self._workspace.empty("chosen", y.shape, np.dtype(np.int8))
        work = new_work(len(lengths))
        rectify(*work, pool, self._n_out, n_windows, outputs, z, y, self._chosen)
        return Convolved(y, -(-outputs // pool), n_windows)

    def backward(self, dy: np.ndarray) -> InputGradients:
        """Return the gradients of the input; adds to those of the parameters.

        Parameters
        ----------
        dy
            float (B * W, C), gradient of the output.
        """
        outputs = -(-self._lengths // self._geometry.stride)
        dz = self._array("z", len(self._lengths) * self._n_out, self.channels)
        work = new_work(len(self._lengths))
        rectify_back(
            *(*work, self._pool, self._n_out, -(-self._n_out // self._pool)),
            *(outputs, dy, self._chosen, dz),
        )
        if self._reads_table:
            return self._tokens_back(dz)
        dx = self._dense_back(dz)
        return self._through_embedding(dx)

    @property
    def _weight(self) -> np.ndarray:
        return self._parameters[self._names[0]]

    def _array(self, name: str, *shape: int) -> np.ndarray:
        return self._workspace.empty(name, shape, self.dtype)

    def _bias(self) -> np.ndarray:
        return np.pad(self._parameters[self._names[1]], (0, self._columns - self.channels))

    def _groups(self) -> np.ndarray:
        n_sequences = len(self._lengths)
        n_groups = max(1, min(n_sequences, MAX_GROUPS))
        return n_sequences * np.arange(n_groups + 1) // n_groups

    def _convolve_tokens(self, given: LayerInput, z: np.ndarray) -> None:
        symbols, tokens = given.symbols, given.tokens
        assert symbols is not None
        assert tokens is not None
        width = self._geometry.width
        table = np.zeros((width, len(symbols), self._columns), self.dtype)
        for k in range(width):
            product(symbols, self._weight[:, :, k].T, table[k, :, : self.channels])
        work = new_work(len(self._lengths))
        convolve_tokens(
            *(*work, self._geometry, self._n_steps, self._n_out, self._lengths, tokens),
            *(table, self._bias(), self._array("row", work[1], self._columns), z),
        )

    def _tokens_back(self, dz: np.ndarray) -> InputGradients:
        symbols, tokens = self._given.symbols, self._given.tokens
        assert symbols is not None
        assert tokens is not None
        groups, width = self._groups(), self._geometry.width
        n_groups = len(groups) - 1
        counter, workers = new_work(n_groups)
        shape = (n_groups, width, len(symbols), self._columns)
        d_table = self._workspace.zeros("d_table", shape, self.dtype)
        d_bias = self._workspace.zeros("d_bias", (n_groups, self._columns), self.dtype)
        row = self._workspace.zeros("row", (workers, self._columns), self.dtype)
        convolve_tokens_back(
            *(counter, workers, self._geometry, self._n_steps, self._n_out, groups),
            *(self._lengths, tokens, dz, row, d_table, d_bias),
        )
        total = d_table.sum(axis=0)[:, :, : self.channels]
        d_symbols = np.zeros_like(symbols)
        d_weight = self._grads[self._names[0]]
        for k in range(width):
            product(total[k].T, symbols, d_weight[:, :, k])
            product(total[k], self._weight[:, :, k], d_symbols)
        self._grads[self._names[1]] += d_bias.sum(axis=0)[: self.channels]
        return InputGradients(d_symbols, None, None)

    def _room(self, n_steps: int) -> int:
        """Return the rows of a padded sequence: what taps and whole tiles read around it."""
        width, dilation, stride, _ = self._geometry
        return round_up(n_steps, ROWS * stride) + ROWS * stride + (width - 1) * dilation

    def _packed(self, *, backward: bool) -> np.ndarray:
        """Return the taps as rows of a product: (K * I, C), or (K * C, I) from the last tap on."""
        padding = (self._columns - self.channels, self._inner - self.input_size)
        weight = np.pad(self._weight, ((0, padding[0]), (0, padding[1]), (0, 0)))
        if backward:
            rows = weight[:, :, ::-1].transpose(2, 0, 1).reshape(-1, self._inner)
            return pack_stripes(np.ascontiguousarray(rows), self._inner)
        rows = weight.transpose(2, 1, 0).reshape(-1, self._columns)
        return pack_stripes(np.ascontiguousarray(rows), self._columns)

    def _convolve_dense(self, z: np.ndarray) -> None:
        counter, workers = new_work(len(self._lengths))
        convolve(
            *(counter, workers, self._geometry, self._n_steps, self._n_out, self._lengths),
            *(self._x, self._packed(backward=False), self._bias()),
            self._array("padded_x", workers * self._room(self._n_steps), self._inner),
            self._array("rows", workers, ROWS, self._columns),
            z,
        )

    def _dense_back(self, dz: np.ndarray) -> np.ndarray:
        groups, width = self._groups(), self._geometry.width
        n_groups = len(groups) - 1
        counter, workers = new_work(n_groups)
        room, shape = self._room(self._n_steps), (n_groups, width, self._inner, self._columns)
        d_weight = self._workspace.zeros("d_weight", shape, self.dtype)
        d_bias = self._workspace.zeros("d_bias", (n_groups, self._columns), self.dtype)
        dx = np.empty_like(self._x)
        convolve_back(
            *(counter, workers, self._geometry, self._n_steps, self._n_out, groups, self._lengths),
            *(self._x, dz, self._packed(backward=True)),
            self._array("padded_x", workers * room, self._inner),
            self._array("padded_dz", workers * room, self._columns),
            self._array("rows_back", workers, ROWS, self._inner),
            *(dx, d_weight, d_bias),
        )
        total = d_weight.sum(axis=0)[:, : self.input_size, : self.channels]
        self._grads[self._names[0]] += total.transpose(2, 1, 0)
        self._grads[self._names[1]] += d_bias.sum(axis=0)[: self.channels]
        return dx

    def _through_embedding(self, dx: np.ndarray) -> InputGradients:
        given = self._given
        if given.symbols is None:
            return InputGradients(None, None, dx)
        assert given.tokens is not None
        valid = np.arange(self._n_steps) < self._lengths[:, None]
        dx[~valid.reshape(-1)] = 0
        d_symbols = np.zeros_like(given.symbols)
        add_rows(dx, given.tokens, d_symbols)
        if given.positions is None:
            return InputGradients(d_symbols, None, None)
        d_positions = np.zeros_like(given.positions)
        places = np.tile(np.arange(self._n_steps), len(self._lengths))
        add_rows(dx, places, d_positions)
        return InputGradients(d_symbols, d_positions, None)


def as_dense(given: LayerInput, n_sequences: int, n_steps: int) -> np.ndarray:
    """Return the input as float (B * T, I).

    Parameters
    ----------
    given
    n_sequences, n_steps
        B and T.
    """
    if given.x is not None:
        return given.x
    assert given.symbols is not None
    assert given.tokens is not None
    x: np.ndarray = given.symbols[given.tokens]
    if given.positions is not None:
        x.reshape(n_sequences, n_steps, -1)[:] += given.positions[:n_steps]
    return x
