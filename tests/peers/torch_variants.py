"""Layer normalisation, recurrent dropout and zoneout written out for PyTorch's own gradients.

One layer of any directions.  PyTorch has no such layers; its ``layer_norm`` and its automatic
differentiation are what is compared with.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.problems import Problem, Solution, with_padding
from tests.reference.layers import reversed_in_time, suffixes
from tests.reference.variants import Masks


def gate_sums(given: Any, w: dict[str, Any], side: str) -> list[Any]:
    """What the input ("ih") or the state ("hh") adds to each gate."""
    from torch.nn import functional

    hidden = w["weight_hh"].shape[1]
    gates = (given @ w[f"weight_{side}"].T).split(hidden, dim=1)
    if f"ln_weight_{side}" in w:
        gains = w[f"ln_weight_{side}"].split(hidden)
        gates = tuple(
            functional.layer_norm(a, (hidden,), g) for a, g in zip(gates, gains, strict=True)
        )
    return [a + b for a, b in zip(gates, w[f"bias_{side}"].split(hidden), strict=True)]


def step(cell: str, x: Any, states: Any, w: dict[str, Any], mask: Any) -> Any:
    import torch

    h, hidden = states[0], w["weight_hh"].shape[1]
    a, b = gate_sums(x, w, "ih"), gate_sums(h * mask, w, "hh")
    if cell == "rnn tanh":
        return torch.tanh(a[0] + b[0])[None]
    if cell.startswith("gru"):
        r, z = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
        recurrent = r * b[2] if cell == "gru" else gate_sums(r * h * mask, w, "hh")[2]
        return torch.lerp(torch.tanh(a[2] + recurrent), h, z)[None]
    c, peepholes = states[1], [w.get(f"weight_c{gate}", 0) for gate in "ifo"]
    i = torch.sigmoid(a[0] + b[0] + peepholes[0] * c)
    f = torch.sigmoid(a[1] + b[1] + peepholes[1] * c)
    c = f * c + i * torch.tanh(a[2] + b[2])
    o, seen = torch.sigmoid(a[3] + b[3] + peepholes[2] * c), c
    if "ln_weight_c" in w:
        seen = torch.nn.functional.layer_norm(c, (hidden,), w["ln_weight_c"], w["ln_bias_c"])
    return torch.stack([o * torch.tanh(seen), c])


def solve(problem: Problem, masks: Masks) -> Solution:
    """The solution by PyTorch, for a problem with dense input, with these masks."""
    import torch

    problem = with_padding(problem, 0.0, 0)
    named = {**problem.parameters, "x": problem.x}
    named |= {f"{n}0": state for n, state in zip("hc", problem.initial, strict=False)}
    leaves = {name: torch.tensor(a, requires_grad=True) for name, a in named.items()}
    initial = torch.stack([leaves[name] for name in ("h0", "c0") if name in leaves])
    lengths, n_steps = torch.tensor(problem.lengths), problem.x.shape[1]
    back = reversed_in_time(np.tile(np.arange(n_steps), (len(lengths), 1)), problem.lengths)
    everyone = torch.arange(len(lengths))[:, None]
    outputs, final = [], []
    for k, suffix in enumerate(suffixes(problem.parameters)[0]):
        w = {n.removesuffix(suffix): leaf for n, leaf in leaves.items() if n.endswith(suffix)}
        order = torch.tensor(back if suffix.endswith("_reverse") else np.sort(back, axis=1))
        mask = torch.tensor(masks.recurrent[k]) if masks.recurrent else 1.0
        states, steps, given = initial[:, k], [], leaves["x"][everyone, order]
        for t in range(n_steps):
            after = step(problem.cell, given[:, t], states, w, mask)
            if masks.held:
                after = torch.where(torch.tensor(masks.held[k][t]) > 0, states, after)
            states = torch.where((t < lengths)[:, None], after, states)
            steps.append(states[0] * (t < lengths)[:, None])
        outputs.append(torch.stack(steps, dim=1)[everyone, order])
        final.append(states)
    y, finals = torch.cat(outputs, dim=2), torch.stack(final, dim=1)
    value = (y * torch.tensor(problem.dy)).sum() + (finals * torch.tensor(problem.dfinal)).sum()
    value.backward()
    gradients = {name: leaf.grad.numpy() for name, leaf in leaves.items()}
    return Solution(y.detach().numpy(), finals.detach().numpy(), gradients)
