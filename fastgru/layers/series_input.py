"""From the features of a series to what the layers read: each standardised.

::

    x_t   = (features_t - mean) / deviation        within LARGEST of zero
    gap_t = features_t[0] / mean[0]                where states decay: in units of the usual gap
"""

from __future__ import annotations

import numpy as np

from fastgru.layers.layer_input import InputGradients, LayerInput

__all__ = ["LARGEST", "SeriesInput"]

LARGEST = 1e9
"""Of a standardised feature: all gates are at their ends long before, and squares stay finite."""


class SeriesInput:
    """Standardised features; nothing is learned.

    Parameters
    ----------
    mean, deviation
        float64 (F,)
    dtype
        Of the layers.
    timed
        Whether the first feature is the time since the step before.

    Attributes
    ----------
    parameters, grads : dict of np.ndarray
        Empty.
    """

    def __init__(
        self, mean: np.ndarray, deviation: np.ndarray, dtype: np.dtype, *, timed: bool = False
    ) -> None:
        self._mean, self._deviation, self._dtype = mean, deviation, dtype
        self._timed = timed
        self.parameters: dict[str, np.ndarray] = {}
        self.grads: dict[str, np.ndarray] = {}

    def forward(
        self, series: np.ndarray, lengths: np.ndarray
    ) -> tuple[LayerInput, np.ndarray, int]:
        """Return the input of the layers, its lengths, and the steps that it has room for.

        Parameters
        ----------
        series
            float64 (B, T, F), finite past a sequence's end.
        lengths
            int64 (B,)
        """
        n_steps = series.shape[1]
        # in double precision: a mean may be far larger than a deviation
        standardised = (series - self._mean) / self._deviation
        x = np.clip(standardised, -LARGEST, LARGEST).astype(self._dtype)
        gaps = None
        if self._timed:
            usual = self._mean[0] or 1.0
            # nothing infinite: units that do not decay have a rate of zero
            in_units = np.minimum(series[:, :, 0] / usual, np.finfo(self._dtype).max)
            gaps = in_units.astype(self._dtype).reshape(-1)
        return LayerInput(x=x.reshape(len(lengths) * n_steps, -1), gaps=gaps), lengths, n_steps

    def backward(self, gradients: InputGradients) -> None:
        """Do nothing: no parameter is before the layers."""
