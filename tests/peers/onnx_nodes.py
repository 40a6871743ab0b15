"""Recurrent ONNX nodes with random attributes and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from fastgru.layers.activation_functions import Activation
from tests.peers.onnx_layers import name_of

OPERATORS = ["GRU", "LSTM", "RNN"]
GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
FUNCTIONS = {"GRU": 2, "LSTM": 3, "RNN": 1}
ELEVEN = [
    *("relu", "tanh", "sigmoid", "affine", "leaky_relu", "thresholded_relu", "scaled_tanh"),
    *("hard_sigmoid", "elu", "softsign", "softplus"),
]
DIRECTIONS = ["forward", "reverse", "bidirectional"]
OPTIONS = {
    "GRU": ["activations", "clip", "linear_before_reset", "B", "sequence_lens", "initial_h"],
    "LSTM": [
        *("activations", "clip", "input_forget", "B", "sequence_lens", "initial_h", "initial_c"),
        "P",
    ],
    "RNN": ["activations", "clip", "B", "sequence_lens", "initial_h"],
}
"""Attributes and inputs that a node may have or not."""

_STATES = ("initial_h", "initial_c")


@dataclass(frozen=True)
class Case:
    """A node's attributes, and its inputs by ONNX's names."""

    operator: str
    attributes: Mapping[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def outputs(self) -> list[str]:
        return ["Y", "Y_h", "Y_c"][: 3 if self.operator == "LSTM" else 2]

    def node(self, **attributes: Any) -> Any:
        from onnx import helper

        order = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
        inputs = [name if name in self.arrays else "" for name in order]
        inputs = inputs[: 8 if self.operator == "LSTM" else 6]
        return helper.make_node(
            self.operator, inputs, self.outputs, **(dict(self.attributes) | attributes)
        )

    def as_type(self, dtype: Any) -> Case:
        arrays = {
            name: array.astype(dtype) if array.dtype.kind == "f" else array
            for name, array in self.arrays.items()
        }
        return Case(self.operator, self.attributes, arrays)

    def batch_first(self) -> Case:
        """The same with layout 1."""
        arrays = {
            name: array.swapaxes(0, 1) if name == "X" or name in _STATES else array
            for name, array in self.arrays.items()
        }
        return Case(self.operator, {**self.attributes, "layout": 1}, arrays)

    def values(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray | None]:
        """Arrays in the order of the node's inputs."""
        return [arrays.get(name) for name in self.node().input if name]


def make_case(operator: str, seed: int, direction: str, options: set[str]) -> Case:
    """A case with some of the options, and random sizes and numbers, exact in float32."""
    rng = np.random.default_rng(seed)
    hidden, features, n_sequences, n_steps = (int(n) for n in rng.integers(1, 6, 4))
    directions, gates = 2 if direction == "bidirectional" else 1, GATES[operator]

    def normal(*shape: int) -> np.ndarray:
        return (0.5 * rng.standard_normal(shape)).astype(np.float32)

    shapes: dict[str, tuple[int, ...]] = {
        "X": (n_steps, n_sequences, features),
        "W": (directions, gates * hidden, features),
        "R": (directions, gates * hidden, hidden),
        "B": (directions, 2 * gates * hidden),
        "initial_h": (directions, n_sequences, hidden),
        "initial_c": (directions, n_sequences, hidden),
        "P": (directions, 3 * hidden),
    }
    arrays = {name: normal(*s) for name, s in shapes.items() if name in {"X", "W", "R"} | options}
    if "sequence_lens" in options:
        arrays["sequence_lens"] = rng.integers(0, n_steps + 1, n_sequences).astype(np.int32)
    attributes: dict[str, Any] = {"hidden_size": hidden, "direction": direction}
    if "activations" in options:
        attributes |= _functions(rng, FUNCTIONS[operator] * directions)
    if "clip" in options:
        attributes["clip"] = float(rng.uniform(0.2, 3.0))
    for name in {"linear_before_reset", "input_forget"} & options:
        attributes[name] = 1
    return Case(operator, attributes, arrays)


def _functions(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """ONNX Runtime has no usable defaults for some, so alpha and beta are given."""
    functions = [Activation(str(name)) for name in rng.choice(ELEVEN, n)]
    numbers = {
        "activation_alpha": [rng.uniform(0.1, 1) for one in functions if one.alpha is not None],
        "activation_beta": [rng.uniform(0.1, 1) for one in functions if one.beta is not None],
    }
    given = {name: value for name, value in numbers.items() if value}
    return {"activations": [name_of(one) for one in functions], **given}


@st.composite
def cases(draw: st.DrawFn, operator: str, option: str) -> Case:
    """Any attributes and inputs; `option`, or the direction of this name, is always there."""
    directions = [option] if option in DIRECTIONS else DIRECTIONS
    options = draw(st.sets(st.sampled_from(OPTIONS[operator]))) | {option}
    return make_case(
        operator, draw(st.integers(0, 2**16)), draw(st.sampled_from(directions)), options
    )
