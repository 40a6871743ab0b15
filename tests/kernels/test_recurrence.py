"""The recurrent kernels, through the layer that packs for them: are the numbers right?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.gradients import TOLERANCE, central_differences
from tests.gru_problems import (
    DTYPES,
    Problem,
    assert_close,
    expected_solution,
    load,
    make_problem,
    problems,
    solve,
    with_padding,
)
from tests.kernels.record_torch_gru import CASES, recorded


@pytest.mark.parametrize("dtype", DTYPES)
@given(problem=problems())
def test_gru__equals_reference(dtype: str, problem: Problem) -> None:
    assert_close(solve(problem, dtype), expected_solution(problem), dtype, problem)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["dense", "positions"])
@pytest.mark.parametrize("hidden_size", [31, 32, 33, 48, 49])
def test_gru__equals_reference_around_whole_panels(hidden_size: int, kind: str, dtype: str) -> None:
    problem = make_problem(7, [3, 0, 5], hidden_size=hidden_size, bidirectional=True, kind=kind)
    assert_close(solve(problem, dtype), expected_solution(problem), dtype, problem)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_gru__equals_recorded_torch(case: str, dtype: str) -> None:
    problem, expected = recorded(case)
    assert_close(solve(problem, dtype), expected, dtype, problem)


GRADIENT_CASES = [
    {"kind": "dense", "lengths": [3, 0, 5, 1]},
    {"kind": "dense", "lengths": [2, 4], "num_layers": 2, "bidirectional": True},
    {"kind": "positions", "lengths": [4, 2], "bidirectional": True, "bias": False},
]


@pytest.mark.parametrize("options", GRADIENT_CASES, ids=lambda options: options["kind"])
def test_gru_backward__equals_central_differences(options: dict[str, object]) -> None:
    problem = with_padding(make_problem(3, hidden_size=3, input_size=2, **options), 0.0, 0)  # type: ignore[arg-type]
    gru = load(problem, "float64")

    def value() -> float:
        y, h_n = gru.forward(**problem.inputs())
        return float((y * problem.dy).sum() + (h_n * problem.dh_n).sum())

    changed = {name: array for name, array in problem.inputs().items() if array is not None}
    changed = {name: array for name, array in changed.items() if array.dtype == np.float64}
    for name, found in solve(problem, "float64").gradients.items():
        expected = central_differences(value, (changed | gru.parameters)[name])
        np.testing.assert_allclose(found, expected, rtol=0, atol=30 * TOLERANCE, err_msg=name)


@pytest.mark.parametrize("given_gradient", ["dy", "dh_n"])
def test_gru_backward__takes_an_absent_gradient_for_zero(given_gradient: str) -> None:
    problem = make_problem(4, [3, 5], bidirectional=True)
    whole, part = load(problem, "float64"), load(problem, "float64")
    gradients = {"dy": np.zeros_like(problem.dy), "dh_n": np.zeros_like(problem.dh_n)}
    gradients[given_gradient] = getattr(problem, given_gradient)
    whole.forward(**problem.inputs())
    part.forward(**problem.inputs())
    expected = whole.backward(**gradients)
    actual = part.backward(**{given_gradient: gradients[given_gradient]})
    np.testing.assert_array_equal(actual[0], expected[0])
    np.testing.assert_array_equal(actual[1], expected[1])
    for name, grad in whole.grads.items():
        np.testing.assert_array_equal(part.grads[name], grad, err_msg=name)


def test_gru_backward__adds_to_grads() -> None:
    problem = make_problem(5, [3, 5, 2], num_layers=2, bidirectional=True)
    gru = load(problem, "float32")
    once = solve(problem, "float32", gru)
    twice = solve(problem, "float32", gru)
    for name in gru.parameters:
        np.testing.assert_array_equal(twice.gradients[name], 2 * once.gradients[name], name)
    np.testing.assert_array_equal(twice.gradients["x"], once.gradients["x"])


def test_gru__goes_through_the_order_that_every_block_has() -> None:
    # More blocks than groups of gradient sums (16), of lengths that all differ.
    lengths = list(np.random.default_rng(0).permutation(150) % 30)
    problem = make_problem(6, lengths, hidden_size=3, input_size=1)
    assert_close(solve(problem, "float64"), expected_solution(problem), "float64", problem)
