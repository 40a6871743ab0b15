"""Chains of other tools that no network of fastgru is (``make test-peers``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fastgru.onnx
from fastgru.errors import ModelFileError
from tests.peers import onnx_chains
from tests.peers.onnx_chains import (
    CONV,
    END,
    HEAD_6,
    LAST,
    LAYER,
    MEAN,
    ONE_WAY,
    STEPS,
    TWO_LAYERS,
)

pytestmark = pytest.mark.peers

RELU = ", ".join(['"Relu"'] * 4)


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


def test_sum_of_steps__is_no_pooling(tmp_path: Path) -> None:
    nodes = f"{STEPS} f = ReduceSum <keepdims = 0> (y, axis_1) {END}"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    with pytest.raises(ModelFileError, match="outputs are made of sum, expected"):
        fastgru.onnx.load(path, alphabet="dna")


REFUSED: list[tuple[str, str]] = [
    (f"{LAYER} k = Slice (h, axis_0, flat, axis_0) f = Flatten (k) {END}", "must cut one axis"),
    (f"{LAYER} {LAST} t = Tanh (f) {END}".replace("(f, rows", "(t, rows"), r"'.*' \(Tanh\) is not"),
    (f"{LAYER.replace('bidirectional', 'reverse')} {LAST} {END}", "direction must be forward or"),
    (f"{LAYER.replace('reset = 1', 'reset = 0')} {LAST} {END}", "must have linear_before_reset 1"),
    (f"{LAYER.replace('reset = 1', 'reset = 1, clip = 3.0')} {LAST} {END}", "must have no clip"),
    (
        f"{LAYER} {LAST} {END}".replace("hidden", f"activations = [{RELU}], hidden"),
        "activations must be the usual ones",
    ),
    (f"{LAYER} {LAST} {END}".replace("W, R, B)", "W, R, B, , B)"), "initial states must be zero"),
    (f"{LAYER} {LAST} {END}".replace("(s, W,", "(s, W_2,"), r"W must have the shape \(2, 18, 3\)"),
    (f"{LAYER} f = Gather <axis = 0> (y4, minus_1) {END}", "must take the last, behind layers of"),
    (f"{STEPS} f = ReduceMean <axes = [2], keepdims = 0> (y) {END}", "must be of all steps"),
    (
        f"{STEPS} {MEAN} {END} ".replace(
            "z = Gemm", "i = Gemm <transB = 1> (f, rows, bias) z = Gemm"
        ).replace("z = Gemm <transB = 1> (f", "z = Gemm <transB = 1> (i"),
        "only linear layer",
    ),
    (CONV.replace("pads = [1, 2]", "pads = [0, 3]"), "padding must be 1 and 2"),
    (CONV.replace("r = Relu (n)", "r = Identity (n)"), "A Relu must follow each convolution"),
    (CONV.replace(", ceil_mode = 1", ""), "a last window that is shorter counts too"),
    (CONV.replace("strides = [3]", "strides = [1]"), "strides as kernel_shape"),
    (f"{LAYER} f = Reshape (h, flat) {END}", "arranges features, steps or sequences in another"),
    (
        f"{LAYER} {LAST} {END}".replace("axis = 1> (z)", "axis = 0> (z)"),
        "must stand behind the out",
    ),
    (f"{STEPS} z = MatMul (y, heads) p = Softmax (z)", "must be of pooled states"),
    (f"{TWO_LAYERS} {MEAN} {HEAD_6}".replace("(v3, y3)", "(v3, v3)"), "must add the input of a"),
]


@pytest.mark.conformance("ONNX", "fastgru import", "operators in other places", refused=True)
@pytest.mark.parametrize(("nodes", "message"), REFUSED)
def test_node__that_no_network_has_is_named(nodes: str, message: str, tmp_path: Path) -> None:
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    with pytest.raises(ModelFileError, match=message) as caught:
        fastgru.onnx.load(path, alphabet="dna")
    assert str(caught.value).startswith(f"{path}: ONNX node ")


def test_last_states__must_be_ahead_then_back(tmp_path: Path) -> None:
    nodes = f"""{LAYER} a = Gather <axis = 0> (h, minus_1)  b = Gather <axis = 0> (h, minus_1)
        f = Concat <axis = 1> (a, b) {END}"""
    model = onnx_chains.make_model(nodes)
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    message = "outputs are made of last, last, expected .*, each once. Run the file with"
    with pytest.raises(ModelFileError, match=message):
        fastgru.onnx.load(path, alphabet="dna")


def test_additions__must_be_around_all_layers_or_none(tmp_path: Path) -> None:
    layers = TWO_LAYERS[: TWO_LAYERS.index("q = Add")]
    nodes = f"""{layers} w4, k = GRU <{ONE_WAY}> (v3, W_1_2, R_1, B_1)  w3 = Squeeze (w4, axis_1)
        q = Add (w3, v3)  y = Transpose <perm = [1, 0, 2]> (q)  {MEAN} {HEAD_6}"""
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    message = "some recurrent layers add .*, expected all but the first or none. Run the file with"
    with pytest.raises(ModelFileError, match=message):
        fastgru.onnx.load(path, alphabet="dna")


def test_weights__must_be_finite(tmp_path: Path) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} {END}")
    (one,) = (one for one in model.graph.initializer if one.name == "rows")
    one.raw_data = np.float32(np.nan).tobytes() + one.raw_data[4:]
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    message = "head.weight holds NaN or infinity, expected finite weights. Train the model again"
    with pytest.raises(ModelFileError, match=message):
        fastgru.onnx.load(path, alphabet="dna")
