"""Both strands of DNA in one batch: :mod:`fastgru.layers.strands` in ONNX.

::

    tokens -> ReverseSequence by the lengths -> Gather of the complements -> Concat behind the batch
    outputs -> Split in two [-> ReverseSequence of the second, by step] -> Add -> Mul by 1/2
"""

from __future__ import annotations

import numpy as np

from fastgru.layers.strands import complement_codes
from fastgru.onnx.graph import Graph

__all__ = ["add_both_strands", "average_strands", "reverse_steps"]


def add_both_strands(
    graph: Graph, mixture: np.ndarray, tokens: str, lengths: str
) -> tuple[str, str]:
    """Return tokens (2 B, T) and lengths (2 B,): the batch, and its reverse complements.

    Parameters
    ----------
    graph
    mixture
        Of the symbols, as for :func:`fastgru.layers.strands.complement_codes`.
    tokens, lengths
    """
    complement = graph.constant("strands.complement", complement_codes(mixture))
    other = graph.add("Gather", complement, reverse_steps(graph, tokens, lengths))
    both = graph.add("Concat", tokens, other, axis=0)
    return both, graph.add("Concat", lengths, lengths, axis=0)


def average_strands(graph: Graph, outputs: str, lengths: str | None) -> str:
    """Return the means (B, ...) of outputs (2 B, ...) of both strands.

    Parameters
    ----------
    graph, outputs
    lengths
        Of the sequences, where they have outputs of each step; None where they are pooled.
    """
    halves = [graph.new_name("strand") for _ in range(2)]
    graph.add_node("Split", [outputs], halves, axis=0)
    ahead, back = halves
    if lengths is not None:
        back = reverse_steps(graph, back, lengths)
    return graph.add("Mul", graph.add("Add", ahead, back), np.float32(0.5))


def reverse_steps(graph: Graph, values: str, lengths: str) -> str:
    """Return values (B, T, ...) whose valid steps stand in reverse order."""
    return graph.add("ReverseSequence", values, lengths, batch_axis=0, time_axis=1)
