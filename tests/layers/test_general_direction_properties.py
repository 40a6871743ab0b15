"""What holds for layers with options that have no kernels, whatever the numbers are."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from fastgru._numba import threads_limited_to
from tests.comparing import PER_SEQUENCE, assert_same_bits, assert_same_solution, poisoned_memory
from tests.problems import DTYPES, forward, load, solve, with_padding
from tests.variants import (
    CELLS,
    SIZES,
    draw_masks,
    everything,
    expected_outputs,
    make_variant,
    without_chance,
)

every_cell = pytest.mark.parametrize("cell", CELLS)


@every_cell
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["dense", "positions"])
def test_variant__treats_each_sequence_by_itself(kind: str, dtype: str, cell: str) -> None:
    lengths = [5, 3, 0, 9, 9, 2, 7, 1, 4, 9, 6]
    options = without_chance(cell, dtype=dtype, kind=kind, hidden_size=19)
    problem = make_variant(cell, 8, lengths, **options)
    whole = solve(problem).arrays()
    for chosen in ([3], [10, 4, 0, 2], [6, 1, 9, 5, 3, 7, 8]):
        part = solve(problem.select(chosen)).arrays()
        for name in PER_SEQUENCE.keys() & whole.keys():
            assert_same_bits(part[name], np.take(whole[name], chosen, PER_SEQUENCE[name]), name)


@every_cell
def test_variant__gives_the_same_bits_for_any_number_of_threads(cell: str) -> None:
    problem = make_variant(cell, 9, [5, 3, 0, 9], **everything(cell, dtype="float32"))
    alone = solve(problem)
    with threads_limited_to(2):
        assert_same_solution(solve(problem), alone)


@every_cell
@pytest.mark.parametrize("kind", ["dense", "positions"])
def test_variant__ignores_padding(kind: str, cell: str) -> None:
    problem = make_variant(cell, 10, [5, 3, 0, 4], **everything(cell, kind=kind))
    assert_same_solution(solve(problem), solve(with_padding(problem, 3.0, 1 << 40)))


@every_cell
@pytest.mark.parametrize("value", [np.nan, 1e38])
def test_variant__reads_no_memory_that_it_has_not_written(value: float, cell: str) -> None:
    problem = make_variant(cell, 18, [5, 3, 0, 4], n_steps=6, **everything(cell))
    expected = solve(problem)
    with poisoned_memory(value):
        assert_same_solution(solve(problem), expected)


@every_cell
@pytest.mark.parametrize("kind", ["dense", "positions"])
def test_variant__leaves_what_it_is_given_alone(kind: str, cell: str) -> None:
    problem = make_variant(cell, 19, [5, 3, 0, 4], **everything(cell, kind=kind))
    before = copy.deepcopy(problem)
    solve(problem)
    for name in ("x", "embedding", "position_embedding", "initial", "dy", "dfinal"):
        np.testing.assert_array_equal(getattr(problem, name), getattr(before, name), err_msg=name)


@every_cell
def test_variant__may_stop_and_go_on_with_the_state(cell: str) -> None:
    options = without_chance(cell, bidirectional=False, bptt_steps=None)
    problem, cut = make_variant(cell, 20, [6, 2, 0, 4], **options), 3
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
    after = solve(rest)
    states = [after.gradients[name] for name in ("h0", "c0")[: len(middle)]]
    first, whole = solve(replace(begin, dfinal=np.array(states))), solve(problem)
    assert_same_bits(np.concatenate([ahead, after.y], axis=1), whole.y)
    assert_same_bits(after.final, whole.final)
    assert_same_bits(first.gradients["h0"], whole.gradients["h0"])


@every_cell
@pytest.mark.parametrize("kind", ["dense", "positions"])
@pytest.mark.parametrize("lengths", [[0, 0, 0], []])
def test_variant__without_steps_hands_the_state_through(
    lengths: list[int], kind: str, cell: str
) -> None:
    problem = make_variant(cell, 11, lengths, n_steps=4, **everything(cell, kind=kind))
    solution = solve(problem)
    np.testing.assert_array_equal(solution.final, problem.initial)
    states = [solution.gradients.pop(name) for name in ("h0", "c0")[: len(problem.initial)]]
    np.testing.assert_array_equal(states, problem.dfinal)
    assert not solution.y.any()
    for name, gradient in solution.gradients.items():
        assert not gradient.any(), name


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "rnn tanh"])
def test_save_memory__gives_the_same_bits_from_less(cell: str) -> None:
    problem = make_variant(cell, 12, [5, 3, 0, 4], **everything(cell, dtype="float32"))
    saving = replace(problem, options={**problem.options, "save_memory": True})
    layer, frugal = load(problem), load(saving)
    assert_same_solution(solve(saving, frugal), solve(problem, layer))
    assert 0 < frugal.tape_bytes < layer.tape_bytes / 2


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [("gru", 8), ("gru reset before", 8), ("lstm", 13), ("lstm peepholes", 13), ("rnn tanh", 3)],
)
def test_tape_bytes__are_those_of_the_documentation(cell: str, numbers: int) -> None:
    for save_memory in (False, True) if cell != "rnn tanh" else (False,):
        saving = {"save_memory": True} if save_memory else {}
        problem = make_variant(cell, 17, [4, 6, 0], hidden_size=5, clip=3.0, **saving)
        layer = load(problem)
        forward(layer, problem)
        kept = len(problem.initial) if save_memory else numbers
        assert layer.tape_bytes == kept * 10 * 5 * 8  # numbers, steps, units, bytes


@every_cell
def test_zoneout__of_one_keeps_the_initial_state(cell: str) -> None:
    problem = make_variant(cell, 13, [3, 0, 2], zoneout=1.0, **SIZES)
    for training in (True, False):
        _, final = forward(load(problem), problem, training=training)
        np.testing.assert_array_equal(final, problem.initial)


@pytest.mark.parametrize("option", ["recurrent_dropout", "zoneout"])
def test_masks__drop_the_share_that_is_asked_for(option: str) -> None:
    problem = make_variant("gru", 14, [20] * 40, hidden_size=40, **{option: 0.3})
    masks = draw_masks(problem, load(problem).rng)
    drawn = masks.recurrent[0] == 0 if option == "recurrent_dropout" else masks.held[0]
    np.testing.assert_allclose(drawn.mean(), 0.3, atol=5 * np.sqrt(0.21 / drawn.size))
    y, _ = forward(load(problem), problem)
    np.testing.assert_allclose(y, expected_outputs(problem, masks)[0], rtol=0, atol=1e-12)


@every_cell
def test_variant__shows_a_nan_where_it_is_met_and_only_there(cell: str) -> None:
    problem = make_variant(cell, 15, [4] * 3, **without_chance(cell, num_layers=1))
    clean = solve(problem)
    problem.x[1, 2, 0] = np.nan
    marred = solve(problem)
    assert np.isnan(marred.y[1, 2:, :5]).all()  # forwards: from there on
    assert np.isnan(marred.y[1, :3, 5:]).all()  # backwards: up to there
    assert_same_bits(marred.y[[0, 2]], clean.y[[0, 2]])


def test_variant__lets_infinities_pass_without_a_warning() -> None:
    problem = make_variant("lstm", 16, [3], activations=["affine", "relu", "elu"], **SIZES)
    problem.x[...] = 1e200
    assert not np.isfinite(solve(problem).final).all()
