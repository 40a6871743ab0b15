"""A training loop of PyTorch, in which one line says whose GRU it is."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from benchmarks.cases import SEED

__all__ = ["TorchLoop"]

N_LETTERS, FEATURES, N_CLASSES = 4, 16, 2


class _Classifier(torch.nn.Module):
    def __init__(self, gru: type[torch.nn.GRU], hidden_size: int) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(N_LETTERS, FEATURES)
        self.gru = gru(FEATURES, hidden_size, batch_first=True)
        self.head = torch.nn.Linear(hidden_size, N_CLASSES)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        _, h_n = self.gru(self.embedding(tokens))
        logits: torch.Tensor = self.head(h_n[0])
        return logits


class TorchLoop:
    """A classifier of letters by the last state, trained by Adam on the same batch again and again.

    Parameters
    ----------
    gru
        ``torch.nn.GRU``, or what stands in its place.
    batch_size, seq_len, hidden_size
    """

    def __init__(
        self, gru: type[torch.nn.GRU], batch_size: int, seq_len: int, hidden_size: int
    ) -> None:
        rng = np.random.default_rng(SEED)
        self._tokens = torch.from_numpy(rng.integers(0, N_LETTERS, (batch_size, seq_len)))
        self._targets = torch.from_numpy(rng.integers(0, N_CLASSES, batch_size))
        torch.manual_seed(SEED)
        self._model = _Classifier(gru, hidden_size)
        self._optimizer = torch.optim.Adam(self._model.parameters(), lr=1e-3)

    def step(self) -> None:
        """Train on the batch once."""
        self._optimizer.zero_grad()
        cross_entropy(self._model(self._tokens), self._targets).backward()
        self._optimizer.step()

    def gradients(self) -> dict[str, np.ndarray]:
        """Return all gradients of the batch, before the first step."""
        cross_entropy(self._model(self._tokens), self._targets).backward()
        parameters = self._model.named_parameters()
        return {name: value.grad.numpy() for name, value in parameters if value.grad is not None}
