"""The network of most tasks in ONNX: :mod:`fastgru.models.network`, from inputs to outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork
from fastgru.onnx.graph import Graph, Weights
from fastgru.onnx.pooling import add_pooling, needs_steps
from fastgru.onnx.reading import Given, add_reading
from fastgru.onnx.recurrent import Layers, States, add_recurrent
from fastgru.onnx.stem import add_stem
from fastgru.onnx.strands import add_both_strands, average_strands

__all__ = ["add_head", "add_network", "add_states", "single_weights"]


def single_weights(network: SequenceNetwork) -> dict[str, np.ndarray]:
    """Return the weights that the layers compute with by name, in single precision."""
    return {name: value.astype(np.float32) for name, value in network.whole_weights().items()}


def add_network(graph: Graph, network: SequenceNetwork, given: Given) -> str:
    """Add a network; return its outputs, float (B, n_outputs) or of each step (B, T, n_outputs).

    Parameters
    ----------
    graph, network, given
    """
    sizes, weights, read = network.architecture, single_weights(network), given
    averages = sizes.reverse_complement == "average"
    if averages:
        assert isinstance(network.reading, np.ndarray)
        assert given.tokens is not None
        both = add_both_strands(graph, network.reading, given.tokens, given.lengths)
        read = replace(given, tokens=both[0], lengths=both[1])
    wants_steps = not sizes.pooling or needs_steps(sizes)
    states = add_states(graph, network, weights, read, outputs=wants_steps)
    if sizes.pooling:
        features = add_pooling(graph, sizes, weights, states)
        outputs = add_head(graph, weights, features)
        return average_strands(graph, outputs, None) if averages else outputs
    assert states.steps is not None
    outputs = add_head(graph, weights, states.steps.values, by_step=True)
    return average_strands(graph, outputs, given.lengths) if averages else outputs


def add_states(
    graph: Graph,
    network: SequenceNetwork,
    weights: Weights,
    given: Given,
    *,
    outputs: bool,
) -> States:
    """Add what stands before pooling and outputs.

    Parameters
    ----------
    graph, network
    weights
        float32, by name.
    given
    outputs
        Whether the outputs of all steps are wanted.
    """
    sizes = network.architecture
    steps = add_reading(graph, sizes, network.reading, weights, given)
    steps = add_stem(graph, sizes, weights, steps)
    return add_recurrent(graph, _layers(sizes), weights, steps, outputs=outputs)


def _layers(sizes: Architecture) -> Layers:
    return Layers(
        *(sizes.cell, sizes.cell, sizes.num_layers, sizes.hidden_size),
        *(sizes.bidirectional, sizes.residual),
    )


def add_head(graph: Graph, weights: Weights, features: str, *, by_step: bool = False) -> str:
    """Add the linear layer; return its outputs.

    Parameters
    ----------
    graph
    weights
        float32, by name.
    features
        float (B, C), or of each step (B, T, C).
    by_step
        Which of the two.
    """
    bias = graph.constant("head.bias", weights["head.bias"])
    if by_step:
        columns = graph.constant("head.weight", weights["head.weight"].T)
        return graph.add("Add", graph.add("MatMul", features, columns), bias)
    weight = graph.constant("head.weight", weights["head.weight"])
    return graph.add("Gemm", features, weight, bias, transB=1)
