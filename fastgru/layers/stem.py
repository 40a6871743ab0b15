"""Convolutional layers before the recurrent ones, one on top of the other."""

from __future__ import annotations

import numpy as np

from fastgru.layers.channel_norm import BatchNorm, ChannelNorm, LayerNorm
from fastgru.layers.convolution import Convolution, Convolved
from fastgru.layers.convolution_sizes import ConvolutionSizes
from fastgru.layers.initializers import he_uniform
from fastgru.layers.layer_input import InputGradients, LayerInput
from fastgru.layers.stack import dropout_mask

__all__ = ["Stem"]


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
        dropout: float,
        rng: np.random.Generator,
        dtype: np.dtype,
    ) -> None:
        self.parameters: dict[str, np.ndarray] = {}
        self.grads: dict[str, np.ndarray] = {}
        self.buffers: dict[str, np.ndarray] = {}
        self._dropout, self._rng, self._dtype = dropout, rng, dtype
        self._layers: list[Convolution] = []
        self._masks: list[np.ndarray | None] = []
        for number, sizes in enumerate(layers):
            weight = he_uniform(rng, sizes.channels, input_size * sizes.width)
            shape = (sizes.channels, input_size, sizes.width)
            self.parameters[f"weight_l{number}"] = weight.reshape(shape).astype(dtype)
            self.parameters[f"bias_l{number}"] = np.zeros(sizes.channels, dtype)
            made = self._new_norm(norm, sizes.channels, f"_l{number}")
            layer = Convolution(self.parameters, self.grads, sizes, f"_l{number}", made)
            self._layers.append(layer)
            input_size = sizes.channels
        self.output_size = input_size

    def _new_norm(self, norm: str, channels: int, suffix: str) -> ChannelNorm | None:
        if norm == "none":
            return None
        self.parameters[f"norm_weight{suffix}"] = np.ones(channels, self._dtype)
        self.parameters[f"norm_bias{suffix}"] = np.zeros(channels, self._dtype)
        if norm == "layer":
            return LayerNorm(self.parameters, self.grads, suffix)
        self.buffers[f"running_mean{suffix}"] = np.zeros(channels, self._dtype)
        self.buffers[f"running_var{suffix}"] = np.ones(channels, self._dtype)
        return BatchNorm(self.parameters, self.grads, self.buffers, suffix)

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
        self._masks = []
        for layer in self._layers:
            found = layer.forward(given, lengths, n_steps, training=training)
            self._drop(found, training=training)
            given, lengths, n_steps = LayerInput(x=found.x), found.lengths, found.n_steps
        return given, lengths, n_steps

    def _drop(self, found: Convolved, *, training: bool) -> None:
        mask = None
        if training and self._dropout > 0:
            n_sequences, channels = len(found.lengths), found.x.shape[1]
            mask = dropout_mask((n_sequences, 1, channels), self._dropout, self._dtype, self._rng)
            found.x.reshape(n_sequences, found.n_steps, channels)[:] *= mask
        self._masks.append(mask)

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
        for layer, mask in zip(reversed(self._layers), reversed(self._masks), strict=True):
            dy = gradients.x
            assert dy is not None
            if mask is not None:
                dy.reshape(len(mask), -1, dy.shape[1])[:] *= mask
            gradients = layer.backward(dy)
        return gradients
