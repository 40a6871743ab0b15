"""Next letters: the loss, and likelihoods that are those of a proper distribution."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.models.language_network import LanguageNetwork
from fastgru.training.batches import LabelledSet
from fastgru.training.language_model import LanguageModelling, count_predicted, log_likelihoods
from tests.comparing import assert_same_bits
from tests.gradients import assert_slopes_of_store
from tests.models.test_language_network import VARIANTS, make_network, reference_logits

DNA = get_alphabet("dna")
TEXTS = ("ACGTTGCA", "RNA", "TTYGA", "N", "C")


def encode(*texts: str) -> list[np.ndarray]:
    return [DNA.encode(text) for text in texts]


def make_set(*texts: str) -> LabelledSet:
    n = len(texts)
    return LabelledSet(encode(*texts), np.zeros(n, np.int64), np.ones(n))


def reference_likelihoods(network: LanguageNetwork, codes: np.ndarray) -> list[float]:
    """The sum of the module, letter by letter, ahead and back."""
    ends = [network.start] * (2 if network.num_directions == 2 else 1)
    logits = reference_logits(network, np.array([ends[0], *codes, *ends[1:]]))
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    ahead = [(t, 0, code) for t, code in enumerate([*codes, 4])]
    back = [(t, 1, code) for t, code in enumerate([4, *codes], start=1)]
    sums = []
    for d, places in enumerate([ahead, back][: network.num_directions]):
        is_end = len(codes) if d == 0 else 0
        sums.append(
            sum(
                logs[place]
                for number, place in enumerate(places)
                if number == is_end or place[2] < 4
            )
        )
    return sums


@pytest.mark.parametrize("changes", VARIANTS)
def test_log_likelihoods__are_the_equations(changes: dict[str, object]) -> None:
    network = make_network(**changes)
    expected = [reference_likelihoods(network, codes) for codes in encode(*TEXTS)]
    found = log_likelihoods(network, encode(*TEXTS))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)
    assert count_predicted(4, encode(*TEXTS)).tolist() == [9, 2, 5, 1, 2]


@pytest.mark.parametrize("changes", VARIANTS)
def test_log_likelihoods__are_of_a_proper_distribution(changes: dict[str, object]) -> None:
    network, longest = make_network(**changes), 4
    sequences = [
        np.array(codes, np.uint8)
        for length in range(longest + 1)
        for codes in product(range(4), repeat=length)
    ]
    chances = np.exp(log_likelihoods(network, sequences))
    assert (chances.sum(axis=0) < 1).all()
    # what is left is the probability that a sequence goes on behind the last letter
    tokens = np.array([[network.start, *codes] for codes in sequences if len(codes) == longest])
    states = network.first_states(len(tokens))
    for column in tokens.T:
        logits, states = network.step(column, states)
    ends = np.exp(logits[:, 4]) / np.exp(logits).sum(axis=1)
    longer = chances[-len(tokens) :, 0] * (1 - ends) / ends
    np.testing.assert_allclose(chances[:, 0].sum() + longer.sum(), 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_log_likelihoods__back_are_those_ahead_of_what_is_reversed(cell: str) -> None:
    network = make_network(cell=cell, bidirectional=True)
    other = make_network(cell=cell, bidirectional=True)
    arrays, mirrored = network.parameters.views(), other.parameters.views()
    for name, value in arrays.items():
        if name.startswith(cell):
            twin = name.removesuffix("_reverse")
            mirrored[twin + "_reverse" * (twin == name)][...] = value
    mirrored["head.weight"][...] = np.roll(arrays["head.weight"], 6, axis=1)
    reverse = [codes[::-1] for codes in encode(*TEXTS)]
    found, expected = log_likelihoods(other, reverse), log_likelihoods(network, encode(*TEXTS))
    np.testing.assert_allclose(found, expected[:, ::-1], rtol=0, atol=1e-12)


def test_log_likelihoods__do_not_depend_on_the_batch() -> None:
    network = make_network(dtype="float32", bidirectional=True, hidden_size=17)
    rng = np.random.default_rng(3)
    encoded = [rng.integers(0, 16, rng.integers(1, 40)).astype(np.uint8) for _ in range(50)]
    together = log_likelihoods(network, encoded)
    order = rng.permutation(50)
    assert_same_bits(log_likelihoods(network, [encoded[k] for k in order]), together[order])
    alone = [log_likelihoods(network, [codes])[0] for codes in encoded]
    assert_same_bits(np.array(alone), together)


@pytest.mark.parametrize("changes", VARIANTS)
def test_write_gradients__returns_the_mean_over_what_is_predicted(
    changes: dict[str, object],
) -> None:
    network, data, chosen = make_network(**changes), make_set(*TEXTS), np.array([3, 0, 1])
    sums = log_likelihoods(network, [data.encoded[k] for k in chosen])
    n_predicted = count_predicted(4, [data.encoded[k] for k in chosen]).sum()
    loss = LanguageModelling().write_gradients(network, data, chosen)
    np.testing.assert_allclose(loss, -sums.sum() / (n_predicted * sums.shape[1]), rtol=1e-12)


@pytest.mark.parametrize("changes", VARIANTS)
def test_write_gradients__has_the_gradient_of_central_differences(
    changes: dict[str, object],
) -> None:
    network, data, chosen = make_network(**changes), make_set(*TEXTS), np.array([3, 0, 1])
    objective = LanguageModelling()
    objective.write_gradients(network, data, chosen)
    assert_slopes_of_store(
        lambda: objective.write_gradients(network, data, chosen), network.parameters
    )


def test_validate__says_nats_of_both_directions_and_bits_ahead() -> None:
    network, data = make_network(bidirectional=True), make_set(*TEXTS)
    loss, bits = LanguageModelling().validate(network, data)
    sums = log_likelihoods(network, data.encoded).sum(axis=0)
    np.testing.assert_allclose(loss, -sums.sum() / (2 * 19), rtol=1e-12)
    np.testing.assert_allclose(bits, -sums[0] / 19 / np.log(2), rtol=1e-12)
