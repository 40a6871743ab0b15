"""The same problems solved by ONNX Runtime's GRU, LSTM and RNN: one layer, outputs only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastgru.layers.activation_functions import Activation
from tests.problems import CELLS, Problem, with_padding
from tests.variants import DEFAULTS, family

ONNX_CELLS = ["gru", "gru reset before", "lstm", "lstm peepholes", "rnn tanh"]
GATE_ORDER = {"GRU": [1, 0, 2], "LSTM": [0, 3, 1, 2], "RNN": [0]}  # z r h, i o f c
PEEPHOLES = ["weight_ci", "weight_co", "weight_cf"]


def name_of(function: Activation) -> str:
    """ONNX's: HardSigmoid for hard_sigmoid."""
    return function.name.title().replace("_", "")


def attributes_of(problem: Problem, operator: str) -> dict[str, Any]:
    options = problem.options
    given = options.get("activations") or DEFAULTS[family(problem.cell)]
    functions = [one if isinstance(one, Activation) else Activation(one) for one in given]
    directions = 2 if problem.sizes["bidirectional"] else 1
    attributes: dict[str, Any] = {
        "hidden_size": problem.sizes["hidden_size"],
        "direction": "bidirectional" if directions == 2 else "forward",
        "activations": [name_of(one) for one in functions] * directions,
        # One for each function that has such a parameter, in order.
        "activation_alpha": [one.alpha for one in functions if one.alpha is not None] * directions,
        "activation_beta": [one.beta for one in functions if one.beta is not None] * directions,
    }
    if "clip" in options:
        attributes["clip"] = options["clip"]
    if operator == "GRU":
        attributes["linear_before_reset"] = int(problem.cell == "gru")
    if operator == "LSTM":
        attributes["input_forget"] = int(options.get("input_forget", False))
    return {name: value for name, value in attributes.items() if value != []}


def weights_of(problem: Problem, operator: str) -> dict[str, np.ndarray]:
    """The operator's inputs W, R, B, and P of peepholes, directions stacked."""
    hidden, parameters = problem.sizes["hidden_size"], problem.parameters
    suffixes = ["_l0", "_l0_reverse"] if problem.sizes["bidirectional"] else ["_l0"]

    def reordered(name: str) -> np.ndarray:
        gates = parameters[name].reshape(-1, hidden, *parameters[name].shape[1:])
        return gates[GATE_ORDER[operator]].reshape(parameters[name].shape)

    names = {"W": ["weight_ih"], "R": ["weight_hh"], "B": ["bias_ih", "bias_hh"]}
    weights = {
        key: np.stack(
            [np.concatenate([reordered(part + end) for part in parts]) for end in suffixes]
        )
        for key, parts in names.items()
    }
    if "weight_ci_l0" in parameters:
        weights["P"] = np.stack(
            [np.concatenate([parameters[part + end] for part in PEEPHOLES]) for end in suffixes]
        )
    return weights


def run_node(
    node: Any, arrays: Mapping[str, np.ndarray], opset_version: int = 14
) -> list[np.ndarray]:
    """The outputs that a node names; `arrays` are its inputs by their names."""
    import onnx
    import onnxruntime
    from onnx import helper

    kinds = {name: helper.np_dtype_to_tensor_dtype(a.dtype) for name, a in arrays.items()}
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info(n, kinds[n], a.shape) for n, a in arrays.items()],
        [
            helper.make_tensor_value_info(n, kinds["X"], [None] * (4 if n == "Y" else 3))
            for n in node.output
            if n
        ],
    )
    opsets = [helper.make_opsetid("", opset_version)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    outputs: list[np.ndarray] = session.run(None, dict(arrays))
    return outputs


def run(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """y (B, T, D * H) and the final states (S, D, B, H), in single precision."""
    from onnx import helper

    problem, operator = with_padding(problem, 0.0, 0), CELLS[problem.cell].layer
    given = {"X": problem.x.swapaxes(0, 1)} | weights_of(problem, operator)
    given |= {"h": problem.initial[0]}
    given |= {"c": problem.initial[1]} if operator == "LSTM" else {}
    arrays = {name: array.astype(np.float32) for name, array in given.items()}
    arrays["lengths"] = problem.lengths.astype(np.int32)
    order = ["X", "W", "R", "B", "lengths", "h", "c", "P"]
    inputs = [name if name in arrays else "" for name in order]
    outputs = ["Y", "Y_h", "Y_c"][: 1 + len(problem.initial)]
    attributes = attributes_of(problem, operator)
    node = helper.make_node(
        operator, inputs[: 6 if operator != "LSTM" else 8], outputs, **attributes
    )
    y, *final = run_node(node, arrays)
    return y.transpose(2, 0, 1, 3).reshape(*problem.x.shape[:2], -1), np.array(final)
