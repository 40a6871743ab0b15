"""ONNX files of other tools, read as chains of layers (``make test-peers``)."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastgru.onnx
from fastgru.errors import ConfigurationError, FastgruError, ModelFileError
from fastgru.models.architecture import POOLINGS
from fastgru.models.model_file import read_model
from tests.architectures import small_architecture
from tests.peers import onnx_chains
from tests.peers.onnx_chains import EMBED, END, LAST, LAYER, ONE_WAY, STEPS
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

SEQUENCES = ["A", "CG", "TTACGACCA", "GATTACAGATTACAGAT"]
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
RELU = ", ".join(['"Relu"'] * 4)
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


def assert_agrees(path: Path, model: Any, *, softmax: bool = False, logs: bool = False) -> None:
    """Probabilities of each sequence alone are those of ONNX Runtime."""
    pytest.importorskip("onnxruntime")
    for sequence in SEQUENCES:
        codes = np.array(["ACGT".index(letter) for letter in sequence])
        expected = onnx_chains.run(path, codes)
        if softmax or logs:
            expected = np.exp(expected)
            expected /= expected.sum()
        found = model.predict_proba([sequence])[0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


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


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "a single Sigmoid, two classes")
def test_single_probability__is_that_of_the_second_class(tmp_path: Path) -> None:
    nodes = f"{LAYER} {LAST} z = Gemm <transB = 1> (f, single, single_bias) p = Sigmoid (z)"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    model = fastgru.onnx.load(path, alphabet="dna", classes=["decoy", "gene"])
    pytest.importorskip("onnxruntime")
    for sequence in SEQUENCES:
        expected = onnx_chains.run(path, np.array(["ACGT".index(c) for c in sequence]))[0]
        found = model.predict_proba([sequence])[0]
        np.testing.assert_allclose(found, [1 - expected, expected], rtol=0, atol=1e-6)


@pytest.mark.conformance("ONNX Runtime", "fastgru import", "several Sigmoids: labels")
def test_several_sigmoids__are_labels(tmp_path: Path) -> None:
    nodes = f"{LAYER} {LAST} z = Gemm <transB = 1> (f, rows, bias) p = Sigmoid (z)"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    fastgru.onnx.import_model(path, tmp_path / "m.safetensors", alphabet="dna", classes=list("abc"))
    assert read_model(tmp_path / "m.safetensors").card["task"] == "multilabel"
    assert_agrees(path, fastgru.SequenceClassifier.load(tmp_path / "m.safetensors"))


@pytest.mark.parametrize(
    ("activation", "found"),
    [("Identity", "nothing behind it"), ("Softmax", "Softmax of it"), ("LogSoftmax", "Softmax of")],
)
def test_single_output__that_is_no_probability_is_refused(
    activation: str, found: str, tmp_path: Path
) -> None:
    nodes = f"{LAYER} {LAST} z = Gemm <transB = 1> (f, single, single_bias) p = {activation} (z)"
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(nodes))
    message = f"has a single output with {found}.*expected a Sigmoid behind it.*Run the file with"
    with pytest.raises(ModelFileError, match=message) as caught:
        fastgru.onnx.load(path, alphabet="dna")
    assert str(caught.value).startswith(f"{path}: ")


def test_symbols__say_which_letter_a_token_is(tmp_path: Path) -> None:
    path = onnx_chains.write(tmp_path / "m.onnx", onnx_chains.make_model(f"{LAYER} {LAST} {END}"))
    usual = fastgru.onnx.load(path, alphabet="rna")
    other = fastgru.onnx.load(path, alphabet="rna", symbols="UGCA")
    np.testing.assert_allclose(
        other.predict_proba(["AACU"]), usual.predict_proba(["UUGA"]), rtol=0, atol=1e-7
    )


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


def test_meaning__must_be_said(tmp_path: Path) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} {END}")
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    with pytest.raises(ConfigurationError, match="does not say what its tokens are"):
        fastgru.onnx.load(path)
    with pytest.raises(ConfigurationError, match="has 4 tokens, expected a character for each"):
        fastgru.onnx.load(path, alphabet="protein")
    with pytest.raises(ConfigurationError, match="every letter of ACGT once, got 'ACGA'"):
        fastgru.onnx.load(path, alphabet="dna", symbols="ACGA")
    with pytest.raises(ConfigurationError, match="classes must be 3 different names"):
        fastgru.onnx.load(path, alphabet="dna", classes=["a", "b"])


def external(model: Any) -> None:
    one = model.graph.initializer[0]
    one.ClearField("raw_data")
    one.data_location = 1
    one.external_data.add(key="location", value="../secret")


def huge(model: Any) -> None:
    model.graph.initializer[0].dims[:] = [1 << 40, 1 << 20]


def negative(model: Any) -> None:
    model.graph.initializer[0].dims[:] = [-1, 4]


def of_text(model: Any) -> None:
    model.graph.initializer[0].data_type = 8


def twice(model: Any) -> None:
    model.graph.initializer.append(model.graph.initializer[0])


@pytest.mark.conformance(
    "ONNX", "fastgru import", "constants that contradict themselves", refused=True
)
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (external, "are in another file, expected them inside"),
        (huge, "numbers for a shape of 1152921504606846976"),
        (negative, "has the shape '-1', '4'"),
        (of_text, "is of type STRING"),
        (twice, "two constants are called"),
    ],
)
def test_constant__that_contradicts_itself_is_refused(
    edit: Any, message: str, tmp_path: Path
) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} {END}")
    edit(model)
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    with pytest.raises(ModelFileError, match=message):
        fastgru.onnx.load(path, alphabet="dna")


@pytest.mark.conformance("ONNX", "fastgru import", "files that are none", refused=True)
@pytest.mark.parametrize("content", [b"", b"ACGT" * 99, b"\x08\x08", b"\xff" * 40])
def test_file__that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"not a readable ONNX file|has no graph with nodes"):
        fastgru.onnx.load(path, alphabet="dna")
    with pytest.raises(ModelFileError, match="is a folder"):
        fastgru.onnx.load(tmp_path, alphabet="dna")
    with pytest.raises(ModelFileError, match="no such file"):
        fastgru.onnx.load(tmp_path / "none.onnx", alphabet="dna")


@pytest.mark.conformance("ONNX", "fastgru import", "bytes changed, cut off and put in")
@pytest.mark.parametrize("seed", range(200))
def test_damaged_file__gives_a_model_or_a_clear_error(seed: int, tmp_path: Path) -> None:
    content = onnx_chains.make_model(f"{STEPS} {ATTENTION} {END}").SerializeToString()
    rng = np.random.default_rng(seed)
    damaged = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(min(len(damaged), 2000)))
        if seed % 3 == 0:
            damaged[at] = int(rng.integers(256))
        elif seed % 3 == 1:
            damaged[at:at] = rng.bytes(4)
        else:
            del damaged[at : at + int(rng.integers(1, 40))]
    path = tmp_path / "m.onnx"
    path.write_bytes(damaged)
    with contextlib.suppress(FastgruError):
        fastgru.onnx.load(path, alphabet="dna")


def test_command__imports_a_file_of_another_tool(run_cli: Any, tmp_path: Path) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} {END}")
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    output = tmp_path / "m.safetensors"
    options = ["--alphabet", "dna", "--symbols", "ACGT", "--classes", "a", "b", "c"]
    result = run_cli(["import", path, *options, "-o", output])
    assert result.code == 0, result.err
    fasta = tmp_path / "s.fa"
    fasta.write_text(">one\nACGTTGCA\n", encoding="utf-8")
    assert run_cli(["predict", output, fasta]).code == 0
    assert json.loads(run_cli(["info", output, "--json"]).out)["classes"] == ["a", "b", "c"]


def test_command__names_the_node_that_does_not_fit(run_cli: Any, tmp_path: Path) -> None:
    model = onnx_chains.make_model(f"{LAYER} {LAST} t = Tanh (f) {END}".replace("(f, r", "(t, r"))
    path = onnx_chains.write(tmp_path / "m.onnx", model)
    result = run_cli(["import", path, "--alphabet", "dna", "-o", tmp_path / "m.safetensors"])
    assert result.code == 1
    assert "(Tanh) is not supported. No layer of fastgru has this operator" in result.err
    assert "Traceback" not in result.err
