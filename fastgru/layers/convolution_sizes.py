"""What fixes a convolutional layer, apart from its weights and the code that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

__all__ = ["ConvolutionSizes", "layer_sizes", "matching_layers"]

_Steps = TypeVar("_Steps", int, np.ndarray)


@dataclass(frozen=True)
class ConvolutionSizes:
    """What fixes one convolutional layer.

    Attributes
    ----------
    channels
        Features of its output.
    width
        Taps.
    dilation
        Steps between the taps.
    stride
        Steps between the outputs of the convolution.
    pool
        Outputs of a window of which the maximum is kept, 127 at most; 1 keeps all.
    """

    channels: int
    width: int
    dilation: int = 1
    stride: int = 1
    pool: int = 1

    def keeps_shape(self, input_size: int) -> bool:
        """Whether the output has the shape of an input of so many features."""
        return self.channels == input_size and self.stride == self.pool == 1

    def convolved(self, steps: _Steps) -> _Steps:
        """Return how many outputs the convolution of so many steps has."""
        return -(-steps // self.stride)

    def pooled(self, outputs: _Steps) -> _Steps:
        """Return how many windows so many outputs of the convolution have."""
        return -(-outputs // self.pool)

    def output_lengths(self, lengths: np.ndarray) -> np.ndarray:
        """Return how long sequences of these lengths are after the layer."""
        return self.pooled(self.convolved(lengths))


def layer_sizes(channels: Sequence[int], *columns: Sequence[int]) -> tuple[ConvolutionSizes, ...]:
    """Return the sizes of each layer.

    Parameters
    ----------
    channels
        Of each layer.
    *columns
        Width, dilation, stride and pool, each with an entry for each layer or one for all.
    """
    full = [[*column] * len(channels) if len(column) == 1 else column for column in columns]
    return tuple(map(ConvolutionSizes, channels, *full))


def matching_layers(input_size: int, layers: Sequence[ConvolutionSizes]) -> list[bool]:
    """Return of each layer whether its output has the shape of its input.

    Parameters
    ----------
    input_size
        Features of the first layer's input.
    layers
        From the first to the last.
    """
    inputs = [input_size, *(sizes.channels for sizes in layers)]
    return [sizes.keeps_shape(inputs[number]) for number, sizes in enumerate(layers)]
