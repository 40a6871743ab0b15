from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from fastgru.training.loop import train
from fastgru.training.optimizer import AdamW
from fastgru.training.thawing import Thawing, parts_from_the_top
from tests.comparing import assert_same_bits
from tests.training.test_loop import CLASSES, OPTIONS, make_network, make_set

THAWING = Thawing((("gru.weight_hh_l1", "gru.bias_hh_l1"), ("embedding.letters",)), 2)


def test_frozen__loses_a_part_after_each_stretch() -> None:
    both = ("gru.weight_hh_l1", "gru.bias_hh_l1", "embedding.letters")
    found = [THAWING.frozen(epoch) for epoch in range(1, 7)]
    assert found == [both, both, both[2:], both[2:], (), ()]
    assert [epoch for epoch in range(1, 9) if THAWING.begins_with(epoch)] == [3, 5]


def test_frozen__is_nothing_without_epochs() -> None:
    assert Thawing(THAWING.parts, 0).frozen(1) == ()
    assert Thawing((), 3).frozen(1) == ()


def test_parts_from_the_top__goes_from_the_last_layer_to_the_embedding() -> None:
    names = ["embedding.letters", "gru.weight_ih_l0", "gru.bias_hh_l0_reverse", "gru.bias_ih_l1"]
    expected = (("gru.bias_ih_l1",), tuple(names[1:3]), ("embedding.letters",))
    assert parts_from_the_top(names, 2) == expected
    assert parts_from_the_top(names[:1], 3) == (("embedding.letters",),)


def test_train__leaves_what_is_frozen_to_the_last_bit() -> None:
    network = make_network(num_layers=2)
    before = {name: view.copy() for name, view in network.parameters.views().items()}
    changed_in: dict[str, int] = {}

    def note(state) -> None:
        places = network.parameters.places()
        for name, place in places.items():
            value = state.values[place]
            moments = state.first_moment[place], state.second_moment[place]
            if not np.array_equal(value, before[name].ravel()):
                changed_in.setdefault(name, len(state.history))
            else:
                assert not np.any(moments)

    options = replace(OPTIONS, max_epochs=6, early_stopping=False)
    sets = make_set(40, 1), None
    train(*(network, *sets, CLASSES, options), thawing=THAWING, on_state=note)
    late = {"gru.weight_hh_l1": 3, "gru.bias_hh_l1": 3, "embedding.letters": 5}
    assert changed_in == {name: late.get(name, 1) for name in before}


def test_train__begins_the_moments_anew_with_each_part() -> None:
    network, steps = make_network(num_layers=2), []
    options = replace(OPTIONS, max_epochs=5, early_stopping=False)
    train(
        *(network, make_set(40, 1), None, CLASSES, options),
        thawing=THAWING,
        on_state=lambda state: steps.append(state.step_number),
    )
    once = steps[1]
    assert once > 0
    assert steps == [0, once, 2 * once, once, 2 * once, once]


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 4])
def test_train__goes_on_from_a_state_with_the_same_bits(n_epochs: int) -> None:
    options, states = replace(OPTIONS, max_epochs=5, early_stopping=False), []
    sets = make_set(40, 1), make_set(12, 2)
    whole, resumed = (make_network(num_layers=2, dropout=0.3) for _ in range(2))
    train(
        *(whole, *sets, CLASSES, options),
        thawing=THAWING,
        on_state=lambda state: states.append(copy.deepcopy(state)),
    )
    train(*(resumed, *sets, CLASSES, options), thawing=THAWING, start=states[n_epochs])
    assert_same_bits(resumed.parameters.values, whole.parameters.values)


def test_freeze__keeps_frozen_gradients_out_of_the_norm() -> None:
    network = make_network()
    optimizer = AdamW(network.parameters, weight_decay=0.1, clip_norm=1.0)
    optimizer.freeze(set(network.parameters.names) - {"head.bias"})
    network.parameters.grads.fill(3.0)
    before = network.parameters.values.copy()
    n_free = network.parameters.views()["head.bias"].size
    padding = len(network.parameters.grads) - network.parameters.size
    np.testing.assert_allclose(optimizer.step(0.1), 3 * np.sqrt(n_free + padding), rtol=1e-6)
    place = network.parameters.places()["head.bias"]
    changed = network.parameters.values != before
    assert changed[place].all()
    assert changed[: network.parameters.size].sum() == n_free
