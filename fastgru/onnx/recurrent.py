"""Recurrent layers in ONNX: :mod:`fastgru.layers.stack`.

Of each layer (T, B, I)::

    GRU(X, W, R, B, sequence_lens) [linear_before_reset=1] | LSTM | RNN
        -> Y (T, D, B, H) -> Transpose (T, B, D, H) -> Reshape (T, B, D * H) -> [Add of its input]

W, R and B hold the directions, ahead and back, with the gates in the order of ONNX.  Where states
decay with time, for which ONNX has no operator, a Scan for each direction stands in its place
(:mod:`fastgru.onnx.decay`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from fastgru.layers.conversions import ONNX_GATES, reorder_gates
from fastgru.layers.names import NamesOfDirection, direction_suffixes
from fastgru.onnx.decay import add_decaying_layer
from fastgru.onnx.graph import Graph, Weights
from fastgru.onnx.steps import Steps

__all__ = ["Layers", "States", "add_recurrent"]


@dataclass(frozen=True)
class Layers:
    """Which recurrent layers there are.

    Attributes
    ----------
    prefix
        Of the names of their weights.
    cell, num_layers, hidden_size, bidirectional, residual
        As in :class:`fastgru.models.architecture.Architecture`.
    """

    prefix: str
    cell: str
    num_layers: int
    hidden_size: int
    bidirectional: bool = False
    residual: bool = False

    @property
    def suffixes(self) -> list[list[str]]:
        """Of the names of each direction's weights, by layer."""
        return direction_suffixes(self.num_layers, self.bidirectional)


@dataclass(frozen=True)
class States:
    """Names of what recurrent layers give.

    Attributes
    ----------
    steps
        With the outputs (B, T, D * H) of the last layer; None where they are not wanted.
    final
        (D, B, H), the last states h of each layer.
    """

    steps: Steps | None
    final: list[str]


def add_recurrent(
    graph: Graph,
    layers: Layers,
    weights: Weights,
    steps: Steps,
    *,
    initial: list[str] | None = None,
    outputs: bool = True,
) -> States:
    """Add all layers.

    Parameters
    ----------
    graph, layers
    weights
        float32, by name.
    steps
        The input.
    initial
        (D, B, H), the first states of each layer; None for zeros.
    outputs
        Whether the outputs of all steps are wanted.
    """
    x = graph.add("Transpose", steps.values, perm=[1, 0, 2])
    lens = graph.add("Cast", steps.lengths, to=TensorProto.INT32)
    final = []
    for level, suffixes in enumerate(layers.suffixes):
        if steps.gaps is None:
            first = "" if initial is None else initial[level]
            wanted = outputs or level + 1 < layers.num_layers
            y, last = _add_layer(graph, layers, suffixes, weights, x, (lens, first), wanted)
        else:
            y, last = add_decaying_layer(
                *(graph, layers.cell, _of_directions(layers, suffixes, weights), x, steps)
            )
        final.append(last)
        if y:
            columns = np.array([0, 0, len(suffixes) * layers.hidden_size])
            joined = graph.add("Reshape", graph.add("Transpose", y, perm=[0, 2, 1, 3]), columns)
            x = graph.add("Add", joined, x) if layers.residual and level > 0 else joined
    if not outputs:
        return States(None, final)
    by_sequence = graph.add("Transpose", x, perm=[1, 0, 2])
    return States(Steps(by_sequence, steps.lengths), final)


def _of_directions(layers: Layers, suffixes: list[str], weights: Weights) -> list[Weights]:
    """Return the weights of each direction of a layer, by their names in every direction."""
    prefix = f"{layers.prefix}."
    own = {
        name.removeprefix(prefix): array
        for name, array in weights.items()
        if name.startswith(prefix)
    }
    return [NamesOfDirection(own, suffix).pick(own) for suffix in suffixes]


def _add_layer(
    graph: Graph,
    layers: Layers,
    suffixes: list[str],
    weights: Weights,
    x: str,
    given: tuple[str, str],
    wanted: bool,
) -> tuple[str, str]:
    """Return the outputs (T, D, B, H), empty where they are not wanted, and the last states."""
    order = ONNX_GATES[layers.cell]
    of_directions = _of_directions(layers, suffixes, weights)

    def stacked(letter: str, *names: str) -> str:
        parts = [
            np.concatenate([reorder_gates(direction[name], order) for name in names])
            for direction in of_directions
        ]
        return graph.constant(f"{layers.prefix}.{letter}{suffixes[0]}", np.stack(parts))

    lens, initial = given
    inputs = [
        *(x, stacked("W", "weight_ih"), stacked("R", "weight_hh")),
        *(stacked("B", "bias_ih", "bias_hh"), lens),
    ]
    y = graph.new_name(f"{layers.prefix}.Y") if wanted else ""
    last = graph.new_name(f"{layers.prefix}.Y_h")
    graph.add_node(
        layers.cell.upper(),
        [*inputs, initial] if initial else inputs,
        [y, last],
        hidden_size=layers.hidden_size,
        direction="bidirectional" if layers.bidirectional else "forward",
        **({"linear_before_reset": 1} if layers.cell == "gru" else {}),
    )
    return y, last
