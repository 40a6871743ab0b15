"""The random field on the labels of each step, as Scans over the steps: :mod:`fastgru.layers.crf`.

::

    ahead   a_t = x_t + (start | ReduceLogSumExp(a_(t-1) + A))
    back    b_t = end | ReduceLogSumExp(A + x_(t+1) + b_(t+1))
    p_t     = Softmax(a_t + b_t)

and the best path as in :mod:`fastgru.kernels.viterbi`.  All in double precision, as there: scores
add up over the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru.layers.crf import ChainField
from fastgru.onnx.graph import BOOL, DOUBLE, INT64, Graph, add_scan
from fastgru.onnx.steps import count_steps, step_numbers

__all__ = ["add_best_path", "add_marginals"]


@dataclass(frozen=True)
class _Chain:
    """Names of what both ways through a chain need.

    Attributes
    ----------
    logits
        double (T, B, K)
    is_first
        bool (T, 1, 1)
    is_last
        bool (T, B, 1)
    zeros
        double (B, K)
    """

    logits: str
    is_first: str
    is_last: str
    zeros: str


def _chain(graph: Graph, logits: str, lengths: str) -> _Chain:
    by_step = graph.add("Cast", graph.add("Transpose", logits, perm=[1, 0, 2]), to=DOUBLE)
    numbers = step_numbers(graph, count_steps(graph, by_step, 0))
    columns = graph.add("Unsqueeze", numbers, np.array([1, 2]))
    ends = graph.add("Sub", graph.add("Unsqueeze", lengths, np.array([0, 2])), np.int64(1))
    shape = graph.add("Slice", graph.add("Shape", by_step), np.array([1]), np.array([3]))
    return _Chain(
        logits=by_step,
        is_first=graph.add("Equal", columns, np.int64(0)),
        is_last=graph.add("Equal", columns, ends),
        zeros=graph.add("Expand", np.float64(0), shape),
    )


def _scores(field: ChainField) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    transitions, start, end = (score.astype(np.float64) for score in field.scores())
    return transitions, start, end


def _go_ahead(
    body: Graph,
    reduction: str,
    before: str,
    given: list[str],
    field: tuple[np.ndarray, np.ndarray],
) -> tuple[str, str]:
    """Add one step from the front; return the scores of all pairs of labels, and of each label.

    Those of a label are those of its pairs, reduced over the label before it.
    """
    transitions, start = field
    paths = body.add("Add", body.add("Unsqueeze", before, np.array([2])), transitions)
    over = body.add(reduction, paths, axes=[1], keepdims=0)
    return paths, body.add("Add", given[0], body.add("Where", given[1], start, over))


def add_marginals(graph: Graph, field: ChainField, logits: str, lengths: str) -> str:
    """Add the probability of each label at each step; return it, double (B, T, K).

    Parameters
    ----------
    graph, field
    logits
        float (B, T, K)
    lengths
        int64 (B,)
    """
    chain = _chain(graph, logits, lengths)
    transitions, start, end = _scores(field)

    def ahead(body: Graph, states: list[str], given: list[str]) -> tuple[list[str], list[Any]]:
        _, scores = _go_ahead(body, "ReduceLogSumExp", states[0], given, (transitions, start))
        return [scores], [(body.add("Identity", scores), DOUBLE)]

    def back(body: Graph, states: list[str], given: list[str]) -> tuple[list[str], list[Any]]:
        behind = body.add("Unsqueeze", states[0], np.array([1]))
        paths = body.add("Add", behind, transitions)
        sums = body.add("ReduceLogSumExp", paths, axes=[2], keepdims=0)
        scores = body.add("Where", given[1], end, sums)
        return [body.add("Add", given[0], scores)], [(scores, DOUBLE)]

    begin, x = [(chain.zeros, DOUBLE)], (chain.logits, DOUBLE)
    _, a = add_scan(graph, ahead, begin, [x, (chain.is_first, BOOL)])
    _, b = add_scan(graph, back, begin, [x, (chain.is_last, BOOL)], reverse=True)
    found = graph.add("Softmax", graph.add("Add", a, b), axis=2)
    return graph.add("Transpose", found, perm=[1, 0, 2])


def add_best_path(graph: Graph, field: ChainField, logits: str, lengths: str) -> str:
    """Add the best path; return its labels, int64 (B, T), anything past a sequence's end.

    Parameters
    ----------
    graph, field, logits, lengths
        As for :func:`add_marginals`.
    """
    chain = _chain(graph, logits, lengths)
    transitions, start, end = _scores(field)

    def ahead(body: Graph, states: list[str], given: list[str]) -> tuple[list[str], list[Any]]:
        paths, scores = _go_ahead(body, "ReduceMax", states[0], given, (transitions, start))
        chosen = body.add("ArgMax", paths, axis=1, keepdims=0)
        return [scores], [(body.add("Identity", scores), DOUBLE), (chosen, INT64)]

    def back(body: Graph, states: list[str], given: list[str]) -> tuple[list[str], list[Any]]:
        chosen, best, is_last = given
        label = body.add("Where", is_last, best, states[0])
        before = body.add("GatherElements", chosen, label, axis=1)
        return [before], [(body.add("Identity", label), INT64)]

    given = [(chain.logits, DOUBLE), (chain.is_first, BOOL)]
    _, scores, chosen = add_scan(graph, ahead, [(chain.zeros, DOUBLE)], given)
    best = graph.add("ArgMax", graph.add("Add", scores, end), axis=2, keepdims=1)
    column = graph.add("Slice", chain.zeros, np.array([0]), np.array([1]), np.array([1]))
    none = graph.add("Cast", column, to=INT64)
    given = [(chosen, INT64), (best, INT64), (chain.is_last, BOOL)]
    _, labels = add_scan(graph, back, [(none, INT64)], given, reverse=True)
    return graph.add("Transpose", graph.add("Squeeze", labels, np.array([2])), perm=[1, 0])
