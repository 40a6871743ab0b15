"""What fixes a convolutional layer, apart from its weights and the code that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

__all__ = ["ConvolutionSizes"]

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

    def convolved(self, steps: _Steps) -> _Steps:
        """Return how many outputs the convolution of so many steps has."""
        return -(-steps // self.stride)

    def pooled(self, outputs: _Steps) -> _Steps:
        """Return how many windows so many outputs of the convolution have."""
        return -(-outputs // self.pool)

    def output_lengths(self, lengths: np.ndarray) -> np.ndarray:
        """Return how long sequences of these lengths are after the layer."""
        return self.pooled(self.convolved(lengths))
