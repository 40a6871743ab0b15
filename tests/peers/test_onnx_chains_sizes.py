"""Shapes that the newer exporter of PyTorch computes, or takes from a fixed input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fastgru.onnx
from fastgru.errors import ModelFileError
from tests.peers import onnx_chains
from tests.peers.onnx_chains import CONV, END, LAYER, MEAN, assert_agrees

pytestmark = pytest.mark.peers

JOINED = f"{LAYER}  q = Transpose <perm = [0, 2, 1, 3]> (y4)"
SIZES = """sizes = Shape <start = 0> (q)
    n_steps = Slice (sizes, axis_0, axis_1)  n_rows = Slice (sizes, axis_1, axis_2)
    n_directions = Slice (sizes, axis_2, axis_3, axis_0)
    n_units = Slice (sizes, axis_3, axis_4, axis_0, axis_1)
    product = Mul (n_directions, n_units)  n_features = Reshape (product, last)
    shape = Concat <axis = 0> (n_steps, n_rows, n_features)"""
TURNED = f"v = Reshape (q, shape)  y = Transpose <perm = [1, 0, 2]> (v)  {MEAN} {END}"
FIXED = f"{JOINED} {TURNED}".replace("shape)", "nine_steps)")
OTHER_LAYOUT = "arranges features, steps or sequences in another"


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "Reshape to computed sizes")
def test_sizes__may_be_computed(tmp_path: Path) -> None:
    model = onnx_chains.make_model(f"{JOINED} {SIZES} {TURNED}")
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    assert_agrees(path, fastgru.onnx.load(path, alphabet="dna"))


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "Reshape to the sizes of the input")
def test_sizes__may_be_those_of_a_fixed_input(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(FIXED, "int64[b, 9] x"))
    sequence = "TTACGACCA"
    expected = onnx_chains.run(path, onnx_chains.codes_of(sequence))
    model = fastgru.onnx.load(path, alphabet="dna")
    np.testing.assert_allclose(model.predict_proba([sequence])[0], expected, rtol=0, atol=1e-6)


@pytest.mark.conformance("ONNX", "fastgru import", "Reshape to other sizes", refused=True)
@pytest.mark.parametrize(
    ("change", "by"),
    [
        ("(n_steps, n_rows, n_features)", "(n_rows, n_steps, n_features)"),
        ("Mul (n_directions, n_units)", "Mul (n_rows, n_units)"),
        ("(sizes, axis_0, axis_1)", "(sizes, axis_1, axis_2)"),
        ("(sizes, axis_0, axis_1)", "(sizes, axis_0, axis_1, axis_0, axis_2)"),
    ],
)
def test_sizes__that_mix_axes_are_refused(change: str, by: str, tmp_path: Path) -> None:
    nodes = f"{JOINED} {SIZES} {TURNED}".replace(change, by)
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    with pytest.raises(ModelFileError, match=f"{OTHER_LAYOUT}|Its shape must be a constant, or"):
        fastgru.onnx.load(path, alphabet="dna")


@pytest.mark.parametrize(
    ("nodes", "inputs"),
    [
        (FIXED, "int64[b, t] x"),
        (FIXED, "int64[b, 8] x"),
        (FIXED, "int64[9, t] x"),
        (
            CONV.replace("(s, W_5", "(k, W_5").replace("y4,", "k = Reshape (s, nine_steps)  y4,"),
            "int64[b, 9] x",
        ),
    ],
)
def test_sizes__that_the_input_does_not_say_are_refused(
    nodes: str, inputs: str, tmp_path: Path
) -> None:
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes, inputs))
    with pytest.raises(ModelFileError, match=OTHER_LAYOUT):
        fastgru.onnx.load(path, alphabet="dna")
