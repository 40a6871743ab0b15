from __future__ import annotations

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.layers.crf import UNKNOWN
from fastgru.models.network import SequenceNetwork
from fastgru.training.batches import LabelledSet
from fastgru.training.tagging import (
    Tagging,
    predict_step_labels,
    predict_step_probabilities,
    predict_steps,
)
from tests.architectures import small_architecture
from tests.gradients import assert_slopes_of_store

DNA = get_alphabet("dna")
LETTERS = ["ACGTA", "GG", "TTACGA"]


def make_network(**changes: object) -> SequenceNetwork:
    sizes: dict[str, object] = {
        "n_outputs": 3,
        "embedding_size": 2,
        "hidden_size": 3,
        "bidirectional": True,
        "pooling": (),
    }
    network = SequenceNetwork(small_architecture(**{**sizes, **changes}), DNA.mixture, 0)
    rng = np.random.default_rng(1)
    network.parameters.values[:] += 0.5 * rng.standard_normal(len(network.parameters.values))
    return network


def make_data(rng: np.random.Generator, *, masked: bool = False) -> LabelledSet:
    targets = np.empty(len(LETTERS), object)
    for k, letters in enumerate(LETTERS):
        targets[k] = rng.integers(UNKNOWN, 3, len(letters)).astype(np.int32)
        targets[k][0] = k % 3
        if masked:
            targets[k][:] = UNKNOWN
    return LabelledSet([DNA.encode(s) for s in LETTERS], targets, np.array([1.0, 0.5, 2.0]))


CASES = [
    {"crf": False},
    {"crf": True},
    {"crf": True, "reverse_complement": "average"},
    {"crf": False, "reverse_complement": "average", "conv_channels": (4,), "conv_width": (3,)},
    {"crf": True, "reverse_complement": "equivariant", "embedding_size": 4},
]


@pytest.mark.parametrize("changes", CASES)
def test_write_gradients__is_the_slope_of_the_loss(
    changes: dict[str, object], rng: np.random.Generator
) -> None:
    network, data = make_network(**changes), make_data(rng)
    objective = Tagging(np.array([1.0, 2.0, 0.0]), 0.1, 1.5)
    everything = np.arange(3)
    loss = objective.write_gradients(network, data, everything)
    assert np.isfinite(loss)
    assert_slopes_of_store(
        lambda: objective.write_gradients(network, data, everything), network.parameters
    )


@pytest.mark.parametrize("crf", [False, True])
def test_write_gradients__of_nothing_known_is_zero(crf: bool, rng: np.random.Generator) -> None:
    network, data = make_network(crf=crf), make_data(rng, masked=True)
    assert Tagging(np.ones(3)).write_gradients(network, data, np.arange(3)) == 0
    assert not network.parameters.grads.any()


def test_write_gradients__weighs_letters_alike(rng: np.random.Generator) -> None:
    network, data = make_network(), make_data(rng)
    data = LabelledSet(data.encoded, data.targets, np.ones(3))
    loss = Tagging(np.ones(3)).write_gradients(network, data, np.arange(3))
    rows = np.concatenate(predict_step_probabilities(network, data.encoded))
    labels = np.concatenate(list(data.targets))
    known = np.flatnonzero(labels != UNKNOWN)
    assert loss == pytest.approx(-np.log(rows[known, labels[known]]).mean(), rel=1e-12)


@pytest.mark.parametrize("crf", [False, True])
def test_validate__is_the_plain_loss_of_training_and_the_share_that_is_right(
    crf: bool, rng: np.random.Generator
) -> None:
    network, data = make_network(crf=crf), make_data(rng)
    weights = np.array([1.0, 2.0, 0.5])
    loss, accuracy = Tagging(weights, 0.3, 1.0).validate(network, data)
    plain = Tagging(weights).write_gradients(network, data, np.arange(3))
    assert loss == pytest.approx(plain, rel=1e-12)
    predicted = np.concatenate(predict_step_labels(network, data.encoded))
    labels = np.concatenate(list(data.targets))
    known = labels != UNKNOWN
    assert accuracy == (predicted[known] == labels[known]).mean()


@pytest.mark.parametrize("crf", [False, True])
def test_predict_steps__says_both_in_one_pass(crf: bool, rng: np.random.Generator) -> None:
    network, data = make_network(crf=crf), make_data(rng)
    labels = predict_step_labels(network, data.encoded)
    probabilities = predict_step_probabilities(network, data.encoded)
    found = predict_steps(network, data.encoded)
    assert len(found) == len(labels)
    for (row, chances), expected, of_each in zip(found, labels, probabilities, strict=True):
        np.testing.assert_array_equal(row, expected)
        np.testing.assert_array_equal(chances, of_each)
