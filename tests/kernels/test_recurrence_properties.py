"""What holds for the recurrent kernels whatever the numbers are."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.comparing import PER_SEQUENCE, assert_same_bits, assert_same_solution, poisoned_memory
from tests.problem_strategies import batch_sizes, problems
from tests.problems import (
    EVERY_CELL,
    forward,
    load,
    make_problem,
    solve,
    with_padding,
)
from tests.reference.layers import reversed_in_time

every_cell = pytest.mark.parametrize("cell", EVERY_CELL)


@every_cell
@given(data=st.data())
def test_layer__ignores_padding(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell))
    assert_same_solution(solve(problem), solve(with_padding(problem, 3.0, 1 << 40)))


@every_cell
@given(data=st.data())
def test_layer__writes_zero_past_each_end(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell))
    solution = solve(problem)
    past = np.arange(problem.x.shape[1]) >= problem.lengths[:, None]
    assert not solution.y[past].any()
    if problem.embedding is None:
        assert not solution.gradients["x"][past].any()


@every_cell
@given(data=st.data(), value=st.sampled_from([np.nan, 1e38, -1e-40]))
def test_layer__reads_no_memory_that_it_has_not_written(
    cell: str, data: st.DataObject, value: float
) -> None:
    options = st.fixed_dictionaries({} if "rnn" in cell else {"save_memory": st.booleans()})
    problem = data.draw(problems(cell, options=options))
    expected = solve(problem)
    with poisoned_memory(value):
        actual = solve(problem)
    assert_same_solution(actual, expected)


@every_cell
def test_layer__leaves_what_it_is_given_alone(cell: str) -> None:
    for kind in ("dense", "positions"):
        problem = make_problem(cell, 1, [4, 0, 3], num_layers=2, bidirectional=True, kind=kind)
        before = copy.deepcopy(problem)
        given_arrays = [problem.initial, problem.dy, problem.dfinal, *problem.inputs().values()]
        given_arrays += problem.parameters.values()
        for array in given_arrays:
            if array is not None:
                array.flags.writeable = False
        solve(problem)
        for name, array in problem.inputs().items():
            np.testing.assert_array_equal(array, before.inputs()[name], err_msg=name)
        np.testing.assert_array_equal(problem.initial, before.initial)
        np.testing.assert_array_equal(problem.dy, before.dy)
        np.testing.assert_array_equal(problem.dfinal, before.dfinal)


@every_cell
@given(data=st.data())
def test_forward__is_causal(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell, bidirectional=False))
    cut = data.draw(st.integers(0, problem.x.shape[1]))
    x = problem.x.copy()
    x[:, cut:] = 1
    expected, _ = forward(load(problem), problem)
    actual, _ = forward(load(problem), replace(problem, x=x))
    assert_same_bits(actual[:, :cut], expected[:, :cut])


@every_cell
@given(data=st.data())
def test_layer__treats_each_sequence_by_itself(cell: str, data: st.DataObject) -> None:
    # Any order of any of the sequences, so also the whole batch in another order.
    problem = data.draw(problems(cell, min_sequences=1))
    chosen = data.draw(st.permutations(range(len(problem.lengths))))
    fewest = min(n for n in batch_sizes(cell, problem.dtype) if n > 0)
    chosen = chosen[: data.draw(st.integers(fewest, len(chosen)))]
    whole = solve(problem).arrays()
    part = solve(problem.select(chosen)).arrays()
    for name in PER_SEQUENCE.keys() & whole.keys():
        assert_same_bits(part[name], np.take(whole[name], chosen, PER_SEQUENCE[name]), name)


@every_cell
@given(data=st.data())
def test_backward__adds_up_over_sequences(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell, "float64", min_sequences=4))
    cut = data.draw(st.integers(2, len(problem.lengths) - 2))
    whole, layer = solve(problem).gradients, load(problem)
    solve(problem.select(slice(None, cut)), layer)
    parts = solve(problem.select(slice(cut, None)), layer).gradients
    for name in layer.parameters:
        scale = max(1.0, np.abs(whole[name]).max())
        np.testing.assert_allclose(parts[name], whole[name], rtol=0, atol=1e-12 * scale)


@every_cell
@given(data=st.data())
def test_layer__may_stop_and_go_on_with_the_state(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell, "float64", bidirectional=False, kinds=["dense", "tokens"]))
    cut = data.draw(st.integers(0, problem.x.shape[1]))
    whole = solve(problem)
    starts = np.minimum(problem.lengths, cut)
    begin = replace(problem, x=problem.x[:, :cut], lengths=starts, dy=problem.dy[:, :cut])
    ahead, middle = forward(load(begin), begin)
    rest = replace(
        problem,
        x=problem.x[:, cut:],
        lengths=problem.lengths - starts,
        dy=problem.dy[:, cut:],
        initial=middle,
    )
    second = solve(rest)
    states = [second.gradients[name] for name in ("h0", "c0")[: len(middle)]]
    first = solve(replace(begin, dfinal=np.array(states)))
    assert_same_bits(np.concatenate([ahead, second.y], axis=1), whole.y)
    assert_same_bits(second.final, whole.final)
    assert_same_bits(first.gradients["h0"], whole.gradients["h0"])
    for name in problem.parameters:
        total = first.gradients[name] + second.gradients[name]
        scale = max(1.0, np.abs(total).max())
        np.testing.assert_allclose(total, whole.gradients[name], rtol=0, atol=1e-12 * scale)


@every_cell
@given(data=st.data())
def test_reverse_direction__is_the_other_on_reversed_sequences(
    cell: str, data: st.DataObject
) -> None:
    problem = data.draw(problems(cell, bidirectional=True, max_layers=1, kinds=["dense", "tokens"]))
    both, lengths = solve(problem), problem.lengths
    hidden = both.final.shape[-1]
    names = {name: name + "_reverse" for name in problem.parameters if name.endswith("_l0")}
    back = solve(
        replace(
            problem,
            parameters={name: problem.parameters[full] for name, full in names.items()},
            x=reversed_in_time(problem.x, lengths),
            dy=reversed_in_time(problem.dy[:, :, hidden:], lengths),
            initial=problem.initial[:, 1:],
            dfinal=problem.dfinal[:, 1:],
        )
    )
    assert_same_bits(reversed_in_time(back.y, lengths), both.y[:, :, hidden:])
    assert_same_bits(back.final[:, 0], both.final[:, 1])
    for name in ("h0", "c0")[: len(problem.initial)]:
        assert_same_bits(back.gradients[name][0], both.gradients[name][1])
    for name, full in names.items():
        assert_same_bits(back.gradients[name], both.gradients[full], name)


@every_cell
@given(data=st.data())
def test_layer__without_steps_hands_the_state_through(cell: str, data: st.DataObject) -> None:
    problem = data.draw(problems(cell))
    empty = replace(problem, lengths=np.zeros_like(problem.lengths))
    solution = solve(with_padding(empty, np.nan, -1))
    np.testing.assert_array_equal(solution.final, problem.initial.astype(problem.dtype))
    states = [solution.gradients.pop(name) for name in ("h0", "c0")[: len(problem.initial)]]
    np.testing.assert_array_equal(states, problem.dfinal.astype(problem.dtype))
    assert not solution.y.any()
    for name, gradient in solution.gradients.items():
        assert not gradient.any(), name


@pytest.mark.parametrize("cell", ["gru", "gru reset before", "rnn tanh"])
@given(data=st.data(), scale=st.sampled_from([1.0, 30.0, 1e6]))
def test_forward__keeps_states_between_the_bounds(
    cell: str, data: st.DataObject, scale: float
) -> None:
    problem = data.draw(problems(cell))
    layer = load(problem)
    for value in layer.parameters.values():
        value *= scale
    y, final = forward(layer, problem)
    # h = n + z (h - n) rounds twice.
    bound = max(1.0, np.abs(problem.initial).max(initial=0))
    bound *= 1 + 2 * np.finfo(problem.dtype).eps
    assert np.abs(y).max(initial=0) <= bound
    assert np.abs(final).max(initial=0) <= bound


@every_cell
@given(data=st.data())
def test_forward__gives_the_same_bits_without_keeping_the_tape(
    cell: str, data: st.DataObject
) -> None:
    problem = data.draw(problems(cell))
    layer = load(problem)
    kept = forward(layer, problem, training=True)
    bare = forward(layer, problem, training=False)
    assert_same_bits(bare[0], kept[0])
    assert_same_bits(bare[1], kept[1])


@every_cell
@pytest.mark.parametrize(("dtype", "n_sequences"), [("float64", 3), ("float32", 9)])
def test_layer__shows_a_nan_where_it_is_met_and_only_there(
    dtype: str, n_sequences: int, cell: str
) -> None:
    problem = make_problem(cell, 1, [4] * n_sequences, dtype=dtype, bidirectional=True)
    clean = solve(problem)
    problem.x[1, 2, 0] = np.nan
    marred = solve(problem)
    assert np.isnan(marred.y[1, 2:, :5]).all()  # forwards: from there on
    assert np.isnan(marred.y[1, :3, 5:]).all()  # backwards: up to there
    others = np.arange(n_sequences) != 1
    for name in PER_SEQUENCE.keys() & clean.arrays().keys():
        axis = PER_SEQUENCE[name]
        actual, expected = (
            np.compress(others, solution.arrays()[name], axis) for solution in (marred, clean)
        )
        assert_same_bits(actual, expected, name)


@every_cell
def test_layer__hands_out_arrays_that_later_calls_leave_alone(cell: str) -> None:
    options = {"num_layers": 2, "bidirectional": True, "kind": "positions"}
    problem = make_problem(cell, 2, [4, 6, 1], **options)
    layer = load(problem)
    first = solve(problem, layer)
    before = copy.deepcopy(first)
    layer.zero_grad()
    solve(make_problem(cell, 3, [4, 6, 1], **options), layer)
    assert_same_solution(first, before)
