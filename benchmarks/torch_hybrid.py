"""A convolution, a bidirectional GRU and attention in PyTorch, with the weights of fastgru's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn.functional import conv1d, cross_entropy, embedding, linear, pad, relu

__all__ = ["TorchHybrid"]


class TorchHybrid:
    """The network of :mod:`fastgru.models.network` with one convolution and attention pooling.

    For sequences of one length.

    Parameters
    ----------
    parameters
        fastgru's, by name.
    mixture
        float (symbols, letters)
    """

    def __init__(self, parameters: Mapping[str, np.ndarray], mixture: np.ndarray) -> None:
        self._named = {name: torch.tensor(value) for name, value in parameters.items()}
        weights = {
            name.removeprefix("gru."): value
            for name, value in self._named.items()
            if name.startswith("gru.")
        }
        three_hidden, features = weights["weight_ih_l0"].shape
        self._gru = torch.nn.GRU(features, three_hidden // 3, batch_first=True, bidirectional=True)
        self._gru.load_state_dict(weights)
        self._named |= {f"gru.{name}": value for name, value in self._gru.named_parameters()}
        for value in self._named.values():
            value.requires_grad_()
        self._mixture = torch.tensor(mixture, dtype=torch.float32)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return (B, n_outputs) for tokens (B, T)."""
        named = self._named
        x = embedding(tokens, self._mixture @ named["embedding.letters"])
        weight, bias = named["stem.weight_l0"], named["stem.bias_l0"]
        around = (weight.shape[2] - 1) // 2, weight.shape[2] // 2
        x = relu(conv1d(pad(x.transpose(1, 2), around), weight, bias)).transpose(1, 2)
        y, _ = self._gru(x)
        attention = torch.softmax(y @ named["attention.weight"], dim=1)
        pooled = (attention[:, None, :] @ y)[:, 0]
        return linear(pooled, named["head.weight"], named["head.bias"])

    def step(self, tokens: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Return the logits and all gradients of the mean cross-entropy of a batch."""
        for value in self._named.values():
            value.grad = None
        logits = self.logits(torch.from_numpy(tokens))
        loss = cross_entropy(logits, torch.from_numpy(targets))
        loss.backward()
        found = {name: value.grad.numpy() for name, value in self._named.items()}
        return found | {"logits": logits.detach().numpy()}
