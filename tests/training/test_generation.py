from __future__ import annotations

import numpy as np
import pytest

from fastgru.models.language_network import LanguageNetwork
from fastgru.training.generation import generate
from fastgru.training.language_model import log_likelihoods
from tests.models.test_language_network import VARIANTS, make_network

NO_PREFIX = np.empty(0, np.uint8)


def draw(network: LanguageNetwork, n: int = 5, prefix: np.ndarray = NO_PREFIX, **changes: object):
    how = {"temperature": 1.0, "max_length": 12, "random_state": 0, **changes}
    return [codes.tolist() for codes in generate(network, n, prefix, **how)]


@pytest.mark.parametrize("changes", VARIANTS)
def test_generate__draws_what_the_network_expects(changes: dict[str, object]) -> None:
    # sequences of up to two letters, against their likelihood; none is empty
    network = make_network(**changes)
    made = draw(network, 4000, max_length=3)
    empty = np.exp(log_likelihoods(network, [NO_PREFIX])[0, 0])
    for codes in [[0], [1], [2], [3], [0, 1], [3, 2]]:
        likelihood = log_likelihoods(network, [np.array(codes, np.uint8)])[0, 0]
        chance = np.exp(likelihood) / (1 - empty)
        # four standard errors of a share, and one sequence
        margin = 4 * np.sqrt(chance / 4000) + 1 / 4000
        assert abs(made.count(codes) / 4000 - chance) < margin
    assert [] not in made


@pytest.mark.parametrize("changes", VARIANTS)
def test_generate__without_temperature_takes_the_likeliest(changes: dict[str, object]) -> None:
    network = make_network(**changes)
    tokens, states = np.array([network.start]), network.first_states(1)
    expected: list[int] = []
    while len(expected) < 12:
        logits, states = network.step(tokens, states)
        best = int(logits[0, : 5 if expected else 4].argmax())
        if best == 4:
            break
        expected.append(best)
        tokens = np.array([best])
    for temperature in (0, 1e-9, 1e-300):
        assert draw(network, 2, temperature=temperature) == [expected, expected]


def test_generate__is_repeatable() -> None:
    network = make_network()
    assert draw(network) == draw(network)
    assert draw(network) != draw(network, random_state=1)
    assert draw(network, random_state=None) != draw(network, random_state=None)


def test_generate__goes_on_from_a_prefix() -> None:
    network, prefix = make_network(bidirectional=True), np.array([1, 4, 2], np.uint8)
    made = draw(network, 200, prefix, max_length=5)
    assert {tuple(codes[:3]) for codes in made} == {(1, 4, 2)}  # with an ambiguity code
    assert {len(codes) for codes in made} == {3, 4, 5}
    assert {code for codes in made for code in codes[3:]} <= {0, 1, 2, 3}


def test_generate__makes_any_number() -> None:
    network = make_network()
    assert draw(network, 0) == []
    made = draw(network, 1500, max_length=2)
    assert len(made) == 1500
    assert made[:1024] == draw(network, 1024, max_length=2)
