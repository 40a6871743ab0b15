"""One convolutional layer: convolution over time, normalisation, rectifier, maximum over windows.

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
from fastgru.layers.blocks import even_groups
from fastgru.layers.channel_norm import ChannelNorm
from fastgru.layers.convolution_sizes import ConvolutionSizes
from fastgru.layers.layer_input import InputGradients, LayerInput, as_dense, dense_gradients
from fastgru.layers.packing import pack_stripes, round_up
from fastgru.layers.workspace import Workspace, new_shares

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
    sizes
    suffix
        Of the names ``weight`` and ``bias``: ``"_l0"``, ...
    norm
        Of what the convolution gives, before the rectifier; None for none.
    """

    def __init__(
        self,
        parameters: dict[str, np.ndarray],
        grads: dict[str, np.ndarray],
        sizes: ConvolutionSizes,
        suffix: str = "",
        norm: ChannelNorm | None = None,
    ) -> None:
        self._parameters, self._grads = parameters, grads
        self._sizes, self._norm = sizes, norm
        self._names = f"weight{suffix}", f"bias{suffix}"
        self.channels, self.input_size, width = self._weight.shape
        self.dtype = self._weight.dtype
        left = (width - 1) * sizes.dilation // 2
        self._geometry = Geometry(width, sizes.dilation, sizes.stride, left)
        self._columns = round_up(self.channels, lanes_of(self.dtype))
        self._inner = round_up(round_up(self.input_size, ROWS), lanes_of(self.dtype))
        self._workspace = Workspace()

    def forward(
        self, given: LayerInput, lengths: np.ndarray, n_steps: int, *, training: bool = True
    ) -> Convolved:
        """Return the features of each step; keeps what :meth:`backward` needs.

        Parameters
        ----------
        given
            With room for T steps of each sequence.
        lengths
            int64 (B,)
        n_steps
            T
        training
            As in :meth:`fastgru.layers.channel_norm.ChannelNorm.forward`.
        """
        sizes = self._sizes
        self._given, self._lengths, self._n_steps = given, lengths, n_steps
        self._outputs, self._n_out = sizes.convolved(lengths), sizes.convolved(n_steps)
        self._n_windows = sizes.pooled(self._n_out)
        self._reads_table = (
            given.symbols is not None
            and given.positions is None
            and not given.symbols_vary
            and len(given.symbols) <= _MAX_SYMBOLS
        )
        z = self._array("z", len(lengths) * self._n_out, self.channels)
        if self._reads_table:
            self._convolve_tokens(given, z)
        else:
            self._x = as_dense(given, len(lengths), n_steps)
            self._convolve_dense(z)
        if self._norm is not None:
            self._norm.forward(z, self._outputs, self._n_out, training=training)
        y = np.empty((len(lengths) * self._n_windows, self.channels), self.dtype)
        self._chosen = self._workspace.empty("chosen", y.shape, np.dtype(np.int8))
        rectify(*self._windows(), z, y, self._chosen)
        return Convolved(y, sizes.pooled(self._outputs), self._n_windows)

    def backward(self, dy: np.ndarray) -> InputGradients:
        """Return the gradients of the input; adds to those of the parameters.

        Parameters
        ----------
        dy
            float (B * W, C), gradient of the output.
        """
        dz = self._array("z", len(self._lengths) * self._n_out, self.channels)
        rectify_back(*self._windows(), dy, self._chosen, dz)
        if self._norm is not None:
            self._norm.backward(dz)
        groups = even_groups(len(self._lengths))
        rows = self._n_symbols if self._reads_table else self._inner
        shape = (len(groups) - 1, self._geometry.width, rows, self._columns)
        d_taps = self._workspace.zeros("d_taps", shape, self.dtype)
        d_bias = self._workspace.zeros("d_bias", (len(groups) - 1, self._columns), self.dtype)
        back = self._tokens_back if self._reads_table else self._dense_back
        gradients = back(dz, groups, d_taps, d_bias)
        self._grads[self._names[1]] += d_bias.sum(axis=0)[: self.channels]
        return gradients

    @property
    def _weight(self) -> np.ndarray:
        return self._parameters[self._names[0]]

    @property
    def _n_symbols(self) -> int:
        assert self._given.symbols is not None
        return len(self._given.symbols)

    def _array(self, name: str, *shape: int) -> np.ndarray:
        return self._workspace.empty(name, shape, self.dtype)

    def _bias(self) -> np.ndarray:
        return np.pad(self._parameters[self._names[1]], (0, self._columns - self.channels))

    def _windows(self) -> tuple[np.ndarray, int, int, int, np.ndarray]:
        """Return what the kernels of the rectifier have to know of the batch."""
        shares = new_shares(len(self._lengths))
        return shares, self._sizes.pool, self._n_out, self._n_windows, self._outputs

    def _convolve_tokens(self, given: LayerInput, z: np.ndarray) -> None:
        assert given.symbols is not None
        assert given.tokens is not None
        width = self._geometry.width
        table = np.zeros((width, len(given.symbols), self._columns), self.dtype)
        for k in range(width):
            product(given.symbols, self._weight[:, :, k].T, table[k, :, : self.channels])
        shares = new_shares(len(self._lengths))
        convolve_tokens(
            *(shares, self._geometry, self._n_steps, self._n_out, self._lengths, given.tokens),
            *(table, self._bias(), self._array("row", len(shares), self._columns), z),
        )

    def _tokens_back(
        self, dz: np.ndarray, groups: np.ndarray, d_taps: np.ndarray, d_bias: np.ndarray
    ) -> InputGradients:
        given = self._given
        assert given.symbols is not None
        assert given.tokens is not None
        shares = new_shares(len(groups) - 1)
        row = self._workspace.zeros("row", (len(shares), self._columns), self.dtype)
        convolve_tokens_back(
            *(shares, self._geometry, self._n_steps, self._n_out, groups),
            *(self._lengths, given.tokens, dz, row, d_taps, d_bias),
        )
        total = d_taps.sum(axis=0)[:, :, : self.channels]
        d_symbols = np.zeros_like(given.symbols)
        d_weight = self._grads[self._names[0]]
        for k in range(self._geometry.width):
            product(total[k].T, given.symbols, d_weight[:, :, k])
            product(total[k], self._weight[:, :, k], d_symbols)
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
        shares = new_shares(len(self._lengths))
        convolve(
            *(shares, self._geometry, self._n_steps, self._n_out, self._lengths),
            *(self._x, self._packed(backward=False), self._bias()),
            self._array("padded_x", len(shares) * self._room(self._n_steps), self._inner),
            self._array("rows", len(shares), ROWS, self._columns),
            z,
        )

    def _dense_back(
        self, dz: np.ndarray, groups: np.ndarray, d_taps: np.ndarray, d_bias: np.ndarray
    ) -> InputGradients:
        shares = new_shares(len(groups) - 1)
        room = self._room(self._n_steps)
        dx = np.zeros_like(self._x)  # the layer below multiplies all of it by its masks
        convolve_back(
            *(shares, self._geometry, self._n_steps, self._n_out, groups, self._lengths),
            *(self._x, dz, self._packed(backward=True)),
            self._array("padded_x", len(shares) * room, self._inner),
            self._array("padded_dz", len(shares) * room, self._columns),
            self._array("rows_back", len(shares), ROWS, self._inner),
            *(dx, d_taps, d_bias),
        )
        total = d_taps.sum(axis=0)[:, : self.input_size, : self.channels]
        self._grads[self._names[0]] += total.transpose(2, 1, 0)
        return dense_gradients(self._given, dx, self._lengths, self._n_steps)
