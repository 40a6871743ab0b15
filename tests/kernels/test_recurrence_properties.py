"""What holds for the recurrent kernels whatever the numbers are."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gru_problems import (
    DTYPES,
    Problem,
    assert_same_bits,
    assert_same_solution,
    load,
    make_problem,
    poisoned_memory,
    problems,
    solve,
    with_padding,
)

# Sequence for sequence results: each has its own.
PER_SEQUENCE = {"y": 0, "h_n": 1, "dx": 0, "dh0": 1}

any_dtype = st.sampled_from(DTYPES)


@given(problem=problems(), dtype=any_dtype)
def test_gru__ignores_padding(problem: Problem, dtype: str) -> None:
    other = with_padding(problem, 3.0, 1 << 40)
    assert_same_solution(solve(problem, dtype), solve(other, dtype))


@given(problem=problems(), dtype=any_dtype)
def test_gru__writes_zero_past_each_end(problem: Problem, dtype: str) -> None:
    solution = solve(problem, dtype)
    past = np.arange(problem.x.shape[1]) >= problem.lengths[:, None]
    assert not solution.y[past].any()
    if problem.embedding is None:
        assert not solution.gradients["x"][past].any()


@given(problem=problems(), dtype=any_dtype, value=st.sampled_from([np.nan, 1e38, -1e-40]))
def test_gru__reads_no_memory_that_it_has_not_written(
    problem: Problem, dtype: str, value: float
) -> None:
    expected = solve(problem, dtype)
    with poisoned_memory(value):
        actual = solve(problem, dtype)
    assert_same_solution(actual, expected)


@given(problem=problems(), dtype=any_dtype)
def test_gru__leaves_what_it_is_given_alone(problem: Problem, dtype: str) -> None:
    before = copy.deepcopy(problem)
    for array in [*problem.parameters.values(), problem.dy, problem.dh_n]:
        array.flags.writeable = False
    for array in problem.inputs().values():
        if array is not None:
            array.flags.writeable = False
    solve(problem, dtype)
    for name, array in problem.inputs().items():
        np.testing.assert_array_equal(array, before.inputs()[name], err_msg=name)
    np.testing.assert_array_equal(problem.dy, before.dy)
    np.testing.assert_array_equal(problem.dh_n, before.dh_n)


@given(problem=problems(bidirectional=False), dtype=any_dtype, data=st.data())
def test_gru_forward__is_causal(problem: Problem, dtype: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, problem.x.shape[1]))
    x = problem.x.copy()
    x[:, cut:] = 1
    expected, _ = load(problem, dtype).forward(**problem.inputs())
    actual, _ = load(problem, dtype).forward(**(problem.inputs() | {"x": x}))
    assert_same_bits(actual[:, :cut], expected[:, :cut])


@given(problem=problems(min_sequences=1), dtype=any_dtype, data=st.data())
def test_gru__treats_each_sequence_by_itself(
    problem: Problem, dtype: str, data: st.DataObject
) -> None:
    # Any order of any of the sequences, so also the whole batch in another order.
    chosen = data.draw(st.permutations(range(len(problem.lengths))))
    chosen = chosen[: data.draw(st.integers(1, len(chosen)))]
    whole = solve(problem, dtype).arrays()
    part = solve(problem.select(chosen), dtype).arrays()
    for name in PER_SEQUENCE.keys() & whole.keys():
        assert_same_bits(part[name], np.take(whole[name], chosen, PER_SEQUENCE[name]), name)


@given(problem=problems(min_sequences=2), data=st.data())
def test_gru_backward__adds_up_over_sequences(problem: Problem, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(problem.lengths) - 1))
    whole, gru = solve(problem, "float64").gradients, load(problem, "float64")
    solve(problem.select(slice(None, cut)), "float64", gru)
    parts = solve(problem.select(slice(cut, None)), "float64", gru).gradients
    for name in gru.parameters:
        scale = max(1.0, np.abs(whole[name]).max())
        np.testing.assert_allclose(parts[name], whole[name], rtol=0, atol=1e-12 * scale)


@given(problem=problems(bidirectional=False, kinds=["dense", "tokens"]), data=st.data())
def test_gru__may_stop_and_go_on_with_the_state(problem: Problem, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, problem.x.shape[1]))
    whole = solve(problem, "float64")
    starts = np.minimum(problem.lengths, cut)
    begin = replace(problem, x=problem.x[:, :cut], lengths=starts, dy=problem.dy[:, :cut])
    ahead, _ = load(begin, "float64").forward(**begin.inputs())
    rest = replace(
        problem,
        x=problem.x[:, cut:],
        lengths=problem.lengths - starts,
        dy=problem.dy[:, cut:],
        h0=load(begin, "float64").forward(**begin.inputs())[1],
    )
    second = solve(rest, "float64")
    first = solve(replace(begin, dh_n=second.gradients["h0"]), "float64")
    assert_same_bits(np.concatenate([ahead, second.y], axis=1), whole.y)
    assert_same_bits(second.h_n, whole.h_n)
    assert_same_bits(first.gradients["h0"], whole.gradients["h0"])
    for name in problem.parameters:
        total = first.gradients[name] + second.gradients[name]
        scale = max(1.0, np.abs(total).max())
        np.testing.assert_allclose(total, whole.gradients[name], rtol=0, atol=1e-12 * scale)


def reversed_in_time(array: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Each sequence (B, T, ...) reversed within its own length."""
    result = array.copy()
    for b, length in enumerate(lengths):
        result[b, :length] = array[b, :length][::-1]
    return result


@given(
    problem=problems(bidirectional=True, max_layers=1, kinds=["dense", "tokens"]), dtype=any_dtype
)
def test_gru__runs_backwards_as_it_does_forwards_on_the_reversed_sequence(
    problem: Problem, dtype: str
) -> None:
    both = solve(problem, dtype)
    hidden, lengths = problem.sizes["hidden_size"], problem.lengths
    names = {name: name + "_reverse" for name in problem.parameters if "reverse" not in name}
    back = solve(
        replace(
            problem,
            parameters={name: problem.parameters[full] for name, full in names.items()},
            x=reversed_in_time(problem.x, lengths),
            dy=reversed_in_time(problem.dy[:, :, hidden:], lengths),
            h0=problem.h0[1:],
            dh_n=problem.dh_n[1:],
        ),
        dtype,
    )
    assert_same_bits(reversed_in_time(back.y, lengths), both.y[:, :, hidden:])
    assert_same_bits(back.h_n[0], both.h_n[1])
    assert_same_bits(back.gradients["h0"][0], both.gradients["h0"][1])
    for name, full in names.items():
        assert_same_bits(back.gradients[name], both.gradients[full], name)


@given(problem=problems(), dtype=any_dtype)
def test_gru__without_steps_hands_the_state_through(problem: Problem, dtype: str) -> None:
    empty = replace(problem, lengths=np.zeros_like(problem.lengths))
    solution = solve(with_padding(empty, np.nan, -1), dtype)
    np.testing.assert_array_equal(solution.h_n, problem.h0.astype(dtype))
    np.testing.assert_array_equal(solution.gradients["h0"], problem.dh_n.astype(dtype))
    assert not solution.y.any()
    for name in solution.gradients.keys() - {"h0"}:
        assert not solution.gradients[name].any(), name


@given(problem=problems(), dtype=any_dtype, scale=st.sampled_from([1.0, 30.0, 1e6]))
def test_gru_forward__keeps_states_between_the_bounds(
    problem: Problem, dtype: str, scale: float
) -> None:
    gru = load(problem, dtype)
    for value in gru.parameters.values():
        value *= scale
    y, h_n = gru.forward(**problem.inputs())
    # h = n + z (h - n) rounds twice.
    bound = max(1.0, np.abs(problem.h0).max(initial=0)) * (1 + 2 * np.finfo(dtype).eps)
    assert np.abs(y).max(initial=0) <= bound
    assert np.abs(h_n).max(initial=0) <= bound


@given(problem=problems(), dtype=any_dtype)
def test_gru_forward__gives_the_same_bits_without_keeping_the_tape(
    problem: Problem, dtype: str
) -> None:
    gru = load(problem, dtype)
    kept = gru.forward(**problem.inputs(), training=True)
    bare = gru.forward(**problem.inputs(), training=False)
    assert_same_bits(bare[0], kept[0])
    assert_same_bits(bare[1], kept[1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_gru__shows_a_nan_where_it_is_met_and_only_there(dtype: str) -> None:
    problem = make_problem(1, [4, 4, 4], bidirectional=True)
    clean = solve(problem, dtype)
    problem.x[1, 2, 0] = np.nan
    marred = solve(problem, dtype)
    assert np.isnan(marred.y[1, 2:, :5]).all()  # forwards: from there on
    assert np.isnan(marred.y[1, :3, 5:]).all()  # backwards: up to there
    for name in ("y", "dx"):
        assert_same_bits(marred.arrays()[name][[0, 2]], clean.arrays()[name][[0, 2]])


def test_gru__hands_out_arrays_that_later_calls_leave_alone() -> None:
    options = {"num_layers": 2, "bidirectional": True, "kind": "positions"}
    problem = make_problem(2, [4, 6, 1], **options)
    gru = load(problem, "float64")
    first = solve(problem, "float64", gru)
    before = copy.deepcopy(first)
    gru.zero_grad()
    solve(make_problem(3, [4, 6, 1], **options), "float64", gru)
    assert_same_solution(first, before)
