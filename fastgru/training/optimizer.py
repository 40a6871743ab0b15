"""AdamW over the flat parameters of a network, with clipping of the gradient's norm."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from fastgru.kernels.adamw import adamw_update, sum_of_squares
from fastgru.layers.parameters import ParameterStore
from fastgru.layers.workspace import aligned_empty


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
        Steps taken since the moments began.
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
        self._weight_decay = weight_decay
        self.first_moment, self.second_moment, self._decay = (self._zeros() for _ in range(3))
        self.step_number = 0
        self.freeze(())

    def _zeros(self) -> np.ndarray:
        like = self._parameters.values
        zeros = aligned_empty(like.shape, like.dtype)
        zeros.fill(0)
        return zeros

    def freeze(self, names: Collection[str]) -> None:
        """Leave the parameters of these names, and no others, as they are from now on.

        Their moments stay as well where they are zero, as after :meth:`restart`.
        """
        places = self._parameters.places()
        self._frozen = [places[name] for name in names]
        for name, place in places.items():
            decays = "weight" in name and "norm_weight" not in name and name not in names
            self._decay[place] = self._weight_decay if decays else 0

    def restart(self) -> None:
        """Begin the moments anew: the correction of their bias counts steps from their first."""
        self.first_moment.fill(0)
        self.second_moment.fill(0)
        self.step_number = 0

    def step(self, learning_rate: float) -> float:
        """Update the parameters by their gradients; return the norm before clipping.

        The gradients of frozen parameters become zero, and so are not part of the norm.

        A norm that is not finite leaves everything as it was: the caller is told by the value.
        """
        for place in self._frozen:
            self._parameters.grads[place] = 0
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
