"""Models of other tools: graphs as text with random weights, and PyTorch modules."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SHAPES: dict[str, tuple[int, ...]] = {
    "table": (4, 3),
    "kernel": (5, 3, 4),
    "kernel_bias": (5,),
    "kernel_2": (3, 5, 3),
    "gamma": (5,),
    "beta": (5,),
    "mean": (5,),
    "W": (2, 18, 3),
    "R": (2, 18, 6),
    "B": (2, 36),
    "W_2": (2, 18, 12),
    "W_5": (1, 18, 5),
    "W_1": (1, 18, 3),
    "R_1": (1, 18, 6),
    "B_1": (1, 36),
    "W_1_2": (1, 18, 6),
    "scores": (12, 1),
    "one_score": (1,),
    "heads": (12, 3),
    "heads_6": (6, 3),
    "heads_24": (24, 3),
    "rows": (3, 12),
    "bias": (3,),
    "single": (1, 12),
    "single_bias": (1,),
}
"""Of the weights that graphs may name: 3 features of a letter, 6 units of a direction."""


def weight(name: str) -> np.ndarray:
    rng = np.random.default_rng(list(name.encode()))
    return (0.5 * rng.standard_normal(SHAPES[name])).astype(np.float32)


def integers(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


CONSTANTS = {
    "variance": np.array([0.5, 1, 2, 1.5, 0.7], np.float32),
    "ends": np.array([0, 1], np.float32),
    "depth": np.array(4, np.int64),
    "minus_1": np.array(-1, np.int64),
    "last": integers(-1),
    "to_end": integers(np.iinfo(np.int64).max),
    "axis_0": integers(0),
    "axis_1": integers(1),
    "axis_2": integers(2),
    "axis_3": integers(3),
    "axis_4": integers(4),
    "nine_steps": integers(9, -1, 12),
    "joined": integers(0, 0, -1),
    "flat": integers(0, -1),
    "temperature": np.array([1.7], np.float32),
    "two": np.array(2, np.float32),
    "nothing": np.array(0, np.float32),
    "lowest": np.array(np.finfo(np.float32).min),
    "zero": np.array(0, np.int64),
    "one": np.array(1, np.int64),
    "step_2": np.array(2, np.int64),
    "step_3": np.array(3, np.int64),
}
CELL = 'direction = "bidirectional", hidden_size = 6, linear_before_reset = 1'
ONE_WAY = "hidden_size = 6, linear_before_reset = 1"
EMBED = "e = Gather (table, x)  s = Transpose <perm = [1, 0, 2]> (e)"
LAYER = f"{EMBED}  y4, h = GRU <{CELL}> (s, W, R, B)"
STEPS = f"{LAYER}  yt = Transpose <perm = [2, 0, 1, 3]> (y4)  y = Reshape (yt, joined)"
LAST = "ht = Transpose <perm = [1, 0, 2]> (h)  f = Flatten (ht)"
END = "z = Gemm <transB = 1> (f, rows, bias)  p = Softmax <axis = 1> (z)"

MEAN = "f = ReduceMean <axes = [1], keepdims = 0> (y)"
ATTENTION = """
    a = MatMul (y, scores)  ab = Add (a, one_score)  w = Softmax <axis = 1> (ab)
    m = Mul (w, y)  f = ReduceSum <keepdims = 0> (m, axis_1)
"""
CONV = f"""
    e = Gather (table, x)  t = Transpose <perm = [0, 2, 1]> (e)
    c = Conv <pads = [1, 2], kernel_shape = [4]> (t, kernel, kernel_bias)
    n = BatchNormalization <epsilon = 0.001> (c, gamma, beta, mean, variance)  r = Relu (n)
    o = MaxPool <kernel_shape = [3], strides = [3], ceil_mode = 1> (r)
    s = Transpose <perm = [2, 0, 1]> (o)  y4, h = GRU <{ONE_WAY}> (s, W_5, R_1, B_1)
    f = Squeeze (h, axis_0)  z = MatMul (f, heads_6)  l = Add (bias, z)  p = Softmax (l)
"""
TWO_LAYERS = f"""
    {EMBED}  y4, h = GRU <{ONE_WAY}> (s, W_1, R_1, B_1)  y3 = Squeeze (y4, axis_1)
    v4, g = GRU <{ONE_WAY}> (y3, W_1_2, R_1, B_1)  v3 = Squeeze (v4, axis_1)  q = Add (v3, y3)
    y = Transpose <perm = [1, 0, 2]> (q)
"""
HEAD_6 = "z = MatMul (f, heads_6)  p = Softmax (z)"
SEQUENCES = ["A", "CG", "TTACGACCA", "GATTACAGATTACAGAT"]
"""Of which each is run alone."""


def make_model(nodes: str, inputs: str = "int64[b, t] x", opset: int = 17) -> Any:
    """A model with these nodes, of which the output is p, and the constants that they name."""
    import onnx
    from onnx import numpy_helper

    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[b, c] p) {{{nodes}}}'
    )
    model = onnx.parser.parse_model(text)
    used = {name for node in model.graph.node for name in node.input}
    for name in sorted(used & {*SHAPES, *CONSTANTS}):
        array = CONSTANTS[name] if name in CONSTANTS else weight(name)
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    return model


def write(path: Path, model: Any) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


def run(path: Path, codes: np.ndarray) -> np.ndarray:
    """What ONNX Runtime says of one sequence, whatever inputs the model has."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feeds: dict[str, np.ndarray] = {}
    for given in session.get_inputs():
        if given.type.startswith("tensor(float"):
            feeds[given.name] = np.eye(4, dtype=np.float32)[codes][None]
        elif len(given.shape) == 1:
            kind = np.int32 if given.type == "tensor(int32)" else np.int64
            feeds[given.name] = np.array([len(codes)], kind)
        else:
            feeds[given.name] = codes[None] if given.shape[0] == "b" else codes[:, None]
    outputs: list[np.ndarray] = session.run(None, feeds)
    return outputs[0][0]


def codes_of(sequence: str) -> np.ndarray:
    return np.array(["ACGT".index(letter) for letter in sequence])


def assert_agrees(path: Path, model: Any, *, softmax: bool = False, logs: bool = False) -> None:
    """Probabilities of each sequence alone are those of ONNX Runtime."""
    pytest.importorskip("onnxruntime")
    for sequence in SEQUENCES:
        codes = codes_of(sequence)
        expected = run(path, codes)
        if softmax or logs:
            expected = np.exp(expected)
            expected /= expected.sum()
        found = model.predict_proba([sequence])[0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def torch_module(
    cell: str = "GRU",
    pooling: str = "last",
    num_layers: int = 1,
    *,
    bidirectional: bool = True,
    stem: bool = False,
    output: str = "softmax",
    batch_first: bool = True,
    bias: bool = True,
) -> Any:
    """A classifier as PyTorch's users write them: five tokens, of which one is padding."""
    import torch
    from torch import nn

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(5, 6, padding_idx=4)
            self.stem = nn.Sequential(
                *(nn.Conv1d(6, 7, 5, padding="same"), nn.BatchNorm1d(7), nn.ReLU()),
                *(nn.Conv1d(7, 6, 4, padding="same"), nn.ReLU(), nn.MaxPool1d(2, ceil_mode=True)),
            )
            options = {"batch_first": batch_first, "bidirectional": bidirectional, "bias": bias}
            self.layers = getattr(nn, cell)(6, 8, num_layers, **options)
            n_features = 8 * (2 if bidirectional else 1) * (2 if pooling == "both" else 1)
            self.drop, self.head = nn.Dropout(0.3), nn.Linear(n_features, 3)

        def forward(self, tokens: Any) -> Any:
            x = self.embedding(tokens)
            if stem:
                x = self.stem(x.transpose(1, 2)).transpose(1, 2)
            y, last = self.layers(x if batch_first else x.transpose(0, 1))
            last, time = last[0] if isinstance(last, tuple) else last, int(batch_first)
            pooled = {
                "last": lambda: torch.cat([last[-2], last[-1]], 1) if bidirectional else last[-1],
                "last step": lambda: y[:, -1],
                "mean": lambda: y.mean(time),
                "max": lambda: y.max(time).values,
                "both": lambda: torch.cat([y.mean(time), y.amax(time)], -1),
            }[pooling]()
            logits = self.head(self.drop(pooled))
            return {"softmax": torch.softmax, "log_softmax": torch.log_softmax}.get(
                output, lambda logits, axis: logits
            )(logits, 1)

    torch.manual_seed(0)
    return Classifier().eval()


def export_torch(module: Any, path: Path, opset: int = 17) -> Path:
    """Write a module by PyTorch's own exporter."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.zeros((2, 9), dtype=torch.int64),),
            path,
            dynamo=False,
            input_names=["tokens"],
            output_names=["p"],
            dynamic_axes={"tokens": {0: "b", 1: "t"}},
            opset_version=opset,
        )
    return path
