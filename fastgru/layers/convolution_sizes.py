"""What fixes a convolutional layer, apart from its weights and the code that runs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ConvolutionSizes"]


@dataclass(frozen=True)
class ConvolutionSizes:
    """What fixes one convolutional layer.

    Attributes
    ----------
    channels
        Features of its output.
    width
        Taps.
    dilation, stride, pool
        As in :class:`fastgru.layers.convolution.Convolution`.
    """

    channels: int
    width: int
    dilation: int
    stride: int
    pool: int

    def output_lengths(self, lengths: np.ndarray) -> np.ndarray:
        """Return how long sequences of these lengths are after the layer."""
        outputs = (lengths + self.stride - 1) // self.stride
        return (outputs + self.pool - 1) // self.pool
