from __future__ import annotations

import copy
from dataclasses import fields, replace

import numpy as np
import pytest

from fastgru.training.loop import train
from fastgru.training.state import (
    GENERATOR_SIZE,
    GENERATORS,
    Epoch,
    TrainingOptions,
    TrainingRun,
    TrainingState,
)
from tests.comparing import assert_same_bits
from tests.training.test_loop import CLASSES, OPTIONS, make_network, make_set


def states_of(**changes: object) -> tuple[list[TrainingState], np.ndarray, list[Epoch], int]:
    """Copies of all states of a training, and what it ends with."""
    states: list[TrainingState] = []
    network = make_network(num_layers=2, dropout=0.3)
    history, best = train(
        *(network, make_set(40, 1), make_set(12, 2), CLASSES, replace(OPTIONS, **changes)),
        on_state=lambda state: states.append(copy.deepcopy(state)),
    )
    return states, network.parameters.values, history, best


@pytest.mark.parametrize("early_stopping", [True, False])
def test_train__keeps_the_running_statistics_of_the_best_epoch(early_stopping: bool) -> None:
    sizes = {"conv_channels": (4,), "conv_norm": "batch"}
    options = replace(OPTIONS, early_stopping=early_stopping, learning_rate=0.1, n_iter_no_change=9)
    network, states = make_network(**sizes), []
    _, best = train(
        *(network, make_set(40, 1), make_set(12, 2), CLASSES, options),
        on_state=lambda state: states.append(copy.deepcopy(state)),
    )
    n_learned, size = network.parameters.n_learned, network.parameters.size
    assert size == n_learned + 8
    assert (best < len(states) - 1) == early_stopping
    kept = network.parameters.values[n_learned:size]
    assert_same_bits(kept, states[best].values[n_learned:])
    assert not np.array_equal(kept, states[best - 1].values[n_learned:])
    # the optimiser has nothing to do with them
    for state in states:
        assert not state.first_moment[n_learned:].any()
        again = make_network(seed=9, **sizes)
        train(*(again, make_set(40, 1), make_set(12, 2), CLASSES, options), start=state)
        assert_same_bits(again.parameters.values, network.parameters.values)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_train__goes_on_from_any_state_with_the_same_bits(early_stopping: bool) -> None:
    options = replace(OPTIONS, early_stopping=early_stopping)
    states, values, history, best = states_of(early_stopping=early_stopping)
    assert [len(state.history) for state in states] == [0, 1, 2, 3, 4]
    for state in states:
        # of another seed, so that all must come from the state
        network = make_network(seed=9, num_layers=2, dropout=0.3)
        again = train(
            *(network, make_set(40, 1), make_set(12, 2), CLASSES),
            replace(options, random_state=77),
            start=state,
        )
        assert again == (history, best)
        assert_same_bits(network.parameters.values, values)


def test_train__writes_no_state_that_it_started_from() -> None:
    states, *_ = states_of()
    later: list[int] = []
    train(
        *(make_network(num_layers=2, dropout=0.3), make_set(40, 1), make_set(12, 2)),
        *(CLASSES, OPTIONS),
        start=states[2],
        on_state=lambda state: later.append(len(state.history)),
    )
    assert later == [3, 4]


def test_train__hands_over_the_state_before_it_reports_the_epoch() -> None:
    seen: list[object] = []
    options = replace(OPTIONS, max_epochs=2)
    train(
        *(make_network(), make_set(16, 1), None, CLASSES, options),
        lambda epoch: seen.append(epoch.epoch),
        on_state=lambda state: seen.append(f"state {len(state.history)}"),
    )
    assert seen == ["state 0", "state 1", 1, "state 2", 2]


@pytest.mark.parametrize("early_stopping", [True, False])
def test_train__that_has_ended_takes_no_step_more(early_stopping: bool) -> None:
    changes = {"early_stopping": early_stopping, "max_epochs": 30, "n_iter_no_change": 1,
               "learning_rate": 0.5}  # fmt: skip
    states, values, history, best = states_of(**changes)
    assert (len(history) < 30) == early_stopping
    network = make_network(num_layers=2, dropout=0.3)
    seen: list[Epoch] = []
    again = train(
        *(network, make_set(40, 1), make_set(12, 2), CLASSES, replace(OPTIONS, **changes)),
        seen.append,
        start=states[-1],
    )
    assert seen == []
    assert again == (history, best)
    assert_same_bits(network.parameters.values, values)


def test_state__holds_every_generator_to_the_last_draw() -> None:
    run = TrainingRun(make_network(), OPTIONS)
    generators = [run.rng, *run.network.generators]
    for rng in generators:
        rng.random(3, np.float32)  # an odd number, so that half a word is kept for the next
    state = run.state()
    assert state.generators.keys() == set(GENERATORS)
    assert all(packed.shape == (GENERATOR_SIZE,) for packed in state.generators.values())
    expected = [rng.random(5, np.float32) for rng in generators]
    other = TrainingRun(make_network(seed=5), replace(OPTIONS, random_state=6))
    other.restore(state)
    for rng, wanted in zip([other.rng, *other.network.generators], expected, strict=True):
        assert_same_bits(rng.random(5, np.float32), wanted)


@pytest.mark.parametrize(
    "name", ["values", "first_moment", "second_moment", "step_number", "generators"]
)
def test_state__holds_nothing_that_does_not_matter(name: str) -> None:
    states, values, *_ = states_of(early_stopping=False)
    damaged = replace(states[2], **{name: getattr(states[0], name)})
    network = make_network(num_layers=2, dropout=0.3)
    options = replace(OPTIONS, early_stopping=False)
    train(*(network, make_set(40, 1), make_set(12, 2), CLASSES, options), start=damaged)
    assert not np.array_equal(network.parameters.values, values)


def test_options__are_parameters_of_the_classifier() -> None:
    from fastgru import SequenceClassifier

    names = {field.name for field in fields(TrainingOptions)}
    assert names <= SequenceClassifier().get_params().keys()
