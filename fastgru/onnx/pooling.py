"""From the states of all steps to the features of a sequence: :mod:`fastgru.layers.pooling`.

::

    last       Y_h -> Transpose -> Reshape; of residual layers GatherND of the outputs at the ends
    mean       Where(valid, y, 0) -> ReduceSum -> Div by the length
    max        Where(valid, y, lowest) -> ReduceMax
    attention  MatMul(y, attention.weight) -> Where(valid, scores, lowest) -> Softmax -> Mul(y)
               -> ReduceSum

side by side (Concat) in the order of ``pooling``.  A sequence of no steps pools to zero.
"""

from __future__ import annotations

import numpy as np

from fastgru.models.architecture import Architecture
from fastgru.onnx.graph import LOWEST, Graph, Weights
from fastgru.onnx.recurrent import States
from fastgru.onnx.steps import Steps, at_steps, count_steps, is_valid

__all__ = ["add_pooling", "join_directions", "needs_steps"]


def needs_steps(sizes: Architecture) -> bool:
    """Whether the outputs of all steps are wanted, not the last states alone."""
    return sizes.residual or set(sizes.pooling) != {"last"}


def add_pooling(graph: Graph, sizes: Architecture, weights: Weights, states: States) -> str:
    """Add the poolings side by side; return the features, float (B, poolings * C).

    Parameters
    ----------
    graph, sizes
    weights
        float32, by name.
    states
        With the steps where :func:`needs_steps`.
    """
    pooled: dict[str, str] = {}
    if not sizes.residual and "last" in sizes.pooling:
        pooled["last"] = join_directions(graph, states.final[-1])
    if states.steps is not None:
        steps = states.steps
        n_steps = count_steps(graph, steps.values)
        valid = is_valid(graph, n_steps, steps.lengths)
        y = graph.add("Where", valid, steps.values, np.float32(0))
        if sizes.residual and "last" in sizes.pooling:
            pooled["last"] = _take_ends(graph, sizes, Steps(y, steps.lengths))
        if "mean" in sizes.pooling:
            pooled["mean"] = _take_mean(graph, y, steps.lengths)
        if "max" in sizes.pooling:
            pooled["max"] = _take_maximum(graph, y, valid, steps.lengths)
        if "attention" in sizes.pooling:
            weight = graph.constant("attention.weight", weights["attention.weight"][:, None])
            pooled["attention"] = _attend(graph, y, valid, weight)
    features = [pooled[name] for name in sizes.pooling]
    return features[0] if len(features) == 1 else graph.add("Concat", *features, axis=1)


def join_directions(graph: Graph, last: str) -> str:
    """Return the last states (D, B, H) of all directions side by side, (B, D * H)."""
    by_sequence = graph.add("Transpose", last, perm=[1, 0, 2])
    return graph.add("Flatten", by_sequence, axis=1)


def _take_ends(graph: Graph, sizes: Architecture, steps: Steps) -> str:
    """Return the last output of each direction: of the one back that of the first step."""
    before_end = graph.add("Sub", steps.lengths, np.int64(1))
    y = at_steps(graph, steps.values, graph.add("Max", before_end, np.int64(0)))
    if not sizes.bidirectional:
        return y
    at_start = graph.add("Gather", steps.values, np.int64(0), axis=1)
    back = np.arange(2 * sizes.hidden_size) >= sizes.hidden_size
    return graph.add("Where", back, at_start, y)


def _take_mean(graph: Graph, y: str, lengths: str) -> str:
    total = graph.add("ReduceSum", y, np.array([1]), keepdims=0)
    n_steps = graph.add("Max", graph.add("Unsqueeze", lengths, np.array([1])), np.int64(1))
    return graph.add("Div", total, graph.add("CastLike", n_steps, total))


def _take_maximum(graph: Graph, y: str, valid: str, lengths: str) -> str:
    most = graph.add(*("ReduceMax", graph.add("Where", valid, y, LOWEST)), axes=[1], keepdims=0)
    is_empty = graph.add("Equal", graph.add("Unsqueeze", lengths, np.array([1])), np.int64(0))
    return graph.add("Where", is_empty, np.float32(0), most)


def _attend(graph: Graph, y: str, valid: str, weight: str) -> str:
    scores = graph.add("Where", valid, graph.add("MatMul", y, weight), LOWEST)
    shares = graph.add("Softmax", scores, axis=1)
    return graph.add("ReduceSum", graph.add("Mul", shares, y), np.array([1]), keepdims=0)
