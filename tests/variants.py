"""Problems for layers with other activations, recurrent dropout, zoneout, layer normalisation."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastgru.layers.activation_functions import Activation
from tests.problems import Problem, dense_input, load, make_problem, solve
from tests.reference import variants
from tests.reference.layers import suffixes

CELLS = list(variants.STEPS)

DEFAULTS = {"gru": ["sigmoid", "tanh"], "lstm": ["sigmoid", "tanh", "tanh"], "rnn": ["tanh"]}
OTHERS = {
    "gru": [Activation("hard_sigmoid", 0.3), "softsign"],
    "lstm": [
        Activation("hard_sigmoid", 0.3),
        Activation("elu", 0.7),
        Activation("scaled_tanh", 1.2),
    ],
    "rnn": [Activation("leaky_relu", 0.2)],
}
NO_CHANCE: dict[str, Any] = {"recurrent_dropout": 0.0, "zoneout": 0.0, "dropout": 0.0}
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


def family(cell: str) -> str:
    return cell.split()[0]


def everything(cell: str, **options: Any) -> dict[str, Any]:
    """All options at once, but for those that are given."""
    given = EVERYTHING | SIZES | {"activations": OTHERS[family(cell)]} | options
    return given | ({"input_forget": True} if cell == "lstm peepholes" else {})


def without_chance(cell: str, **options: Any) -> dict[str, Any]:
    return everything(cell, **(NO_CHANCE | options))


def make_variant(cell: str, seed: int, lengths: Sequence[int], **options: Any) -> Problem:
    """A problem with random numbers; options are those of `make_problem` and of the layers."""
    problem = make_problem(cell, seed, lengths, **options)
    if not options.get("layer_norm"):
        return problem
    rng, parameters = np.random.default_rng(seed), dict(problem.parameters)
    rows, hidden = parameters["weight_hh_l0"].shape
    shapes = {"ln_weight_ih": rows, "ln_weight_hh": rows}
    shapes |= {"ln_weight_c": hidden} if family(cell) == "lstm" else {}
    if "ln_weight_c" in shapes and "bias_hh_l0" in parameters:
        shapes["ln_bias_c"] = hidden
    for suffix in itertools.chain(*suffixes(parameters)):
        for name, size in shapes.items():
            values = rng.uniform(0.5, 1.5, size).astype(np.float32)
            parameters[name + suffix] = values.astype(np.float64)
    return replace(problem, parameters=parameters)


def oracle_of(problem: Problem) -> variants.Variant:
    options = problem.options
    given = options.get("activations") or DEFAULTS[family(problem.cell)]
    functions = [one if isinstance(one, Activation) else Activation(one) for one in given]
    return variants.Variant(
        problem.cell,
        tuple(variants.activation(one.name, one.alpha, one.beta) for one in functions),
        clip=options.get("clip"),
        input_forget=options.get("input_forget", False),
        zoneout=options.get("zoneout", 0.0),
        bptt_steps=options.get("bptt_steps"),
    )


def draw_masks(problem: Problem, rng: np.random.Generator) -> variants.Masks:
    """The masks that a pass in training draws from `rng`, which is left as it was."""
    rng, options = copy.deepcopy(rng), NO_CHANCE | dict(problem.options)
    n_states, _, n_sequences, hidden = problem.initial.shape
    n_steps = max(problem.lengths, default=0)
    masks, levels = variants.Masks(), suffixes(problem.parameters)

    def uniform(*shape: int) -> np.ndarray:
        return rng.random(shape, dtype=np.float32)

    def factors(share: float, *shape: int) -> np.ndarray:
        return (uniform(*shape) >= share) / (1 - share)

    for level, directions in enumerate(levels):
        for _ in directions:
            if options["recurrent_dropout"]:
                mask = factors(options["recurrent_dropout"], n_sequences, hidden)
                masks.recurrent.append(mask)
            if options["zoneout"]:
                held = np.zeros((problem.x.shape[1], n_states, n_sequences, hidden))
                held[:n_steps] = uniform(n_steps, *held.shape[1:]) < options["zoneout"]
                masks.held.append(held)
        if options["dropout"] and level + 1 < len(levels):
            shape = (n_sequences * problem.x.shape[1], len(directions) * hidden)
            mask = factors(options["dropout"], *shape)
            masks.between.append(mask.reshape(n_sequences, -1, shape[1]))
    return masks


def expected_outputs(problem: Problem, masks: variants.Masks) -> tuple[np.ndarray, np.ndarray]:
    """y and the final states by the oracle."""
    given = (problem.parameters, dense_input(problem), problem.lengths, problem.initial)
    return variants.run(oracle_of(problem), *given, masks)


def assert_solves(problem: Problem, masks: variants.Masks | None = None) -> None:
    """The layer's solution equals the oracle's: outputs, and gradients along random directions.

    A gradient that is wrong anywhere shows along any direction but by an unlikely accident.
    Normalising a few units, of which the deviation may be small, enlarges what rounding has left.
    """
    found = solve(problem)
    masks = masks_of(problem) if masks is None else masks
    allowed = 500 * np.finfo(problem.dtype).eps
    for actual, wanted in zip(
        (found.y, found.final), expected_outputs(problem, masks), strict=True
    ):
        assert actual.dtype == problem.dtype
        scale = max(1.0, np.abs(wanted).max(initial=0))
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=allowed * scale)
    value, given = value_of(problem, masks)
    assert found.gradients.keys() == given.keys()
    rng = np.random.default_rng(0)
    for name, gradient in found.gradients.items():
        for _ in range(2):
            direction = rng.standard_normal(gradient.shape)
            terms, wanted = (
                gradient * direction,
                variants.slope_along(value, given, name, direction),
            )
            scale = max(1.0, np.abs(terms).sum())
            assert abs(terms.sum(dtype=float) - wanted) <= allowed * scale, name


def value_of(
    problem: Problem, masks: variants.Masks
) -> tuple[Callable[[variants.Arrays], complex], dict[str, np.ndarray]]:
    """What the solution's gradients are of, as a function of arrays; and those arrays."""
    oracle, states = oracle_of(problem), [f"{n}0" for n in "hc"[: len(problem.initial)]]
    past = (np.arange(problem.x.shape[1]) >= problem.lengths[:, None])[:, :, None]
    tokens = np.where(past[:, :, 0], 0, problem.x) if problem.embedding is not None else None

    def value(arrays: variants.Arrays) -> complex:
        parameters = {name: arrays[name] for name in problem.parameters}
        x = arrays["x"] if tokens is None else arrays["embedding"][tokens]
        if "position_embedding" in arrays:
            x = x + arrays["position_embedding"][: x.shape[1]]
        initial = np.array([arrays[name] for name in states])
        given = (parameters, np.where(past, 0, x), problem.lengths, initial, masks)
        y, final = variants.run(oracle, *given)
        return complex((y * np.where(past, 0, problem.dy)).sum() + (final * problem.dfinal).sum())

    inputs = {
        "x": dense_input(problem) if tokens is None else None,
        "embedding": problem.embedding,
        "position_embedding": problem.position_embedding,
    }
    given = dict(problem.parameters) | dict(zip(states, problem.initial, strict=True))
    return value, given | {name: array for name, array in inputs.items() if array is not None}


def masks_of(problem: Problem) -> variants.Masks:
    """The masks that the first pass of the problem's layer draws."""
    return draw_masks(problem, load(problem).rng)
