"""ONNX files of other tools, read as chains of layers (``make test-peers``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastgru.onnx
from fastgru.models.architecture import POOLINGS
from tests.architectures import small_architecture
from tests.peers import onnx_chains
from tests.peers.onnx_chains import (
    ATTENTION,
    CONV,
    END,
    HEAD_6,
    LAST,
    LAYER,
    MEAN,
    STEPS,
    TWO_LAYERS,
    assert_agrees,
)
from tests.peers.onnx_models import (
    DNA,
    LENGTHS,
    classifier,
    draw_sequences,
    encode,
    new_network,
)
from tests.peers.test_onnx_export import ARCHITECTURES

pytestmark = pytest.mark.peers

MODULES: dict[str, dict[str, Any]] = {
    "GRU, last": {},
    "GRU, last, no bias": {"bias": False},
    "LSTM, 2 layers, last": {"cell": "LSTM", "num_layers": 2},
    "RNN, 3 layers, one direction": {"cell": "RNN", "num_layers": 3, "bidirectional": False},
    "GRU, time first, mean and max": {"pooling": "both", "batch_first": False, "num_layers": 2},
    "GRU behind convolutions, max": {"pooling": "max", "stem": True},
    "LSTM, last step of one direction": {"pooling": "last step", "bidirectional": False},
    "GRU, mean, logits": {"pooling": "mean", "output": "logits"},
    "GRU, log_softmax": {"output": "log_softmax", "bidirectional": False},
}
GRAPHS: dict[str, str] = {
    "Flatten of the last states": f"{LAYER} {LAST} {END}",
    "Reshape of the last states": f"{LAYER} ht = Transpose <perm = [1, 0, 2]> (h) "
    f"f = Reshape (ht, flat) {END}",
    "Identity and Dropout": f"{LAYER} {LAST} k = Identity (f) d = Dropout (k) "
    "z = Gemm <transB = 1> (d, rows, bias) p = Softmax (z)",
    "temperature": f"{LAYER} {LAST} z = Gemm <transB = 1> (f, rows, bias) "
    "d = Div (z, temperature) l = Add (d, bias) m = Mul (l, two) p = Softmax (m)",
    "OneHot and MatMul": f"{LAYER} {LAST} {END}".replace(
        "Gather (table, x)", "MatMul (o, table)"
    ).replace("e =", "o = OneHot (x, depth, ends) e =", 1),
    "Conv, BatchNormalization, MaxPool": CONV,
    "mean, max and last in another order": f"""{STEPS} {LAST.replace("f =", "l =")}
        m = ReduceMax <axes = [1], keepdims = 1> (y)  n = Squeeze (m, axis_1)
        f = Concat <axis = -1> (n, l)  z = MatMul (f, heads_24)  p = Softmax (z)""",
    "GlobalAveragePool": f"""{STEPS} b = Transpose <perm = [0, 2, 1]> (y)
        g = GlobalAveragePool (b)  f = Flatten (g)  {END}""",
    "GlobalMaxPool": f"""{STEPS} b = Transpose <perm = [0, 2, 1]> (y)
        g = GlobalMaxPool (b)  f = Squeeze (g, axis_2)  {END}""",
    "attention": f"{STEPS} {ATTENTION} {END}",
    "attention by MatMul": f"""{STEPS} a = MatMul (y, scores)  w = Softmax <axis = 1> (a)
        v = Transpose <perm = [0, 2, 1]> (w)  m = MatMul (v, y)  f = Squeeze (m, axis_1)  {END}""",
    "layers with residual": f"{TWO_LAYERS} {MEAN} {HEAD_6}",
    "Slice of the last step": f"""{TWO_LAYERS.replace("q = Add (v3, y3)", "q = Identity (v3)")}
        k = Slice (y, last, to_end, axis_1)  f = Squeeze (k, axis_1)  {HEAD_6}""",
    "mean": f"{STEPS} {MEAN} {END}",
}


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


@pytest.mark.conformance("PyTorch", "torch.onnx.export, then fastgru import", "{name}")
@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("opset", [11, 17])
def test_module_of_torch__is_imported(name: str, opset: int, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    options = MODULES[name]
    path = onnx_chains.export_torch(
        onnx_chains.torch_module(**options), tmp_path / "m.onnx", 12 if opset == 11 else opset
    )
    model = fastgru.onnx.load(path, alphabet="dna", symbols="ACGT-", classes=["a", "b", "c"])
    assert model.classes_.tolist() == ["a", "b", "c"]
    output = options.get("output", "")
    assert_agrees(path, model, softmax=output == "logits", logs=output == "log_softmax")


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "{name}")
@pytest.mark.parametrize("name", GRAPHS)
def test_chain__is_imported(name: str, tmp_path: Path) -> None:
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(GRAPHS[name]))
    assert_agrees(path, fastgru.onnx.load(path, alphabet="dna"))


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "one-hot rows as input")
@pytest.mark.parametrize("embedded", [True, False])
def test_rows_with_a_single_one__are_letters(embedded: bool, tmp_path: Path) -> None:
    first = "e = MatMul (x, table)" if embedded else "i = Identity (x)"
    nodes = f"{LAYER} {LAST} {END}".replace("e = Gather (table, x)", first)
    model = onnx_chains.make_model(nodes, "float[b, t, 4] x")
    if not embedded:
        from onnx import numpy_helper

        nodes = nodes.replace(
            "Transpose <perm = [1, 0, 2]> (e)", "Transpose <perm = [1, 0, 2]> (i)"
        )
        model = onnx_chains.make_model(nodes, "float[b, t, 4] x")
        wide = onnx_chains.weight("table").T @ np.eye(4, dtype=np.float32)
        (own,) = (one for one in model.graph.initializer if one.name == "W")
        own.CopyFrom(numpy_helper.from_array(onnx_chains.weight("W") @ wide, "W"))
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    assert_agrees(path, fastgru.onnx.load(path, alphabet="dna"))


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "lengths as input")
def test_lengths__may_be_an_input(tmp_path: Path) -> None:
    nodes = f"{LAYER} {LAST} {END}".replace("(s, W, R, B)", "(s, W, R, B, n)")
    model = onnx_chains.make_model(nodes, "int64[b, t] x, int32[b] n")
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    assert_agrees(path, fastgru.onnx.load(path, alphabet="dna"))


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "steps before sequences")
def test_steps__may_stand_before_sequences(tmp_path: Path) -> None:
    nodes = f"{LAYER} {LAST} {END}".replace("Transpose <perm = [1, 0, 2]> (e)", "Identity (e)")
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes, "int64[t, b] x"))
    assert_agrees(path, fastgru.onnx.load(path, alphabet="dna"))


WITHOUT_CARD = [
    *(f"cell {cell}" for cell in ("gru", "lstm", "rnn")),
    *(f"pooling {name}" for name in POOLINGS),
    *("conv_norm batch", "conv_stride and conv_pool", "poolings in another order", "five classes"),
]


@pytest.mark.conformance("ONNX", "fastgru export without its card, then import", "{name}")
@pytest.mark.parametrize("name", WITHOUT_CARD)
def test_exported_model__is_a_chain_without_its_card(name: str, tmp_path: Path) -> None:
    from fastgru.onnx.exporting import make_model

    sizes = small_architecture(**ARCHITECTURES[name])
    fitted = classifier(new_network(sizes))
    model = make_model(fitted, {})
    del model.metadata_props[:]
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    again = fastgru.onnx.load(
        path, alphabet="dna", symbols=DNA.symbols, classes=fitted.classes.tolist()
    )
    sequences = draw_sequences(sizes, LENGTHS)
    expected = fitted.probabilities(encode(fitted, sequences))
    np.testing.assert_allclose(again.predict_proba(sequences), expected, rtol=0, atol=1e-6)
