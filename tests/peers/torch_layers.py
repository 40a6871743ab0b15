"""The same problems solved by torch.nn's GRU, LSTM and RNN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.problems import CELLS, Problem, Solution, with_padding

TORCH_CELLS = ["gru", "lstm", "rnn tanh", "rnn relu"]
"""The cells that PyTorch has."""

every_cell = pytest.mark.parametrize("cell", TORCH_CELLS)


def solve(problem: Problem) -> Solution:
    """The solution by PyTorch; every sequence must have at least one step."""
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    kind, cell = getattr(torch, problem.dtype), CELLS[problem.cell]

    def leaf(array: np.ndarray) -> Any:
        return torch.tensor(array, dtype=kind, requires_grad=True)

    problem = with_padding(problem, 0.0, 0)
    layer = getattr(torch.nn, cell.layer)(
        **problem.sizes, **cell.options, batch_first=True, dtype=kind
    )
    layer.load_state_dict({name: torch.tensor(v) for name, v in problem.parameters.items()})
    leaves = {f"{name}0": leaf(state) for name, state in zip("hc", problem.initial, strict=False)}
    states = leaves["h0"] if len(leaves) == 1 else (leaves["h0"], leaves["c0"])
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
    packed_y, final = layer(packed, states)
    y, _ = pad_packed_sequence(packed_y, batch_first=True, total_length=x.shape[1])
    finals = torch.stack(final if isinstance(final, tuple) else [final])
    value = (y * torch.tensor(problem.dy)).sum() + (finals * torch.tensor(problem.dfinal)).sum()
    value.backward()
    gradients = {name: tensor.grad.numpy() for name, tensor in leaves.items()}
    gradients |= {name: tensor.grad.numpy() for name, tensor in layer.named_parameters()}
    return Solution(y.detach().numpy(), finals.detach().numpy(), gradients)
