"""The way back: gradients by differences, truncated, and computed from what little was kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.layers import pass_arrays
from tests.comparing import assert_close, assert_same_bits, assert_same_solution
from tests.gradients import TOLERANCE, central_differences
from tests.problem_strategies import problems
from tests.problems import (
    CELLS,
    DTYPES,
    EVERY_CELL,
    GATED,
    Problem,
    expected_solution,
    forward,
    load,
    make_problem,
    solve,
    with_padding,
)

# The last cell first: processes that share a cache compile different kernels at the same time.
every_cell = pytest.mark.parametrize("cell", list(reversed(EVERY_CELL)))

GRADIENT_CASES = [
    {"kind": "dense", "lengths": [3, 0, 5, 1]},
    {"kind": "dense", "lengths": [2, 4], "num_layers": 2, "bidirectional": True},
    {"kind": "positions", "lengths": [4, 2], "bidirectional": True, "bias": False},
]


@every_cell
@pytest.mark.parametrize("options", GRADIENT_CASES, ids=["dense", "stacked", "positions"])
def test_backward__equals_central_differences(options: dict[str, Any], cell: str) -> None:
    problem = make_problem(cell, 3, hidden_size=3, input_size=2, **options)
    problem = with_padding(problem, 0.0, 0)
    layer = load(problem)

    def value() -> float:
        y, final = forward(layer, problem)
        return float((y * problem.dy).sum() + (final * problem.dfinal).sum())

    tables = {name: array for name, array in problem.inputs().items() if array is not None}
    states = {f"{name}0": state for name, state in zip("hc", problem.initial, strict=False)}
    changed = tables | states | layer.parameters
    for name, found in solve(problem).gradients.items():
        expected = central_differences(value, changed[name])
        np.testing.assert_allclose(found, expected, rtol=0, atol=30 * TOLERANCE, err_msg=name)


@every_cell
@pytest.mark.parametrize("which", ["dy", "dfinal"])
def test_backward__takes_an_absent_gradient_for_zero(which: str, cell: str) -> None:
    problem = make_problem(cell, 4, [3, 5], bidirectional=True)
    zero = {name: np.zeros_like(getattr(problem, name)) for name in ("dy", "dfinal")}
    expected = solve(replace(problem, **(zero | {which: getattr(problem, which)})))
    layer = load(problem)
    forward(layer, problem)
    states = problem.dfinal[0] if len(problem.dfinal) == 1 else tuple(problem.dfinal)
    dx, _ = layer.backward(problem.dy) if which == "dy" else layer.backward(None, states)
    assert_same_bits(dx, expected.gradients["x"])
    for name, grad in layer.grads.items():
        assert_same_bits(grad, expected.gradients[name], name)


@pytest.mark.parametrize("absent", [0, 1])
def test_lstm_backward__takes_either_state_without_the_other(absent: int) -> None:
    problem = make_problem("lstm", 4, [3, 5])
    problem.dfinal[absent] = 0
    problem.initial[absent] = 0
    layer = load(problem)
    y, _ = layer.forward(problem.x, problem.lengths, without(problem.initial, absent))
    dx, _ = layer.backward(problem.dy, without(problem.dfinal, absent))
    expected = solve(problem)
    assert_same_bits(y, expected.y)
    assert_same_bits(dx, expected.gradients["x"])


def without(states: np.ndarray, absent: int) -> tuple[Any, Any]:
    given: list[Any] = list(states)
    given[absent] = None
    return given[0], given[1]


@every_cell
def test_backward__adds_to_grads(cell: str) -> None:
    problem = make_problem(cell, 5, [3, 5, 2], num_layers=2, bidirectional=True)
    layer = load(problem)
    once, twice = solve(problem, layer), solve(problem, layer)
    for name in layer.parameters:
        np.testing.assert_array_equal(twice.gradients[name], 2 * once.gradients[name], name)
    np.testing.assert_array_equal(twice.gradients["x"], once.gradients["x"])


# --- save_memory --------------------------------------------------------------------------


@pytest.mark.parametrize("cell", GATED)
@given(data=st.data())
def test_save_memory__gives_the_same_bits(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell))
    saving = replace(problem, options={"save_memory": True})
    assert_same_solution(solve(saving), solve(problem))


@pytest.mark.parametrize("cell", GATED)
def test_save_memory__takes_every_chunk_forward_again(cell: str) -> None:
    problem = make_problem(cell, 11, [70, 5, 33, 64], bidirectional=True)
    saving = replace(problem, options={"save_memory": True})
    assert_same_solution(solve(saving), solve(problem))


@pytest.mark.parametrize("cell", GATED)
def test_save_memory__keeps_the_states_alone(cell: str) -> None:
    problem = make_problem(cell, 0, [200, 180], hidden_size=64)
    kept = {}
    for save_memory in (False, True):
        layer = load(replace(problem, options={"save_memory": save_memory}))
        assert layer.tape_bytes == 0
        forward(layer, problem)
        kept[save_memory] = layer.tape_bytes
        forward(layer, problem, training=False)
    n_states, gates = len(problem.initial), CELLS[cell].cell.gates
    vector = 201 * 4 * 64 * 8  # blocks of four rows, and the state before the first step
    assert n_states * vector <= kept[True] <= 1.3 * n_states * vector
    assert kept[False] >= kept[True] + 0.98 * gates * vector


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["tokens", "positions"])
def test_large_tape__leaves_the_new_gate_to_be_computed_again(kind: str, dtype: str) -> None:
    problem = make_problem(
        "gru", 4, [7, 3, 0, 9, 5] * 2, kind=kind, bidirectional=True, dtype=dtype
    )
    whole = load(problem)
    forward(whole, problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pass_arrays, "_CACHED_BYTES", 0)
        layer = load(problem)
        forward(layer, problem)
        found = solve(problem)
    assert_same_solution(found, solve(problem))
    assert 0.7 * whole.tape_bytes < layer.tape_bytes < 0.85 * whole.tape_bytes


def test_tape_bytes__count_what_stands_between_layers() -> None:
    deep, flat = (
        make_problem("rnn tanh", 0, [20] * 3, num_layers=layers, hidden_size=8) for layers in (2, 1)
    )
    kept = {}
    for problem in (deep, flat):
        layer = load(problem)
        forward(layer, problem)
        kept[layer.num_layers] = layer.tape_bytes
    assert kept[2] == 2 * kept[1] + 3 * 20 * 8 * 8


# --- truncated back-propagation -----------------------------------------------------------


def with_cut(problem: Problem, steps: int | None) -> Problem:
    return replace(problem, options={**problem.options, "bptt_steps": steps})


@every_cell
@given(data=st.data())
def test_bptt_steps__of_the_whole_length_cut_nothing(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell))
    longest = max(1, problem.lengths.max(initial=0))
    assert_same_solution(
        solve(with_cut(problem, longest + data.draw(st.integers(0, 3)))), solve(problem)
    )


@every_cell
def test_bptt_steps__leave_outputs_alone_and_cut_the_way_to_the_start(cell: str) -> None:
    problem = make_problem(cell, 9, [6, 3, 4, 0, 2], bidirectional=True)
    problem.dy[:, :3, :5] = problem.dy[:, 3:, 5:] = 0  # steps of the first segment
    whole, cut = solve(problem), solve(with_cut(problem, 3))
    assert_same_bits(cut.y, whole.y)
    assert_same_bits(cut.final, whole.final)
    long = problem.lengths > 3
    assert whole.gradients["h0"][:, long].any()
    assert not cut.gradients["h0"][0, long].any()
    for name in ("h0", "c0")[: len(problem.initial)]:
        # Sequences within the first segment, and those without steps, are as they were.
        assert_same_bits(cut.gradients[name][0][~long], whole.gradients[name][0][~long])


@every_cell
@pytest.mark.parametrize("steps", [1, 5, 31, 32, 33])
def test_bptt_steps__may_fall_on_any_step_of_a_chunk(steps: int, cell: str) -> None:
    options = {"bptt_steps": steps, "num_layers": 2, "bidirectional": True}
    problem = make_problem(cell, 10, [70, 5, 33, 64], **options)  # type: ignore[arg-type]
    assert_close(solve(problem), expected_solution(problem), problem)
