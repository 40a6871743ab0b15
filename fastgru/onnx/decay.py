"""Layers whose states decay with time, as a Scan over the steps: :mod:`fastgru.kernels.decay`.

A step, of h and for the LSTM c as well::

    h <- exp(-Relu(gap_t * rate + bias)) * h           then the step of the cell
    h <- Where(t is past the end, h before the step, h)

The products of the input are taken of all steps before the loop.  Gates are in PyTorch's order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastgru.onnx.graph import BOOL, FLOAT, TO_END, Graph, Weights, add_scan
from fastgru.onnx.steps import Steps, count_steps, is_valid

__all__ = ["add_decaying_layer"]


def add_decaying_layer(
    graph: Graph, cell: str, directions: Sequence[Weights], x: str, steps: Steps
) -> tuple[str, str]:
    """Return the outputs (T, D, B, H), and the last states (D, B, H).

    Parameters
    ----------
    graph
    cell
        ``"gru"`` or ``"lstm"``.
    directions
        Weights of each, by their names in every direction.
    x
        float (T, B, I)
    steps
        Lengths and gaps.
    """
    assert steps.gaps is not None
    valid = is_valid(graph, count_steps(graph, x, 0), steps.lengths)
    past = graph.add("Not", graph.add("Transpose", valid, perm=[1, 0, 2]))
    found = []
    for weights, reverse in zip(directions, (False, True), strict=False):
        gaps = _gaps_before(graph, steps.gaps, reverse=reverse)
        found.append(_add_direction(graph, cell, weights, x, past, gaps, reverse=reverse))
    outputs = graph.add("Concat", *(y for y, _ in found), axis=1)
    return outputs, graph.add("Concat", *(last for _, last in found), axis=0)


def _gaps_before(graph: Graph, gaps: str, *, reverse: bool) -> str:
    """Return the time before each step of a direction, (T, B, 1)."""
    by_step = graph.add("Unsqueeze", graph.add("Transpose", gaps, perm=[1, 0]), np.array([2]))
    if not reverse:
        return by_step
    # back from a step it is the time to the one after; there is none behind the last
    padding = np.array([0, 0, 0, 1, 0, 0])
    padded = graph.add("Pad", by_step, padding, np.float32(0))
    last = np.array([TO_END])
    return graph.add("Slice", padded, np.array([1]), last, np.array([0]))


def _add_direction(
    graph: Graph, cell: str, weights: Weights, x: str, past: str, gaps: str, *, reverse: bool
) -> tuple[str, str]:
    """Return the outputs (T, 1, B, H) and the last state (1, B, H) of one direction."""
    hidden = weights["weight_hh"].shape[1]
    products = graph.add("MatMul", x, np.ascontiguousarray(weights["weight_ih"].T))
    sums = graph.add("Add", products, weights["bias_ih"])
    zeros = graph.add("Expand", np.float32(0), _state_shape(graph, x, hidden))

    def step(body: Graph, states: list[str], given: list[str]) -> tuple[list[str], list[Any]]:
        own_sums, gap, is_past = given
        rates = body.add("Add", body.add("Mul", gap, weights["decay_rate"]), weights["decay_bias"])
        kept = body.add("Exp", body.add("Neg", body.add("Relu", rates)))
        decayed = body.add("Mul", kept, states[0])
        before = body.add("MatMul", decayed, np.ascontiguousarray(weights["weight_hh"].T))
        recurrent = body.add("Add", before, weights["bias_hh"])
        found = _CELLS[cell](body, own_sums, recurrent, decayed, *states[1:])
        after = [
            body.add("Where", is_past, old, new) for old, new in zip(states, found, strict=True)
        ]
        return after, [(body.add("Identity", after[0]), FLOAT)]

    last, *_, y = add_scan(
        *(graph, step, [(zeros, FLOAT)] * _N_STATES[cell]),
        [(sums, FLOAT), (gaps, FLOAT), (past, BOOL)],
        reverse=reverse,
    )
    return graph.add("Unsqueeze", y, np.array([1])), graph.add("Unsqueeze", last, np.array([0]))


def _state_shape(graph: Graph, x: str, hidden: int) -> str:
    """Return the shape of a state, int64 (2,)."""
    n_sequences = graph.add("Unsqueeze", count_steps(graph, x, 1), np.array([0]))
    return graph.add("Concat", n_sequences, np.array([hidden]), axis=0)


def _gate_sums(body: Graph, sums: str, n_gates: int) -> list[str]:
    parts = [body.new_name("gate") for _ in range(n_gates)]
    body.add_node("Split", [sums], parts, axis=-1)
    return parts


def _gru(body: Graph, sums: str, recurrent: str, h: str) -> list[str]:
    """Return the state behind a step; gates r, z, n."""
    own, before = _gate_sums(body, sums, 3), _gate_sums(body, recurrent, 3)
    r, z = (
        body.add("Sigmoid", body.add("Add", a, b)) for a, b in zip(own[:2], before[:2], strict=True)
    )
    n = body.add("Tanh", body.add("Add", own[2], body.add("Mul", r, before[2])))
    return [body.add("Add", n, body.add("Mul", z, body.add("Sub", h, n)))]


def _lstm(body: Graph, sums: str, recurrent: str, h: str, c: str) -> list[str]:
    """Return the states behind a step; gates i, f, g, o.  They have seen h already."""
    gates = _gate_sums(body, body.add("Add", sums, recurrent), 4)
    i, f, o = (body.add("Sigmoid", gates[number]) for number in (0, 1, 3))
    new = body.add("Mul", i, body.add("Tanh", gates[2]))
    cell_state = body.add("Add", body.add("Mul", f, c), new)
    return [body.add("Mul", o, body.add("Tanh", cell_state)), cell_state]


_CELLS: dict[str, Callable[..., list[str]]] = {"gru": _gru, "lstm": _lstm}
_N_STATES = {"gru": 1, "lstm": 2}
