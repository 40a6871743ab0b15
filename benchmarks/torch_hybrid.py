"""A convolution, a bidirectional GRU and attention in PyTorch, with the weights of fastgru's."""

from __future__ import annotations

import torch
from torch.nn.functional import conv1d, dropout, embedding, linear, pad, relu

from benchmarks.baselines import TorchClassifier

__all__ = ["TorchHybrid"]


class TorchHybrid(TorchClassifier):
    """The same with one convolution, without positions, and with attention pooling."""

    def logits(self, tokens: torch.Tensor, dropout_rate: float) -> torch.Tensor:
        """Return (B, n_outputs) for tokens (B, T)."""
        named = self._named
        x = embedding(tokens, self._mixture @ named["embedding.letters"])
        weight, bias = named["stem.weight_l0"], named["stem.bias_l0"]
        around = (weight.shape[2] - 1) // 2, weight.shape[2] // 2
        x = relu(conv1d(pad(x.transpose(1, 2), around), weight, bias)).transpose(1, 2)
        y, _ = self._gru(x)
        attention = torch.softmax(y @ named["attention.weight"], dim=1)
        pooled = (attention[:, None, :] @ y)[:, 0]
        return linear(dropout(pooled, dropout_rate), named["head.weight"], named["head.bias"])
