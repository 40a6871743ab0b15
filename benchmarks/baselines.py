"""The same computations in PyTorch: same weights, same precision, same threads.

PyTorch is optional.  Where it is used it flushes denormal numbers to zero, as fastgru always does:
by default it keeps them, and gradients that fade over a long sequence then make it several times
slower on Intel CPUs.  The setting is made before PyTorch starts any thread, because threads inherit
it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.cases import Case, EpochOptions, Problem
from benchmarks.contenders import named_states
from fastgru.training.schedule import cosine_with_warmup

if TYPE_CHECKING:
    import torch

NOT_INSTALLED = "PyTorch is not installed"
has_torch = importlib.util.find_spec("torch") is not None

if has_torch:
    import torch
    from torch.nn.functional import cross_entropy, dropout, embedding, linear
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def prepare_torch(threads: int, *, flush_denormals: bool) -> None:
    """Make the settings of this process, before anything is computed."""
    torch.set_flush_denormal(flush_denormals)
    torch.set_num_threads(threads)


class TorchLayer:
    """A case in ``torch.nn.GRU`` or ``LSTM``; sequences of unequal length as a packed sequence."""

    package = "torch.nn"

    def __init__(self, case: Case, problem: Problem) -> None:
        modules = importlib.import_module(self.package)
        kind = modules.LSTM if case.cell == "lstm" else modules.GRU
        self._layer = kind(case.input_size, case.hidden_size, batch_first=True)
        self._layer.load_state_dict(
            {name: torch.from_numpy(value) for name, value in problem.weights.items()}
        )
        self._initial = [torch.tensor(state, requires_grad=True) for state in problem.initial]
        self._gradients = [torch.from_numpy(array) for array in (problem.dy, *problem.d_final)]
        self._x, self._tokens = torch.from_numpy(problem.x), problem.embedding is not None
        self._lengths = problem.lengths
        self._weights = list(self._layer.parameters())  # as an optimiser has them
        # What stands where the gradient of the input is wanted: the embedding, or the input itself.
        source = problem.embedding if self._tokens else problem.x
        self._source = torch.tensor(source, requires_grad=True)

    def _run(self) -> list[torch.Tensor]:
        """Return the states of all steps, and the final ones."""
        x = embedding(self._x, self._source) if self._tokens else self._source
        initial = self._initial[0] if len(self._initial) == 1 else tuple(self._initial)
        if self._lengths is None:
            y, final = self._layer(x, initial)
        else:
            packed = pack_padded_sequence(
                x, torch.from_numpy(self._lengths), batch_first=True, enforce_sorted=False
            )
            states, final = self._layer(packed, initial)
            y, _ = pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])
        return [y, *final] if isinstance(final, tuple) else [y, final]

    def infer(self) -> None:
        """Forward, keeping nothing."""
        with torch.inference_mode():
            self._run()

    def forward(self) -> None:
        """Forward in training."""
        self._outputs = self._run()

    def backward(self) -> None:
        """Gradients of everything."""
        for tensor in (self._source, *self._initial, *self._weights):
            tensor.grad = None
        torch.autograd.backward(self._outputs, self._gradients)

    def results(self) -> dict[str, np.ndarray]:
        """Return the states and gradients of the last step."""
        y, *final = (output.detach() for output in self._outputs)
        d_initial = tuple(state.grad for state in self._initial)
        tensors = {"y": y, "dx": self._source.grad}
        tensors |= named_states("", tuple(final), "_n") | named_states("d", d_initial, "0")
        tensors |= {name: value.grad for name, value in self._layer.named_parameters()}
        return {name: tensor.numpy() for name, tensor in tensors.items()}


class FastgruModule(TorchLayer):
    """A case in ``fastgru.torch.GRU`` or ``LSTM``."""

    package = "fastgru.torch"


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
        for value in self._named.values():
            value.grad = None
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


class TorchRagged(TorchClassifier):
    """The same without positions, for sequences of several lengths."""

    def ragged(self, tokens: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return (B, n_classes) for tokens (B, T) that end after lengths (B,)."""
        named = self._named
        x = embedding(tokens, self._mixture @ named["embedding.letters"])
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        states, h_n = self._gru(packed)
        y, _ = pad_packed_sequence(states, batch_first=True)
        largest, _ = pad_packed_sequence(states, batch_first=True, padding_value=-torch.inf)
        mean = y.sum(dim=1) / lengths[:, None]
        features = torch.cat([h_n[0], h_n[1], mean, largest.max(dim=1).values], dim=1)
        return linear(features, named["head.weight"], named["head.bias"])
