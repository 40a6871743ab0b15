from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from fastgru._numba import threads_limited_to
from fastgru.data.alphabets import get_alphabet
from fastgru.errors import DivergenceError
from fastgru.models.network import SequenceNetwork
from fastgru.training import prediction
from fastgru.training.batches import LabelledSet
from fastgru.training.classification import Classification
from fastgru.training.loop import train
from fastgru.training.prediction import predict_attention, predict_probabilities
from fastgru.training.schedule import cosine_with_warmup
from fastgru.training.state import Epoch, TrainingOptions
from tests.architectures import small_architecture
from tests.comparing import assert_same_bits
from tests.planted import plant

DNA = get_alphabet("dna")
OPTIONS = TrainingOptions(
    batch_size=16,
    max_epochs=4,
    learning_rate=1e-2,
    weight_decay=1e-2,
    clip_norm=1.0,
    warmup_fraction=0.1,
    early_stopping=True,
    n_iter_no_change=10,
    random_state=5,
)

CLASSES = Classification()


def make_set(n: int, seed: int) -> LabelledSet:
    sequences, labels = plant(n, seed)
    encoded = [DNA.encode(letters) for letters in sequences]
    return LabelledSet(encoded, np.array([label == "yes" for label in labels], int), np.ones(n))


def make_network(seed: int = 1, hidden_size: int = 16, **changes: object) -> SequenceNetwork:
    sizes: dict[str, object] = {
        "embedding_size": 4,
        "hidden_size": hidden_size,
        "bidirectional": True,
        "pooling": ("last", "max"),
        "dropout": 0.1,
        "dtype": "float32",
    }
    return SequenceNetwork(small_architecture(**{**sizes, **changes}), DNA.mixture, seed)


def test_train__finds_a_planted_motif() -> None:
    network, options = make_network(hidden_size=24), replace(OPTIONS, max_epochs=15)
    history, _ = train(network, make_set(600, 1), make_set(100, 2), CLASSES, options)
    unseen = make_set(200, 3)
    predicted = predict_probabilities(network, unseen.encoded).argmax(axis=1)
    assert np.mean(predicted == unseen.targets) > 0.9
    assert history[-1].train_loss < 0.5 * history[0].train_loss


def test_train__restores_the_best_epoch_and_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([0.9, 0.5, 0.7, 0.6, 0.5, 0.1])
    seen: list[np.ndarray] = []

    def validate(
        self: Classification, network: SequenceNetwork, data: LabelledSet
    ) -> tuple[float, float]:
        seen.append(network.parameters.values.copy())
        return next(losses), 0.5

    monkeypatch.setattr(Classification, "validate", validate)
    network, options = make_network(), replace(OPTIONS, max_epochs=9, n_iter_no_change=3)
    history, best = train(network, make_set(32, 1), make_set(4, 2), CLASSES, options)
    # 0.5 again in epoch 5 is no progress, and 0.1 in epoch 6 is never seen
    assert [epoch.validation_loss for epoch in history] == [0.9, 0.5, 0.7, 0.6, 0.5]
    assert best == 2
    np.testing.assert_array_equal(network.parameters.values, seen[1])
    assert not np.array_equal(network.parameters.values, seen[4])


def test_train__without_early_stopping_only_looks_at_the_validation_set() -> None:
    watched, blind = make_network(), make_network()
    options = replace(OPTIONS, early_stopping=False, n_iter_no_change=1, max_epochs=5)
    history, best = train(watched, make_set(64, 1), make_set(20, 2), CLASSES, options)
    others, best_blind = train(blind, make_set(64, 1), None, CLASSES, options)
    assert best == best_blind == len(history) == len(others) == 5
    assert all(math.isfinite(epoch.validation_loss) for epoch in history)
    assert all(math.isnan(epoch.validation_loss) for epoch in others)
    np.testing.assert_array_equal(watched.parameters.values, blind.parameters.values)


def test_train__reports_each_epoch_as_it_ends() -> None:
    reported: list[Epoch] = []
    data = make_set(40, 1), make_set(8, 2)
    history, _ = train(make_network(), *data, CLASSES, OPTIONS, reported.append)
    assert reported == history
    assert [epoch.epoch for epoch in history] == [1, 2, 3, 4]
    n_steps = 3 * 4
    for epoch in history:
        rate = 1e-2 * cosine_with_warmup(3 * epoch.epoch, n_steps, 0.1)
        assert epoch.learning_rate == pytest.approx(rate)
        assert 0 <= epoch.validation_score <= 1
        assert epoch.gradient_norm > 0
    assert list(history[0].to_dict("accuracy")) == [
        "epoch",
        "learning_rate",
        "train_loss",
        "validation_loss",
        "validation_accuracy",
        "gradient_norm",
    ]


@pytest.mark.parametrize("threads", [1, 2])
def test_train__gives_the_same_bits_for_the_same_seed(threads: int) -> None:
    def trained(seed: int, network_seed: int = 1) -> bytes:
        network = make_network(network_seed, hidden_size=40, num_layers=2)
        options = replace(OPTIONS, random_state=seed, batch_size=48, max_epochs=2)
        train(network, make_set(96, 1), make_set(30, 2), CLASSES, options)
        return network.parameters.values.tobytes()

    with threads_limited_to(threads):
        expected = trained(5)
        assert trained(5) == expected
    with threads_limited_to(1):
        assert trained(5) == expected
    assert trained(6) != expected
    assert trained(5, network_seed=2) != expected


def test_train__counts_a_weight_of_three_as_three_copies() -> None:
    data = make_set(12, 1)
    tripled = replace(data, weights=np.where(data.targets == 1, 3.0, 1.0))
    numbers = np.concatenate([np.flatnonzero(data.targets == k) for k in (0, 1, 1, 1)])
    copies = LabelledSet(
        [data.encoded[k] for k in numbers], data.targets[numbers], np.ones(len(numbers))
    )
    # whole batches, so that the order does not matter
    options = replace(OPTIONS, batch_size=100, max_epochs=5, early_stopping=False)
    networks = [make_network(dtype="float64", dropout=0.0) for _ in range(2)]
    histories = [
        train(network, given, copies, CLASSES, options)[0]
        for network, given in zip(networks, (tripled, copies), strict=True)
    ]
    np.testing.assert_allclose(
        networks[0].parameters.values, networks[1].parameters.values, rtol=0, atol=1e-9
    )
    assert histories[0][-1].train_loss == pytest.approx(histories[1][-1].train_loss)


def test_train__weighs_the_validation_loss() -> None:
    data = make_set(12, 1)
    weights = np.zeros(12)
    weights[3] = 2.0
    network = make_network()
    options = replace(OPTIONS, max_epochs=1)
    (epoch,), _ = train(network, data, replace(data, weights=weights), CLASSES, options)
    probability = predict_probabilities(network, [data.encoded[3]])[0, data.targets[3]]
    assert epoch.validation_loss == pytest.approx(-math.log(probability))


@pytest.mark.parametrize("rate", [1e18, 1e30])
@pytest.mark.parametrize("validation", [None, make_set(8, 2)])
def test_train__says_when_it_diverges(rate: float, validation: LabelledSet | None) -> None:
    options = replace(OPTIONS, learning_rate=rate, weight_decay=0.1, warmup_fraction=0.0)
    message = (
        r"training: the (norm of the gradient|validation loss|largest weight) is (nan|inf) in "
        rf"epoch \d, expected a finite number\. Lower learning_rate, now {rate:g}\."
    )
    with (
        np.errstate(all="ignore"),
        pytest.raises(DivergenceError, match=message.replace("+", r"\+")),
    ):
        train(make_network(), make_set(64, 1), validation, CLASSES, options)


def test_train__says_so_when_the_last_step_diverges() -> None:
    # no gradient follows that would show it
    options = replace(
        OPTIONS, learning_rate=1e30, weight_decay=1e9, max_epochs=1, warmup_fraction=0.0
    )
    with (
        np.errstate(all="ignore"),
        pytest.raises(DivergenceError, match="the largest weight is inf"),
    ):
        train(make_network(), make_set(8, 1), None, CLASSES, replace(options, batch_size=8))


def test_predict_probabilities__are_probabilities_in_input_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, data = make_network(), make_set(30, 4)
    encoded = [codes[: 5 + k % 20] for k, codes in enumerate(data.encoded)]
    expected = [predict_probabilities(network, [codes])[0] for codes in encoded]
    for limit in (1, 70, 1 << 16):
        monkeypatch.setattr(prediction, "MAX_PREDICTION_TOKENS", limit)
        actual = predict_probabilities(network, encoded)
        assert actual.dtype == np.float64
        assert actual.tobytes() == np.array(expected).tobytes()
    np.testing.assert_allclose(actual.sum(axis=1), 1, rtol=0, atol=1e-15)


def test_predict_attention__is_in_input_order_and_of_each_sequence_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, data = make_network(pooling=("attention",)), make_set(30, 4)
    network.parameters.views()["attention.weight"][:] = np.linspace(-9, 9, 32)
    encoded = [codes[: 5 + k % 20] for k, codes in enumerate(data.encoded)]
    expected = [predict_attention(network, [codes])[0] for codes in encoded]
    for limit in (1, 70, 1 << 16):
        monkeypatch.setattr(prediction, "MAX_PREDICTION_TOKENS", limit)
        for found, alone, codes in zip(
            predict_attention(network, encoded), expected, encoded, strict=True
        ):
            assert found.shape == codes.shape
            assert_same_bits(found, alone)
            assert found.dtype == np.float64
            assert found.sum() == pytest.approx(1, abs=1e-6)


def test_predict_probabilities__of_nothing_is_empty() -> None:
    assert predict_probabilities(make_network(), []).shape == (0, 2)
