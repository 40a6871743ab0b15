"""The same problems solved by torch.nn.GRU."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.gru_problems import Problem, Solution, with_padding


def solve(problem: Problem, dtype: str) -> Solution:
    """The solution by PyTorch; every sequence must have at least one step."""
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    kind = getattr(torch, dtype)

    def leaf(array: np.ndarray) -> Any:
        return torch.tensor(array, dtype=kind, requires_grad=True)

    problem = with_padding(problem, 0.0, 0)
    gru = torch.nn.GRU(**problem.sizes, batch_first=True, dtype=kind)
    gru.load_state_dict({name: torch.tensor(v) for name, v in problem.parameters.items()})
    leaves = {"h0": leaf(problem.h0)}
    if problem.embedding is None:
        x = leaves["x"] = leaf(problem.x)
    else:
        leaves["embedding"] = leaf(problem.embedding)
        x = torch.nn.functional.embedding(torch.tensor(problem.x), leaves["embedding"])
        if problem.position_embedding is not None:
            leaves["position_embedding"] = leaf(problem.position_embedding)
            x = x + leaves["position_embedding"][: x.shape[1]]
    lengths = torch.tensor(problem.lengths)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    packed_y, h_n = gru(packed, leaves["h0"])
    y, _ = pad_packed_sequence(packed_y, batch_first=True, total_length=x.shape[1])
    value = (y * torch.tensor(problem.dy)).sum() + (h_n * torch.tensor(problem.dh_n)).sum()
    value.backward()
    gradients = {name: tensor.grad.numpy() for name, tensor in leaves.items()}
    gradients |= {name: tensor.grad.numpy() for name, tensor in gru.named_parameters()}
    return Solution(y.detach().numpy(), h_n.detach().numpy(), gradients)
