"""Layers with options that the kernels do not know, against the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.layers.general_cells import LSTMCell, ResetAfterCell, ResetBeforeCell, RNNCell
from fastgru.layers.stack import Stack
from fastgru.layers.variant import Variant
from tests.comparing import assert_close, assert_same_solution
from tests.gradients import TOLERANCE, central_differences
from tests.problems import DTYPES, Problem, forward, load, make_problem, solve, with_padding
from tests.reference.variants import Masks
from tests.variants import (
    CELLS,
    OTHERS,
    SIZES,
    assert_solves,
    everything,
    expected_outputs,
    family,
    make_variant,
    without_chance,
)

OPTIONS: dict[str, dict[str, Any]] = {
    "activations": {},
    "clip": {"clip": 0.5},
    "recurrent dropout": {"recurrent_dropout": 0.4},
    "zoneout": {"zoneout": 0.3},
    "layer norm": {"layer_norm": True},
}
CELL_CLASSES = {
    "gru": ResetAfterCell,
    "gru reset before": ResetBeforeCell,
    "lstm": LSTMCell,
    "lstm peepholes": LSTMCell,
    "rnn tanh": RNNCell,
}

every_cell = pytest.mark.parametrize("cell", CELLS)


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
