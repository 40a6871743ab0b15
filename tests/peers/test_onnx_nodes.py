"""Recurrent ONNX nodes: the package's own tests, ONNX Runtime, the reference evaluator, slopes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fastgru.onnx
from tests.gradients import assert_slopes
from tests.peers import onnx_layers
from tests.peers.onnx_nodes import DIRECTIONS, OPERATORS, OPTIONS, Case, cases, make_case

pytestmark = pytest.mark.peers

NODE_TESTS = {
    "GRU": [
        *("gru_defaults", "gru_with_initial_bias", "gru_seq_length", "gru_batchwise"),
        *("gru_reverse", "gru_bidirectional"),
    ],
    "LSTM": [
        *("lstm_defaults", "lstm_with_initial_bias", "lstm_with_peepholes", "lstm_batchwise"),
        *("lstm_reverse", "lstm_bidirectional"),
    ],
    "RNN": [
        *("simple_rnn_defaults", "simple_rnn_with_initial_bias", "rnn_seq_length"),
        *("simple_rnn_batchwise", "simple_rnn_reverse", "simple_rnn_bidirectional"),
    ],
}
EVERY_OPTION = [
    (operator, option) for operator in OPERATORS for option in [*DIRECTIONS, *OPTIONS[operator]]
]
EVERY_DIRECTION = [(operator, direction) for operator in OPERATORS for direction in DIRECTIONS]


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def node_tests() -> dict[str, Any]:
    """The package's own tests of nodes, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return {case.name: case for case in collect_testcases()}


def run_node(case: Case, opset_version: int = 14) -> Mapping[str, np.ndarray]:
    return dict(
        zip(
            case.outputs,
            fastgru.onnx.run_node(case.node(), case.arrays, opset_version=opset_version),
            strict=True,
        )
    )


def assert_near(found: Mapping[str, np.ndarray], expected: Any, allowed: float) -> None:
    for (name, value), wanted in zip(found.items(), expected, strict=True):
        assert value.dtype == wanted.dtype, name
        assert value.shape == wanted.shape, name
        scale = max(1.0, np.abs(wanted).max(initial=0))
        np.testing.assert_allclose(value, wanted, rtol=0, atol=allowed * scale, err_msg=name)


@pytest.mark.conformance("ONNX", "{operator}", "the package's own node tests")
@pytest.mark.parametrize(
    ("operator", "name"),
    [(operator, name) for operator in NODE_TESTS for name in NODE_TESTS[operator]],
)
def test_backend__passes_the_packages_own_tests(
    operator: str, name: str, node_tests: dict[str, Any]
) -> None:
    case = node_tests[f"test_{name}"]
    assert case.model.graph.node[0].op_type == operator
    assert fastgru.onnx.Backend.is_compatible(case.model)
    for inputs, outputs in case.data_sets:
        found = fastgru.onnx.Backend.run_model(case.model, inputs)
        assert len(found) == len(outputs)
        for value, wanted in zip(found, outputs, strict=True):
            assert value.dtype == wanted.dtype
            assert value.shape == wanted.shape
            np.testing.assert_allclose(value, wanted, rtol=case.rtol, atol=case.atol)


@pytest.mark.conformance("ONNX", "{operator}", "number of node tests of the package")
@pytest.mark.parametrize("operator", OPERATORS)
def test_node_tests__are_all_of_the_packages(operator: str, node_tests: dict[str, Any]) -> None:
    found = {n for n, c in node_tests.items() if c.model.graph.node[0].op_type == operator}
    assert found == {f"test_{name}" for name in NODE_TESTS[operator]}


@pytest.mark.conformance("ONNX Runtime", "{operator}", "{option}")
@pytest.mark.parametrize(("operator", "option"), EVERY_OPTION)
@given(data=st.data())
@settings(max_examples=40)
def test_node__equals_that_of_onnx_runtime(operator: str, option: str, data: st.DataObject) -> None:
    pytest.importorskip("onnxruntime")
    case = data.draw(cases(operator, option))
    expected = onnx_layers.run_node(case.node(), case.arrays)
    # states grow where a gate has no bound, and ONNX Runtime gives NaN before there is an overflow
    assume(all(np.isfinite(value).all() for value in expected))
    assert_near(run_node(case), expected, 1e-5)


@pytest.mark.conformance("ONNX Runtime", "{operator}", "sequence_lens of 0")
@pytest.mark.parametrize("operator", OPERATORS)
def test_empty_sequences__end_in_states_of_zero(operator: str) -> None:
    pytest.importorskip("onnxruntime")
    case = make_case(
        operator, 2, "bidirectional", {"initial_h", "initial_c"} & set(OPTIONS[operator])
    )
    case.arrays["sequence_lens"] = np.zeros(case.arrays["X"].shape[1], np.int32)
    found = run_node(case)
    assert_near(found, onnx_layers.run_node(case.node(), case.arrays), 0.0)
    assert not any(value.any() for value in found.values())


@pytest.mark.conformance("ONNX", "{operator}", "layout 1, {direction} (reference evaluator)")
@pytest.mark.parametrize(("operator", "direction"), EVERY_DIRECTION)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batch_first__equals_the_reference_evaluator(
    operator: str, direction: str, dtype: type
) -> None:
    from onnx.reference import ReferenceEvaluator

    known = {"B", "initial_h", "initial_c", "P", "linear_before_reset"} & set(OPTIONS[operator])
    for seed, options in enumerate([set(), known, known - {"linear_before_reset"}]):
        case = make_case(operator, seed, direction, options).batch_first().as_type(dtype)
        expected = ReferenceEvaluator(case.node(), opsets={"": 14}).run(None, case.arrays)
        assert_near(run_node(case), expected, 5e-6 if dtype is np.float32 else 1e-12)


@pytest.mark.conformance("ONNX", "{operator}", "layout 1, all other attributes")
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_batch_first__is_the_same_turned_round(operator: str, direction: str) -> None:
    case = make_case(operator, 5, direction, set(OPTIONS[operator]))
    found, wanted = run_node(case.batch_first()), run_node(case)
    axes = {"Y": (2, 0, 1, 3), "Y_h": (1, 0, 2), "Y_c": (1, 0, 2)}
    for name, value in found.items():
        np.testing.assert_array_equal(value, wanted[name].transpose(axes[name]), err_msg=name)


@pytest.mark.conformance("ONNX", "{operator}", "float64")
@pytest.mark.parametrize("operator", OPERATORS)
def test_double_precision__is_that_of_the_reference_evaluator(operator: str) -> None:
    from onnx.reference import ReferenceEvaluator

    case = make_case(operator, 3, "forward", {"B"}).as_type(np.float64)
    expected = ReferenceEvaluator(case.node(), opsets={"": 14}).run(None, case.arrays)
    assert_near(run_node(case), expected, 1e-14)


@pytest.mark.conformance("ONNX", "{operator}", "float16, computed in float32")
@pytest.mark.parametrize("operator", OPERATORS)
def test_half_precision__is_single_precision_rounded(operator: str) -> None:
    half = make_case(operator, 4, "bidirectional", set(OPTIONS[operator])).as_type(np.float16)
    expected = run_node(half.as_type(np.float32))
    for name, value in run_node(half).items():
        np.testing.assert_array_equal(value, expected[name].astype(np.float16), err_msg=name)


def objective(node: Any, case: Case, weights: list[np.ndarray]) -> float:
    outputs = node.forward(case.arrays)
    return float(sum((w * y).sum() for w, y in zip(weights, outputs, strict=True)))


@pytest.mark.conformance("ONNX", "{operator}", "gradients by central differences, {direction}")
@pytest.mark.parametrize(("operator", "direction"), EVERY_DIRECTION)
@pytest.mark.parametrize("layout", [0, 1])
@pytest.mark.parametrize("seed", range(6))
def test_gradients__are_slopes(operator: str, direction: str, layout: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    options = {name for name in OPTIONS[operator] if seed == 0 or rng.random() < 0.6}
    case = make_case(operator, seed, direction, options).as_type(np.float64)
    case = case.batch_first() if layout else case
    case.arrays.update({n: np.ascontiguousarray(a) for n, a in case.arrays.items()})
    node = fastgru.onnx.Node(case.node(), 14)
    weights = [rng.standard_normal(y.shape) for y in node.forward(case.arrays)]
    names = [name for name in case.node().input if name]
    gradients = dict(zip(names, node.backward(weights), strict=True))
    lengths = gradients.pop("sequence_lens", None)
    assert lengths is None
    arrays = {name: case.arrays[name] for name in gradients}
    assert_slopes(lambda: objective(node, case, weights), arrays, gradients, 1e-7)


@pytest.mark.conformance("ONNX", "{operator}", "gradients of some outputs")
@pytest.mark.parametrize("operator", OPERATORS)
def test_gradients__of_outputs_that_are_left_out_are_zero(operator: str) -> None:
    case = make_case(operator, 1, "bidirectional", {"B", "initial_h"}).as_type(np.float64)
    node = fastgru.onnx.Node(case.node(), 14)
    y, *finals = node.forward(case.arrays)
    some = node.backward([np.ones_like(y), *[None] * len(finals)])
    node.forward(case.arrays)
    every = node.backward([np.ones_like(y), *map(np.zeros_like, finals)])
    for found, wanted in zip(some, every, strict=True):
        np.testing.assert_array_equal(found, wanted)
