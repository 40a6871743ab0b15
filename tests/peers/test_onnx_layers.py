"""Activation functions, clip and coupled gates against ONNX Runtime (``make test-peers``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.layers.activation_functions import Activation
from tests.peers import onnx_layers
from tests.problems import Problem, forward, load, make_problem
from tests.variants import DEFAULTS, OTHERS, family

pytestmark = [
    pytest.mark.peers,
    pytest.mark.conformance("ONNX Runtime", "{cell}", "layers: activations, clip, input_forget"),
    pytest.mark.parametrize("cell", onnx_layers.ONNX_CELLS),
]

# Where ONNX Runtime has no usable default, alpha and beta are given.
FUNCTIONS = [
    *(Activation(name) for name in ("relu", "tanh", "sigmoid", "softsign", "softplus")),
    *(Activation(name) for name in ("leaky_relu", "elu", "hard_sigmoid")),
    *(Activation(name, 0.4) for name in ("leaky_relu", "elu", "thresholded_relu")),
    *(Activation(name, 0.4, 0.3) for name in ("affine", "scaled_tanh", "hard_sigmoid")),
    Activation("hard_sigmoid", alpha=1 / 6),
]
SIZES: dict[str, Any] = {"bidirectional": True, "dtype": "float32"}


@pytest.fixture(scope="module", autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")


def assert_agrees(problem: Problem) -> None:
    y, final = forward(load(problem), problem, training=False)
    expected_y, expected_final = onnx_layers.run(problem)
    for actual, expected in ((y, expected_y), (final, expected_final)):
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(actual, expected, rtol=0, atol=5e-6 * scale)


@pytest.mark.parametrize("function", FUNCTIONS, ids=repr)
def test_activations__equal_those_of_onnx_runtime(function: Activation, cell: str) -> None:
    # In each place in turn, among the usual ones: unbounded gates would make states explode.
    for place in range(len(DEFAULTS[family(cell)])):
        functions: list[Any] = list(DEFAULTS[family(cell)])
        functions[place] = function
        assert_agrees(make_problem(cell, 1, [2, 3, 1], activations=functions, **SIZES))


@pytest.mark.parametrize("clip", [0.3, 2.0])
def test_clip__equals_that_of_onnx_runtime(clip: float, cell: str) -> None:
    for functions in (None, OTHERS[family(cell)]):
        options = SIZES | {"clip": clip, "activations": functions}
        assert_agrees(make_problem(cell, 2, [3, 5, 1], **options))


def test_input_forget__equals_that_of_onnx_runtime(cell: str) -> None:
    if family(cell) == "lstm":
        for clip in (None, 0.5):
            options = SIZES | ({} if clip is None else {"clip": clip})
            assert_agrees(make_problem(cell, 3, [3, 5, 1], input_forget=True, **options))
