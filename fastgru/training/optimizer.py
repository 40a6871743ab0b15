"""AdamW over the flat parameters of a network, with clipping of the gradient's norm."""

from __future__ import annotations

import math

import numpy as np

from fastgru.kernels.adamw import adamw_update, sum_of_squares
from fastgru.layers.packing import aligned_empty
from fastgru.layers.parameters import ParameterStore


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101).

    Parameters
    ----------
    parameters
    weight_decay
        Lambda of the paper, not negative; applies to weight matrices, not to biases, embeddings
        nor the scales of a normalisation.
    clip_norm
        Gradients of a larger Euclidean norm are scaled down to it; positive.
    beta1, beta2
        Decay of the moments, in [0, 1).
    eps
        Added to the root of the second moment.

    Attributes
    ----------
    first_moment, second_moment : np.ndarray
        float (n,), of the gradients, as long as the parameters.
    step_number : int
        Steps taken.
    """

    def __init__(
        self,
        parameters: ParameterStore,
        *,
        weight_decay: float,
        clip_norm: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        self._parameters = parameters
        self._beta1, self._beta2, self._eps, self._clip_norm = beta1, beta2, eps, clip_norm
        self.first_moment, self.second_moment, self._decay = (self._zeros() for _ in range(3))
        for name, place in parameters.places().items():
            if "weight" in name and "norm_weight" not in name:
                self._decay[place] = weight_decay
        self.step_number = 0

    def _zeros(self) -> np.ndarray:
        like = self._parameters.values
        zeros = aligned_empty(like.shape, like.dtype)
        zeros.fill(0)
        return zeros

    def step(self, learning_rate: float) -> float:
        """Update the parameters by their gradients; return the norm before clipping.

        A norm that is not finite leaves everything as it was: the caller is told by the value.
        """
        norm = math.sqrt(sum_of_squares(self._parameters.grads))
        if not math.isfinite(norm):
            return norm
        self.step_number += 1
        adamw_update(
            self._parameters.values,
            self._parameters.grads,
            min(1.0, self._clip_norm / norm) if norm > 0 else 1.0,
            self._decay,
            self.first_moment,
            self.second_moment,
            self.step_number,
            learning_rate,
            self._beta1,
            self._beta2,
            self._eps,
        )
        return norm
