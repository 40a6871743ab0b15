"""Normalisation behind a convolution, with the names and defaults of ``torch.nn``.

Layer normalisation is that of ``torch.nn.LayerNorm(C)`` over the channels of each step, batch
normalisation that of ``torch.nn.BatchNorm1d(C)`` over all valid steps of a batch.  What stands past
a sequence's end counts in neither.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from fastgru.kernels.normalising import (
    normalise_steps,
    normalise_steps_back,
    standardise,
    standardise_back,
    sum_steps,
)
from fastgru.layers.blocks import even_groups
from fastgru.layers.layer_norm import EPSILON
from fastgru.layers.workspace import Workspace, new_shares

__all__ = ["MOMENTUM", "BatchNorm", "ChannelNorm", "LayerNorm"]

MOMENTUM = 0.1
"""Weight of a batch in the running mean and variance; PyTorch's."""


class ChannelNorm(ABC):
    """A normalisation with a learned scale and shift for each channel, and their gradients.

    Parameters
    ----------
    parameters, grads
        Arrays by name: ``norm_weight`` and ``norm_bias``, each (C,); ``grads`` is added to.
    suffix
        Of the names: ``"_l0"``, ...
    """

    def __init__(
        self, parameters: dict[str, np.ndarray], grads: dict[str, np.ndarray], suffix: str = ""
    ) -> None:
        self._parameters, self._grads = parameters, grads
        self._names = f"norm_weight{suffix}", f"norm_bias{suffix}"
        self._workspace = Workspace()

    def forward(self, z: np.ndarray, lengths: np.ndarray, n_steps: int, *, training: bool) -> None:
        """Normalise; keeps what :meth:`backward` needs.

        Parameters
        ----------
        z
            float (B * U, C), **replaced** at valid steps.
        lengths
            int64 (B,)
        n_steps
            U
        training
            Whether the statistics of the batch may be used.
        """
        self._lengths, self._n_steps = lengths, n_steps
        self._v = self._workspace.empty("v", z.shape, z.dtype)
        self._normalise(z, training)

    def backward(self, dz: np.ndarray) -> None:
        """Go back through the last forward pass in training; adds to the gradients.

        Parameters
        ----------
        dz
            float (B * U, C), gradient of what :meth:`forward` has written, **replaced** by that
            of what it was given, at valid steps.
        """
        d_bias, d_weight = self._sum(dz, self._v, np.zeros(dz.shape[1], dz.dtype))
        self._grads[self._names[0]] += d_weight.astype(dz.dtype)
        self._grads[self._names[1]] += d_bias.astype(dz.dtype)
        self._normalise_back(dz, d_bias, d_weight)

    @abstractmethod
    def _normalise(self, z: np.ndarray, training: bool) -> None: ...

    @abstractmethod
    def _normalise_back(self, dz: np.ndarray, d_bias: np.ndarray, d_weight: np.ndarray) -> None: ...

    @property
    def _weight(self) -> np.ndarray:
        return self._parameters[self._names[0]]

    @property
    def _bias(self) -> np.ndarray:
        return self._parameters[self._names[1]]

    def _batch(self) -> tuple[np.ndarray, int, np.ndarray]:
        """Return what the kernels have to know of the batch."""
        return new_shares(len(self._lengths)), self._n_steps, self._lengths

    def _sum(
        self, p: np.ndarray, q: np.ndarray, shift: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums of p - shift, and of (p - shift) (q - shift), float64 (C,)."""
        groups = even_groups(len(self._lengths))
        shape = (len(groups) - 1, p.shape[1])
        sums, products = (self._workspace.zeros(n, shape, p.dtype) for n in ("sums", "products"))
        shares = new_shares(len(groups) - 1)
        sum_steps(shares, self._n_steps, groups, self._lengths, shift, p, q, sums, products)
        return sums.sum(axis=0, dtype=np.float64), products.sum(axis=0, dtype=np.float64)


class LayerNorm(ChannelNorm):
    """Normalisation of each step over its channels (:class:`ChannelNorm`)."""

    def _normalise(self, z: np.ndarray, training: bool) -> None:
        self._inverse = self._workspace.empty("inverse", z.shape[:1], z.dtype)
        normalise_steps(
            *(*self._batch(), EPSILON, self._weight, self._bias, z, self._v, self._inverse)
        )

    def _normalise_back(self, dz: np.ndarray, d_bias: np.ndarray, d_weight: np.ndarray) -> None:
        normalise_steps_back(*self._batch(), self._weight, self._v, self._inverse, dz)


class BatchNorm(ChannelNorm):
    """Normalisation of each channel over the steps of a batch (:class:`ChannelNorm`).

    Outside training by the running mean and variance of the batches of training, so that the
    features of a sequence do not depend on its batch.

    Parameters
    ----------
    parameters, grads
    buffers
        Arrays by name that are kept with the parameters but not learned: ``running_mean`` and
        ``running_var``, each (C,), written in each forward pass in training.
    suffix
    symmetric
        Whether channel c shares its statistics with channel C - 1 - c, whose weight and bias have
        to be the same: its partner on the other strand of DNA, which is not in the batch.
    """

    def __init__(
        self,
        parameters: dict[str, np.ndarray],
        grads: dict[str, np.ndarray],
        buffers: dict[str, np.ndarray],
        suffix: str = "",
        *,
        symmetric: bool = False,
    ) -> None:
        super().__init__(parameters, grads, suffix)
        self._buffers, self._symmetric = buffers, symmetric
        self._running = f"running_mean{suffix}", f"running_var{suffix}"

    def _normalise(self, z: np.ndarray, training: bool) -> None:
        mean, variance = self._of_batch(z) if training else self._statistics()
        self._inverse = (1 / np.sqrt(variance + EPSILON)).astype(z.dtype)
        standardise(
            *(*self._batch(), mean.astype(z.dtype), self._inverse),
            *(self._weight, self._bias, z, self._v),
        )

    def _statistics(self) -> tuple[np.ndarray, np.ndarray]:
        mean, variance = (self._buffers[name] for name in self._running)
        return mean, variance

    def _of_batch(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of the batch, and add them to the running ones."""
        mean = self._mean(self._sum(z, z, np.zeros(z.shape[1], z.dtype))[0])
        variance = self._mean(self._sum(z, z, mean.astype(z.dtype))[1])
        # of a population that the batch was drawn from, as in PyTorch; one step has no variance
        n_numbers = int(self._lengths.sum()) * (2 if self._symmetric else 1)
        unbiased = variance * n_numbers / max(1, n_numbers - 1)
        for running, found in zip(self._statistics(), (mean, unbiased), strict=True):
            running[...] = (1 - MOMENTUM) * running + MOMENTUM * found
        return mean, variance

    def _mean(self, sums: np.ndarray) -> np.ndarray:
        """Return means (C,) from sums over the valid steps."""
        means = sums / max(1, int(self._lengths.sum()))
        return (means + means[::-1]) / 2 if self._symmetric else means

    def _normalise_back(self, dz: np.ndarray, d_bias: np.ndarray, d_weight: np.ndarray) -> None:
        mean, mean_product = (self._mean(sums).astype(dz.dtype) for sums in (d_bias, d_weight))
        scale = self._weight * self._inverse
        standardise_back(*self._batch(), scale, mean, mean_product, self._v, dz)
