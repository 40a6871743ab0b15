"""Convolutional layers before the recurrent ones, one on top of the other.

With residual connections (He et al. 2016, arXiv 1512.03385, equation 1) a layer whose output has
the shape of its input x adds that to it: ``y = x + dropout(relu(norm(conv(x))))`` in PyTorch's
words.  The first layer's input is the embedding.  Nothing is added past a sequence's end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastgru.kernels.whole_arrays import add_rows
from fastgru.layers.channel_norm import BatchNorm, ChannelNorm, LayerNorm
from fastgru.layers.convolution import Convolution, Convolved
from fastgru.layers.convolution_sizes import ConvolutionSizes, matching_layers
from fastgru.layers.initializers import he_uniform
from fastgru.layers.layer_input import (
    InputGradients,
    LayerInput,
    as_dense,
    dense_gradients,
    merge_gradients,
)
from fastgru.layers.stack import dropout_mask

__all__ = ["Stem"]


@dataclass(frozen=True)
class _Pass:
    """What the way back through a layer needs beside the layer itself.

    Attributes
    ----------
    given, lengths, n_steps
        Input of the layer, lengths of its sequences, and the steps that it has room for.
    mask
        Of dropout; None for none.
    """

    given: LayerInput
    lengths: np.ndarray
    n_steps: int
    mask: np.ndarray | None


class Stem:
    """Convolutional layers with their gradients.

    In training whole channels of a sequence are dropped after each layer: neighbouring steps are
    too alike for the others not to give a dropped one away (Tompson et al. 2015,
    doi:10.1109/CVPR.2015.7298664, section 3.2).

    Parameters
    ----------
    input_size
        Features of a step of the input.
    layers
        From the first to the last; none leaves the input as it is.
    norm
        ``"layer"`` or ``"batch"`` for the normalisation of each, or ``"none"``.
    residual
        Whether layers that keep the shape of their input add it to their output.
    symmetric
        As for :class:`fastgru.layers.channel_norm.BatchNorm`.
    dropout
        Share of the channels dropped in training.
    rng
        Source of the initial weights, and of the masks.
    dtype
        Of parameters and masks.

    Attributes
    ----------
    parameters, grads : dict of np.ndarray
        ``weight_l0``, ``bias_l0`` and so on; ``grads`` is added to.
    buffers : dict of np.ndarray
        Running statistics of batch normalisation, if any.
    output_size : int
        Features of a step of the output.
    """

    def __init__(
        self,
        input_size: int,
        layers: tuple[ConvolutionSizes, ...],
        *,
        norm: str,
        residual: bool,
        symmetric: bool = False,
        dropout: float,
        rng: np.random.Generator,
        dtype: np.dtype,
    ) -> None:
        self.parameters: dict[str, np.ndarray] = {}
        self.grads: dict[str, np.ndarray] = {}
        self.buffers: dict[str, np.ndarray] = {}
        self._dropout, self._rng, self._dtype = dropout, rng, dtype
        self._layers: list[Convolution] = []
        matching = matching_layers(input_size, layers)
        self._residual = [residual and matches for matches in matching]
        self._passes: list[_Pass] = []
        for number, sizes in enumerate(layers):
            weight = he_uniform(rng, sizes.channels, input_size * sizes.width)
            shape = (sizes.channels, input_size, sizes.width)
            self.parameters[f"weight_l{number}"] = weight.reshape(shape).astype(dtype)
            self.parameters[f"bias_l{number}"] = np.zeros(sizes.channels, dtype)
            made = self._new_norm(norm, sizes.channels, f"_l{number}", symmetric)
            layer = Convolution(self.parameters, self.grads, sizes, f"_l{number}", made)
            self._layers.append(layer)
            input_size = sizes.channels
        self.output_size = input_size

    def _new_norm(
        self, norm: str, channels: int, suffix: str, symmetric: bool
    ) -> ChannelNorm | None:
        if norm == "none":
            return None
        self.parameters[f"norm_weight{suffix}"] = np.ones(channels, self._dtype)
        self.parameters[f"norm_bias{suffix}"] = np.zeros(channels, self._dtype)
        if norm == "layer":
            return LayerNorm(self.parameters, self.grads, suffix)
        self.buffers[f"running_mean{suffix}"] = np.zeros(channels, self._dtype)
        self.buffers[f"running_var{suffix}"] = np.ones(channels, self._dtype)
        return BatchNorm(self.parameters, self.grads, self.buffers, suffix, symmetric=symmetric)

    def forward(
        self, given: LayerInput, lengths: np.ndarray, n_steps: int, *, training: bool
    ) -> tuple[LayerInput, np.ndarray, int]:
        """Run all layers.

        Parameters
        ----------
        given
            With room for T steps of each sequence.
        lengths
            int64 (B,)
        n_steps
            T
        training
            Whether to drop out, and to normalise by the batch itself.

        Returns
        -------
        tuple
            Input of what follows, its lengths, and the steps that it has room for.
        """
        self._passes = []
        for layer, residual in zip(self._layers, self._residual, strict=True):
            found = layer.forward(given, lengths, n_steps, training=training)
            mask = self._drop(found, training=training)
            self._passes.append(_Pass(given, lengths, n_steps, mask))
            if residual:
                x = as_dense(given, len(lengths), n_steps)
                _add_valid_steps(x, found.x, lengths, n_steps)
            given, lengths, n_steps = LayerInput(x=found.x), found.lengths, found.n_steps
        return given, lengths, n_steps

    def _drop(self, found: Convolved, *, training: bool) -> np.ndarray | None:
        if not training or self._dropout == 0:
            return None
        n_sequences, channels = len(found.lengths), found.x.shape[1]
        mask = dropout_mask((n_sequences, 1, channels), self._dropout, self._dtype, self._rng)
        found.x.reshape(n_sequences, found.n_steps, channels)[:] *= mask
        return mask

    def backward(self, gradients: InputGradients) -> InputGradients:
        """Run back through the last forward pass; adds to the gradients of the parameters.

        Parameters
        ----------
        gradients
            Of the output.

        Returns
        -------
        InputGradients
            Of the input.
        """
        steps = zip(self._layers, self._residual, self._passes, strict=True)
        for layer, residual, passed in reversed(list(steps)):
            dy = gradients.x
            assert dy is not None
            through_layer = dy
            if passed.mask is not None:
                through_layer = dy.copy() if residual else dy
                through_layer.reshape(len(passed.mask), -1, dy.shape[1])[:] *= passed.mask
            gradients = layer.backward(through_layer)
            if residual:
                gradients = _add_gradients(gradients, dy, passed)
        return gradients


def _add_gradients(gradients: InputGradients, dy: np.ndarray, passed: _Pass) -> InputGradients:
    """Add to the gradients of a layer's input what reaches it around the layer."""
    given, lengths, n_steps = passed.given, passed.lengths, passed.n_steps
    if gradients.x is None:
        return merge_gradients([gradients, dense_gradients(given, dy, lengths, n_steps)])
    _add_valid_steps(dy, gradients.x, lengths, n_steps)
    return gradients


def _add_valid_steps(
    rows: np.ndarray, total: np.ndarray, lengths: np.ndarray, n_steps: int
) -> None:
    """Add rows (B * T, C) to others where they are not past a sequence's end."""
    places = np.flatnonzero(np.arange(n_steps) < lengths[:, None])
    add_rows(rows[places], places, total)
