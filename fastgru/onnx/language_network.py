"""A language model in ONNX: :mod:`fastgru.models.language_network`.

::

    tokens -> Pad by the start [, and by another behind the last letter] -> the layers
           -> a Slice of the states for each direction -> MatMul, Add
"""

from __future__ import annotations

import numpy as np

from fastgru.models.language_network import LanguageNetwork
from fastgru.onnx.graph import TO_END, Graph
from fastgru.onnx.network import add_states, single_weights
from fastgru.onnx.reading import Given
from fastgru.onnx.steps import count_steps, step_numbers

__all__ = ["add_language_network"]


def add_language_network(graph: Graph, network: LanguageNetwork, given: Given) -> list[str]:
    """Add a network; return the logits of each direction, float (B, T + 1, V + 1).

    Row t of those ahead says of letter t, the row behind the last letter of the end; row t of those
    back of letter t - 1, row 0 of the beginning.

    Parameters
    ----------
    graph, network, given
    """
    assert given.tokens is not None
    sizes, weights = network.architecture, single_weights(network)
    n_behind = network.num_directions - 1
    start = np.int64(network.start)
    padded = graph.add("Pad", given.tokens, np.array([0, 1, 0, n_behind]), start)
    if n_behind:
        numbers = step_numbers(graph, count_steps(graph, padded))
        behind = graph.add("Add", graph.add("Unsqueeze", given.lengths, np.array([1])), np.int64(1))
        padded = graph.add("Where", graph.add("Equal", numbers, behind), start, padded)
    lengths = graph.add("Add", given.lengths, np.int64(network.num_directions))
    states = add_states(graph, network, weights, Given(lengths, padded), outputs=True)
    assert states.steps is not None
    bias = graph.constant("head.bias", weights["head.bias"])
    found = []
    rows = [(0, -n_behind or TO_END), (1, TO_END)]
    for side in range(network.num_directions):
        columns = side * sizes.hidden_size, (side + 1) * sizes.hidden_size
        own = weights["head.weight"][:, slice(*columns)].T
        bounds = np.array([rows[side], columns])
        part = graph.add("Slice", states.steps.values, *bounds.T.copy(), np.array([1, 2]))
        name = f"head.weight{'_reverse' if side else ''}"
        products = graph.add("MatMul", part, graph.constant(name, own))
        found.append(graph.add("Add", products, bias))
    return found
