"""What recurrent ONNX nodes are refused for, opsets of other years, and models made of nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastgru.onnx
from fastgru.errors import ConfigurationError, ModelFileError
from tests.peers.onnx_nodes import OPERATORS, Case, make_case

pytestmark = pytest.mark.peers

OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"direction": "backward"}, "direction must be one of forward, reverse, bidirectional, got"),
    ({"layout": 2}, "layout must be 0 or 1, got 2"),
    ({"linear_before_reset": -1}, "linear_before_reset must be 0 or 1, got -1"),
    ({"clip": 0.0}, "clip must be above 0, got 0.0"),
    ({"clip": 3}, "attribute 'clip' must be of type FLOAT"),
    ({"input_forget": 1}, "opset 14 has no attribute 'input_forget', expected some of"),
    ({"activations": ["Sigmoid"]}, "activations must be 2, 2 for each direction, got 1"),
    ({"activations": ["Sigmoid", "Gelu"]}, "activation 'Gelu' is not one of ONNX's"),
    (
        {"activations": ["Sigmoid", "Elu"], "activation_alpha": [float("inf")]},
        "alpha of activation 'elu' must be a finite number",
    ),
    ({"hidden_size": 7}, "W must have shape (1, 21, 4), got (1, 6, 4)"),
]
WRONG: list[tuple[str, Any, str]] = [
    ("X", np.zeros((2, 3), np.float32), "X must have shape (time, batch, features), got (2, 3)"),
    ("X", np.zeros((2, 3, 4), np.int64), "X must be float16, float32 or float64, got int64"),
    ("W", np.zeros((1, 6, 4), np.float64), "W must be of the type of X, float32, got float64"),
    ("W", np.zeros((1, 6, 5), np.float32), "W must have shape (1, 6, 4), got (1, 6, 5)"),
    ("R", np.zeros((2, 6, 2), np.float32), "R must have shape (1, 6, 2), got (2, 6, 2)"),
    ("B", np.zeros((1, 6), np.float32), "B must have shape (1, 12), got (1, 6)"),
    ("initial_h", np.zeros((3, 1, 2), np.float32), "initial_h must have shape (1, 3, 2)"),
    ("sequence_lens", np.array([1, 2, 3], np.int64), "sequence_lens must be int32, got int64"),
    ("sequence_lens", np.array([1, 3, 2], np.int32), "sequence_lens must be from 0 to 2, got 3"),
    ("sequence_lens", np.array([1], np.int32), "sequence_lens must have shape (3), got (1,)"),
]


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


def gru() -> Case:
    """Two steps of three sequences with four features, two units."""
    shapes = {"X": (2, 3, 4), "W": (1, 6, 4), "R": (1, 6, 2), "B": (1, 12), "initial_h": (1, 3, 2)}
    arrays = {name: np.full(shape, 0.1, np.float32) for name, shape in shapes.items()}
    arrays["sequence_lens"] = np.array([2, 1, 0], np.int32)
    return Case("GRU", {"hidden_size": 2}, arrays)


@pytest.mark.conformance("ONNX", "GRU", "attributes that are wrong", refused=True)
@pytest.mark.parametrize(("attributes", "message"), OTHERS)
def test_attribute__that_is_wrong_is_named(attributes: dict[str, Any], message: str) -> None:
    case = gru()
    with pytest.raises(ConfigurationError) as caught:
        fastgru.onnx.run_node(case.node(name="n", **attributes), case.arrays, opset_version=14)
    assert str(caught.value).startswith("ONNX node 'n' (GRU): ")
    assert message in str(caught.value)


@pytest.mark.conformance("ONNX", "GRU", "inputs that are wrong", refused=True)
@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_input__that_is_wrong_is_named(name: str, value: Any, message: str) -> None:
    case = gru()
    case.arrays[name] = value
    with pytest.raises(ConfigurationError) as caught:
        fastgru.onnx.run_node(case.node(), case.arrays)
    assert message in str(caught.value)


def test_inputs__may_be_in_order_or_by_name_and_must_be_there() -> None:
    case = gru()
    del case.arrays["B"]
    node = case.node()
    wanted = fastgru.onnx.run_node(node, case.arrays)
    order = [case.arrays[name] for name in node.input if name]
    with_gaps = [case.arrays.get(name) for name in node.input]
    for inputs in (order, with_gaps):
        for found, expected in zip(fastgru.onnx.run_node(node, inputs), wanted, strict=True):
            np.testing.assert_array_equal(found, expected)
    with pytest.raises(ConfigurationError, match=r"expected 5 arrays as inputs, for X, W, R, .* 4"):
        fastgru.onnx.run_node(node, order[:4])
    with pytest.raises(
        ConfigurationError, match="inputs lack R, sequence_lens, initial_h, got X, W"
    ):
        fastgru.onnx.run_node(node, {"X": case.arrays["X"], "W": case.arrays["W"]})


def test_outputs__have_their_names() -> None:
    result = fastgru.onnx.run_node(gru().node(), gru().arrays)
    np.testing.assert_array_equal(result["Y_h"], result[1])


@pytest.mark.conformance("ONNX", "other operators", "run_node", refused=True)
@pytest.mark.parametrize(("operator", "domain"), [("Relu", ""), ("GRU", "com.microsoft")])
def test_operator__that_is_another_is_refused(operator: str, domain: str) -> None:
    from onnx import helper

    node = helper.make_node(operator, ["X"], ["Y"], domain=domain)
    with pytest.raises(ConfigurationError, match="is not one of GRU, LSTM, RNN"):
        fastgru.onnx.run_node(node, [np.zeros(3, np.float32)])


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (["X", "W"], ["Y"], "inputs must name X, W and R"),
        (["X", "", "R"], ["Y"], "inputs must name X, W and R"),
        ([*"XWRBLHC"], ["Y"], "inputs must be X, W, R, B, sequence_lens, initial_h, got 7"),
        ([*"XWR"], ["Y", "Y_h", "Y_c"], "outputs must be Y, Y_h, got 3 of them"),
    ],
)
def test_node__with_other_places_is_refused(
    inputs: list[str], outputs: list[str], message: str
) -> None:
    from onnx import helper

    with pytest.raises(ConfigurationError, match=message):
        fastgru.onnx.Node(helper.make_node("GRU", inputs, outputs))


@pytest.mark.conformance("ONNX", "GRU", "attributes by opset")
@pytest.mark.parametrize("opset", [1, 3, 7, 14, 22])
def test_opset__decides_which_attributes_there_are(opset: int) -> None:
    case, first = gru(), {"linear_before_reset": 3, "layout": 14}
    wanted = fastgru.onnx.run_node(case.node(), case.arrays)
    for name, since in first.items():
        node = case.node(**{name: 0})
        if opset >= since:
            found = fastgru.onnx.run_node(node, case.arrays, opset_version=opset)
            np.testing.assert_array_equal(found[0], wanted[0])
            continue
        with pytest.raises(ConfigurationError, match=f"opset {opset} has no attribute '{name}'"):
            fastgru.onnx.run_node(node, case.arrays, opset_version=opset)
    if opset < 7:
        node = case.node(output_sequence=1)
        found = fastgru.onnx.run_node(node, case.arrays, opset_version=opset)
        np.testing.assert_array_equal(found[0], wanted[0])


@pytest.mark.conformance("ONNX", "GRU", "opsets that are unknown", refused=True)
@pytest.mark.parametrize("opset", [0, 1000])
def test_opset__that_is_unknown_is_refused(opset: int) -> None:
    with pytest.raises(ConfigurationError, match=f"opset version must be from 1 to .* got {opset}"):
        fastgru.onnx.Node(gru().node(), opset)


@pytest.mark.conformance("ONNX", "RNN", "activations written as its default, two for a direction")
def test_default_of_rnn__has_two_functions_for_one_direction() -> None:
    case = make_case("RNN", 1, "forward", set())
    wanted = fastgru.onnx.run_node(case.node(), case.arrays)
    found = fastgru.onnx.run_node(case.node(activations=["Tanh", "Tanh"]), case.arrays)
    np.testing.assert_array_equal(found[0], wanted[0])


def test_clip__that_no_number_reaches_is_none() -> None:
    case = gru()
    wanted = fastgru.onnx.run_node(case.node(), case.arrays)
    found = fastgru.onnx.run_node(case.node(clip=float(np.finfo(np.float32).max)), case.arrays)
    np.testing.assert_array_equal(found[0], wanted[0])


def test_backward__needs_a_pass_in_training_and_fitting_gradients() -> None:
    case = gru()
    node = fastgru.onnx.Node(case.node())
    node.forward(case.arrays, training=False)
    with pytest.raises(ConfigurationError, match="must follow a forward"):
        node.backward([None, None])
    node.forward(case.arrays)
    with pytest.raises(ConfigurationError, match="expected 2 gradients, of Y, Y_h, got 1"):
        node.backward([None])
    with pytest.raises(ConfigurationError, match="gradient of Y_h must have shape"):
        node.backward([None, np.zeros((1, 2, 3), np.float32)])


def test_node__takes_other_sizes_in_the_next_pass() -> None:
    small, large = (make_case("GRU", seed, "reverse", {"B"}) for seed in (1, 2))
    attributes = {"direction": "reverse"}
    shared = fastgru.onnx.Node(Case("GRU", attributes, small.arrays).node())
    for case in (small, large):
        wanted = fastgru.onnx.run_node(case.node(), case.arrays)
        np.testing.assert_array_equal(shared.forward(case.arrays)[0], wanted[0])


def model_of_two(operator: str) -> tuple[Any, Case]:
    """An encoder whose last state is the first one of a decoder."""
    from onnx import TensorProto, helper, numpy_helper

    case = make_case(operator, 7, "forward", set())
    weights = [numpy_helper.from_array(case.arrays[name], name) for name in ("W", "R")]
    nodes = [
        helper.make_node(operator, ["X", "W", "R"], ["", "state"], **case.attributes),
        helper.make_node(
            operator, ["X", "W", "R", "", "", "state"], ["Y", "Y_h"], **case.attributes
        ),
    ]
    given = helper.make_tensor_value_info("X", TensorProto.FLOAT, case.arrays["X"].shape)
    made = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * axes)
        for name, axes in (("Y", 4), ("Y_h", 3))
    ]
    graph = helper.make_graph(nodes, "two", [given], made, weights)
    opsets = [helper.make_opsetid("", 14)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8), case


@pytest.mark.conformance("ONNX Runtime", "{operator}", "models of several nodes")
@pytest.mark.parametrize("operator", OPERATORS)
def test_model__of_several_nodes_runs_as_in_onnx_runtime(operator: str) -> None:
    runtime = pytest.importorskip("onnxruntime")
    model, case = model_of_two(operator)
    x = case.arrays["X"]
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    wanted = session.run(None, {"X": x})
    for inputs in ([x], {"X": x}):
        for found, expected in zip(
            fastgru.onnx.Backend.run_model(model, inputs), wanted, strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    with pytest.raises(ConfigurationError, match="expected 1 arrays as inputs, for X, got 2"):
        fastgru.onnx.Backend.run_model(model, [x, x])


def test_backend__reads_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    model, _ = model_of_two("GRU")
    monkeypatch.chdir(tmp_path)
    size = len(model.graph.initializer[0].raw_data)
    (tmp_path / "secret.bin").write_bytes(bytes(size))  # it could be read
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    with pytest.raises(ModelFileError, match=r"^ONNX model: .* in another file, expected them ins"):
        fastgru.onnx.Backend.prepare(model)


def test_backend__says_what_it_can_do() -> None:
    from onnx import helper

    backend = fastgru.onnx.Backend
    assert backend.supports_device("CPU")
    assert backend.supports_device("CPU:0")
    assert not backend.supports_device("CUDA")
    model, case = model_of_two("GRU")
    assert backend.is_compatible(model)
    assert not backend.is_compatible(model, "CUDA")
    model.graph.node.append(helper.make_node("Relu", ["Y"], ["Z"]))
    assert not backend.is_compatible(model)
    with pytest.raises(ConfigurationError, match="'CUDA'"):
        backend.run_node(gru().node(), gru().arrays, "CUDA")
    with pytest.raises(ConfigurationError, match="Relu"):
        backend.prepare(model)
    found = backend.run_node(case.node(), case.arrays)
    np.testing.assert_array_equal(found[0], fastgru.onnx.run_node(case.node(), case.arrays)[0])
