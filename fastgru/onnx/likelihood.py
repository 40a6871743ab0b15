"""What a network gives the letters or tokens of a sequence, and its end, in ONNX.

::

    LogSoftmax in double precision -> GatherElements of what comes next -> ReduceSum

Ambiguity codes, and what is past the end, are left out of the sum.
"""

from __future__ import annotations

import numpy as np

from fastgru.onnx.graph import DOUBLE, FLOAT, Graph
from fastgru.onnx.steps import count_steps, step_numbers

__all__ = ["add_log_likelihood", "add_log_probabilities"]

_LEAST = np.log(np.finfo(np.float64).tiny)
"""Of the logarithm of a probability, as fastgru itself has it."""


def add_log_probabilities(graph: Graph, logits: str) -> str:
    """Return the logarithms of probabilities, double (B, T, V + 1).

    Parameters
    ----------
    graph
    logits
        float (B, T, V + 1)
    """
    return graph.add("LogSoftmax", graph.add("Cast", logits, to=DOUBLE), axis=2)


def add_log_likelihood(
    graph: Graph, log_probabilities: str, tokens: str, lengths: str
) -> tuple[str, str]:
    """Return log-likelihoods, double (B,), and the log-probabilities in single precision.

    Parameters
    ----------
    graph
    log_probabilities
        double (B, T + 1, V + 1): row t says of letter t, the row behind the last of the end, which
        is number V.
    tokens
        int64 (B, T)
    lengths
        int64 (B,)
    """
    number = count_steps(graph, log_probabilities, 2)
    end = graph.add("Sub", number, np.int64(1))
    numbers = step_numbers(graph, count_steps(graph, log_probabilities))
    ends = graph.add("Unsqueeze", lengths, np.array([1]))
    is_end = graph.add("Equal", numbers, ends)
    padded = graph.add("Pad", tokens, np.array([0, 0, 0, 1]), np.int64(0))
    is_letter = graph.add("And", graph.add("Less", numbers, ends), graph.add("Less", padded, end))
    targets = graph.add("Where", is_letter, padded, end)
    columns = graph.add("Unsqueeze", targets, np.array([2]))
    found = graph.add("GatherElements", log_probabilities, columns, axis=2)
    of_targets = graph.add("Squeeze", graph.add("Max", found, _LEAST), np.array([2]))
    counted = graph.add("Where", graph.add("Or", is_end, is_letter), of_targets, np.float64(0))
    total = graph.add("ReduceSum", counted, np.array([1]), keepdims=0)
    return total, graph.add("Cast", log_probabilities, to=FLOAT)
