"""The same computations in PyTorch: same weights, same precision, same threads.

PyTorch is optional.  Where it is used it flushes denormal numbers to zero, as fastgru always does:
by default it keeps them, and gradients that fade over a long sequence then make it several times
slower on Intel CPUs.  The setting is made before PyTorch starts any thread, because threads inherit
it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.cases import EpochOptions, Problem
from fastgru.training.schedule import cosine_with_warmup

if TYPE_CHECKING:
    import torch

INSTALL = f"""PyTorch is not installed, so there are no ratios. To install it (a large download):
    {sys.executable} -m pip install torch"""
has_torch = importlib.util.find_spec("torch") is not None

if has_torch:
    import torch
    from torch.nn.functional import cross_entropy, dropout, embedding, linear
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def prepare_torch(threads: int, *, flush_denormals: bool) -> None:
    """Make the settings of this process, before anything is computed."""
    torch.set_flush_denormal(flush_denormals)
    torch.set_num_threads(threads)


class TorchGRU:
    """A case in ``torch.nn.GRU``; sequences of unequal length as a packed sequence."""

    def __init__(self, problem: Problem) -> None:
        hidden, features = problem.h0.shape[2], problem.weights["weight_ih_l0"].shape[1]
        self._gru = torch.nn.GRU(features, hidden, batch_first=True)
        self._gru.load_state_dict(
            {name: torch.from_numpy(value) for name, value in problem.weights.items()}
        )
        self._h0 = torch.from_numpy(problem.h0).requires_grad_()
        self._gradients = [torch.from_numpy(problem.dy), torch.from_numpy(problem.dh_n)]
        self._x, self._tokens = torch.from_numpy(problem.x), problem.embedding is not None
        self._lengths = problem.lengths
        # What stands where the gradient of the input is wanted: the embedding, or the input itself.
        source = problem.embedding if self._tokens else problem.x
        self._source = torch.tensor(source, requires_grad=True)

    def _run(self) -> list[torch.Tensor]:
        x = embedding(self._x, self._source) if self._tokens else self._source
        if self._lengths is None:
            return list(self._gru(x, self._h0))
        packed = pack_padded_sequence(
            x, torch.from_numpy(self._lengths), batch_first=True, enforce_sorted=False
        )
        states, h_n = self._gru(packed, self._h0)
        y, _ = pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])
        return [y, h_n]

    def infer(self) -> None:
        """Forward, keeping nothing."""
        with torch.inference_mode():
            self._run()

    def forward(self) -> None:
        """Forward in training."""
        self._outputs = self._run()

    def backward(self) -> None:
        """Gradients of everything."""
        self._gru.zero_grad()
        self._source.grad = self._h0.grad = None
        torch.autograd.backward(self._outputs, self._gradients)

    def results(self) -> dict[str, np.ndarray]:
        """Return the states and gradients of the last step."""
        y, h_n = self._outputs
        tensors = {"y": y.detach(), "h_n": h_n.detach()}
        tensors |= {"dx": self._source.grad, "dh0": self._h0.grad}
        tensors |= {name: value.grad for name, value in self._gru.named_parameters()}
        return {name: tensor.numpy() for name, tensor in tensors.items()}


class TorchClassifier:
    """The network of :mod:`fastgru.models.network` for sequences of one length, in PyTorch.

    Bidirectional GRU over embeddings of letters and positions; last, mean and largest state.
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

    def logits(self, tokens: torch.Tensor, dropout_rate: float) -> torch.Tensor:
        """Return (B, n_classes) for tokens (B, T)."""
        named = self._named
        x = embedding(tokens, self._mixture @ named["embedding.letters"])
        y, h_n = self._gru(x + named["embedding.positions"][: tokens.shape[1]])
        features = torch.cat([h_n[0], h_n[1], y.mean(dim=1), y.max(dim=1).values], dim=1)
        return linear(dropout(features, dropout_rate), named["head.weight"], named["head.bias"])

    def gradients(self, tokens: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Return the logits and all gradients of one batch without dropout."""
        logits = self.logits(torch.from_numpy(tokens), 0.0)
        cross_entropy(logits, torch.from_numpy(targets)).backward()
        found = {name: value.grad.numpy() for name, value in self._named.items()}
        return found | {"logits": logits.detach().numpy()}

    def train_epoch(self, tokens: np.ndarray, targets: np.ndarray, options: EpochOptions) -> None:
        """Train for one epoch, as fastgru does."""
        weights = [value for name, value in self._named.items() if "weight" in name]
        others = [value for name, value in self._named.items() if "weight" not in name]
        optimizer = torch.optim.AdamW(
            [{"params": weights}, {"params": others, "weight_decay": 0.0}],
            weight_decay=options.weight_decay,
            fused=True,
        )
        x, y = torch.from_numpy(tokens), torch.from_numpy(targets)
        batches = torch.randperm(len(x)).split(options.batch_size)
        for step, chosen in enumerate(batches, start=1):
            rate = cosine_with_warmup(step, len(batches), options.warmup_fraction)
            for group in optimizer.param_groups:
                group["lr"] = options.learning_rate * rate
            optimizer.zero_grad()
            cross_entropy(self.logits(x[chosen], options.dropout), y[chosen]).backward()
            torch.nn.utils.clip_grad_norm_(weights + others, options.clip_norm)
            optimizer.step()
