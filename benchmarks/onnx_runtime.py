"""ONNX Runtime's GRU: inference with a model of one node, after a lookup of the embedding."""

from __future__ import annotations

import importlib.util

import numpy as np

from benchmarks.cases import Case, Problem

INSTALL = "ONNX Runtime is not measured: that takes the packages onnx and onnxruntime"
has_onnx = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))

if has_onnx:
    import onnx
    import onnxruntime

OPSET = 17


def _gates(array: np.ndarray) -> np.ndarray:
    """Return gates r, z, n in the order z, r, h."""
    r, z, n = np.split(array, 3)
    return np.concatenate([z, r, n])


def make_model(case: Case, problem: Problem) -> onnx.ModelProto:
    """Return a model from x, tokens (T, B) or features (T, B, I), to Y (T, 1, B, H) and Y_h."""
    weights = problem.weights
    biases = [_gates(weights[name]) for name in ("bias_ih_l0", "bias_hh_l0")]
    constants = {
        "W": _gates(weights["weight_ih_l0"])[None],
        "R": _gates(weights["weight_hh_l0"])[None],
        "B": np.concatenate(biases)[None],
        "initial_h": problem.initial[0],
    }
    nodes, x, kind, shape = [], "x", onnx.TensorProto.FLOAT, ["T", "B", case.input_size]
    if problem.embedding is not None:
        constants["embedding"] = problem.embedding
        nodes = [onnx.helper.make_node("Gather", ["embedding", "x"], ["features"])]
        x, kind, shape = "features", onnx.TensorProto.INT64, ["T", "B"]
    inputs = [x, "W", "R", "B", "", "initial_h"]
    nodes.append(
        onnx.helper.make_node(
            *("GRU", inputs, ["Y", "Y_h"]), hidden_size=case.hidden_size, linear_before_reset=1
        )
    )
    graph = onnx.helper.make_graph(
        nodes,
        "gru",
        [onnx.helper.make_tensor_value_info("x", kind, shape)],
        [
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in ("Y", "Y_h")
        ],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = onnx.helper.make_opsetid("", OPSET)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


def open_session(
    model: bytes, threads: int, *, flush_denormals: bool
) -> onnxruntime.InferenceSession:
    """Return what runs a model, on so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry(
        "session.set_denormal_as_zero", "1" if flush_denormals else "0"
    )
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class OnnxGRU:
    """A rectangular case in ONNX Runtime; forward only."""

    def __init__(
        self, case: Case, problem: Problem, threads: int, *, flush_denormals: bool
    ) -> None:
        model = make_model(case, problem).SerializeToString()
        self._session = open_session(model, threads, flush_denormals=flush_denormals)
        self._x = np.ascontiguousarray(problem.x.swapaxes(0, 1))

    def infer(self) -> None:
        """Forward, keeping nothing."""
        self._y, self._h_n = self._session.run(None, {"x": self._x})

    def results(self) -> dict[str, np.ndarray]:
        """Return the states of the last pass."""
        return {"y": self._y[:, 0].swapaxes(0, 1), "h_n": self._h_n}
