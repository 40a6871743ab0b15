"""Layers with options that the kernels do not know, against the oracle and by their properties."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fastgru._numba import threads_limited_to
from fastgru.layers.general_cells import LSTMCell, ResetAfterCell, ResetBeforeCell, RNNCell
from fastgru.layers.stack import Stack
from fastgru.layers.variant import Variant
from tests.comparing import assert_close, assert_same_bits, assert_same_solution
from tests.gradients import TOLERANCE, central_differences
from tests.problems import (
    DTYPES,
    Problem,
    forward,
    load,
    make_problem,
    solve,
    with_padding,
)
from tests.reference.variants import Masks
from tests.variants import (
    CELLS,
    OTHERS,
    assert_solves,
    draw_masks,
    expected_outputs,
    family,
    make_variant,
)

OPTIONS: dict[str, dict[str, Any]] = {
    "activations": {},
    "clip": {"clip": 0.5},
    "recurrent dropout": {"recurrent_dropout": 0.4},
    "zoneout": {"zoneout": 0.3},
    "layer norm": {"layer_norm": True},
}
EVERYTHING: dict[str, Any] = {
    "clip": 0.8,
    "recurrent_dropout": 0.3,
    "zoneout": 0.2,
    "layer_norm": True,
    "dropout": 0.25,
    "num_layers": 2,
    "bptt_steps": 2,
}
SIZES: dict[str, Any] = {"input_size": 2, "hidden_size": 5, "bidirectional": True}
CELL_CLASSES = {
    "gru": ResetAfterCell,
    "gru reset before": ResetBeforeCell,
    "lstm": LSTMCell,
    "lstm peepholes": LSTMCell,
    "rnn tanh": RNNCell,
}
PER_SEQUENCE = {"y": 0, "h_n": 1, "c_n": 1, "dx": 0, "dh0": 1, "dc0": 1}

every_cell = pytest.mark.parametrize("cell", CELLS)


def everything(cell: str, **options: Any) -> dict[str, Any]:
    given = EVERYTHING | SIZES | {"activations": OTHERS[family(cell)]} | options
    return given | ({"input_forget": True} if cell == "lstm peepholes" else {})


def without_chance(cell: str, **options: Any) -> dict[str, Any]:
    chance = {"recurrent_dropout": 0.0, "zoneout": 0.0, "dropout": 0.0}
    return everything(cell, **(chance | options))


def load_general(problem: Problem) -> Any:
    """The problem's layer, but on the path of those that have no kernels."""
    layer = load(problem)
    layer.stack = Stack(
        *(layer._kind, layer.parameters, layer.grads),
        num_layers=layer.num_layers,
        bidirectional=layer.bidirectional,
        dropout=0.0,
        bptt_steps=layer.bptt_steps or 0,
        save_memory=layer.save_memory,
        variant=Variant(CELL_CLASSES[problem.cell], layer.activations),
        rng=layer.rng,
    )
    return layer


# --- the numbers --------------------------------------------------------------------------


@every_cell
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["dense", "tokens", "positions"])
def test_general_direction__equals_the_kernels(kind: str, dtype: str, cell: str) -> None:
    # Of a size for which other tests compile kernels.
    lengths = [4, 0, 7, 7, 1] if dtype == "float64" else [4, 0, 7, 7, 1, 3, 2, 6, 5]
    for bias, bptt_steps in ((True, None), (False, 2)):
        options = SIZES | {"dtype": dtype, "kind": kind, "bias": bias, "bptt_steps": bptt_steps}
        problem = make_problem(cell, 1, lengths, num_layers=2, **options)
        assert_close(solve(problem, load_general(problem)), solve(problem), problem)


@every_cell
@pytest.mark.parametrize("name", OPTIONS)
def test_variant__equals_reference(name: str, cell: str) -> None:
    options = SIZES | OPTIONS[name]
    if name == "activations":
        options |= {"activations": OTHERS[family(cell)]}
    problem = make_variant(cell, 2, [3, 0, 4, 1], **options)
    assert_solves(problem)


@every_cell
@pytest.mark.parametrize(
    ("dtype", "kind", "bias"),
    [("float64", "dense", False), ("float64", "positions", True), ("float32", "tokens", True)],
)
def test_variant__equals_reference_with_everything_at_once(
    dtype: str, kind: str, bias: bool, cell: str
) -> None:
    given = everything(cell, dtype=dtype, kind=kind, bias=bias)
    problem = make_variant(cell, 3, [3, 0, 4, 2], **given)
    assert_solves(problem)


@pytest.mark.parametrize("cell", ["lstm", "lstm peepholes"])
def test_variant__equals_reference_where_the_forget_gate_follows_the_input(cell: str) -> None:
    problem = make_variant(cell, 4, [3, 4], **SIZES, input_forget=True)
    assert_solves(problem)


@every_cell
def test_forward__expects_zoneout_and_drops_nothing_outside_training(cell: str) -> None:
    problem = make_variant(cell, 5, [3, 0, 4, 2], **everything(cell))
    layer = load(problem)
    before = layer.rng.bit_generator.state
    y, final = forward(layer, problem, training=False)
    expected_y, expected_final = expected_outputs(problem, Masks())
    np.testing.assert_allclose(y, expected_y, rtol=0, atol=1e-13)
    np.testing.assert_allclose(final, expected_final, rtol=0, atol=1e-13)
    assert layer.rng.bit_generator.state == before
    assert layer.tape_bytes == 0


@every_cell
def test_forward__draws_other_masks_each_time_and_the_same_for_a_seed(cell: str) -> None:
    problem = make_variant(cell, 6, [3, 4], **everything(cell))
    layer, same = load(problem), load(problem)
    first, second = solve(problem, layer), solve(problem, layer)
    assert not np.array_equal(first.y, second.y)
    assert_same_solution(solve(problem, same), first)


@every_cell
def test_backward__equals_central_differences(cell: str) -> None:
    smooth = {"gru": ["softsign", "elu"], "lstm": ["sigmoid", "softplus", "elu"], "rnn": ["elu"]}
    smooth_options = {"activations": smooth[family(cell)], "clip": None, "bptt_steps": None}
    options = without_chance(cell, num_layers=1, **smooth_options)
    problem = with_padding(make_variant(cell, 7, [2, 0, 3], **options), 0.0, 0)
    layer = load(problem)

    def value() -> float:
        y, final = forward(layer, problem)
        return float((y * problem.dy).sum() + (final * problem.dfinal).sum())

    states = {f"{name}0": state for name, state in zip("hc", problem.initial, strict=False)}
    changed = {"x": problem.x} | states | layer.parameters
    for name, found in solve(problem).gradients.items():
        some = changed[name].reshape(-1)[:4]  # a view: what is changed here is seen by the layer
        expected = central_differences(value, some)
        np.testing.assert_allclose(found.reshape(-1)[:4], expected, rtol=0, atol=100 * TOLERANCE)


# --- its properties -----------------------------------------------------------------------


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
