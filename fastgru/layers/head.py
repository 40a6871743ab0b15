"""From features to outputs: a linear layer behind dropout.

::

    outputs = (mask * features) @ weight^T + bias

Where the features are those of several parts, such as directions, each part has outputs of its own
by its own columns of the weight, with the one bias: row ``i * n_parts + d`` is that of part ``d``.
"""

from __future__ import annotations

import numpy as np

from fastgru.kernels.products import product
from fastgru.layers.initializers import glorot_uniform
from fastgru.layers.stack import dropout_mask

__all__ = ["Head"]


class Head:
    """A linear layer behind dropout.

    Parameters
    ----------
    n_features, n_outputs
    n_parts
        Parts of the features, of the same width, that have outputs of their own.
    dropout
        Share of the features dropped in training.
    rng
        Source of the initial weight and of dropout.

    Attributes
    ----------
    parameters, grads : dict of np.ndarray
        ``weight`` (n_outputs, n_features) and ``bias`` (n_outputs,).
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        n_parts: int,
        dropout: float,
        rng: np.random.Generator,
    ) -> None:
        size = n_features // n_parts
        self._parts = [
            (slice(d, None, n_parts), slice(d * size, (d + 1) * size)) for d in range(n_parts)
        ]
        self._dropout, self._rng = dropout, rng
        weight = glorot_uniform(rng, n_outputs, n_features)
        self.parameters = {"weight": weight, "bias": np.zeros(n_outputs)}
        self.grads: dict[str, np.ndarray] = {}

    def forward(self, features: np.ndarray, *, training: bool) -> np.ndarray:
        """Return the outputs, float (n_parts * n, n_outputs).

        Parameters
        ----------
        features
            float (n, n_features); dropped out in place.
        training
            Whether to drop out.
        """
        self._mask = None
        if training and self._dropout > 0:
            self._mask = dropout_mask(features.shape, self._dropout, features.dtype, self._rng)
            features *= self._mask
        self._features = features
        outputs = np.tile(self.parameters["bias"], (len(self._parts) * len(features), 1))
        for rows, columns in self._parts:
            product(features[:, columns], self.parameters["weight"][:, columns].T, outputs[rows])
        return outputs

    def backward(self, doutputs: np.ndarray) -> np.ndarray:
        """Return the gradient of the last features; add to those of the parameters.

        Parameters
        ----------
        doutputs
            float (n_parts * n, n_outputs)
        """
        self.grads["bias"] += doutputs.sum(axis=0)
        weight, dweight = self.parameters["weight"], self.grads["weight"]
        dfeatures = np.zeros_like(self._features)
        for rows, columns in self._parts:
            product(doutputs[rows].T, self._features[:, columns], dweight[:, columns])
            product(doutputs[rows], weight[:, columns], dfeatures[:, columns])
        if self._mask is not None:
            dfeatures *= self._mask
        return dfeatures
