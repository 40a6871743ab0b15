"""Checks that an installation computes what it should; each returns None or what is wrong."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable

import numpy as np

from fastgru.estimators.classifier import SequenceClassifier
from fastgru.kernels.loss import softmax_cross_entropy
from fastgru.models.architecture import POOLINGS, Architecture
from fastgru.models.network import SequenceNetwork

_SMALL = Architecture(
    n_letters=4,
    n_outputs=3,
    n_positions=12,
    embedding_size=5,
    hidden_size=20,
    num_layers=1,
    bidirectional=True,
    pooling=POOLINGS,
    dropout=0.0,
    dtype="float32",
)
_MOTIF = "TATAAT"


def check_gradients() -> str | None:
    """Compare the gradient of each parameter with differences of the loss, in single precision.

    Along one random direction for each: a step of 0.02 leaves about four digits of the slope.
    """
    rng = np.random.default_rng(0)
    network = SequenceNetwork(_SMALL, np.eye(4), 0)
    tokens, lengths = rng.integers(0, 4, (9, 12)), np.array([12, 0, 5, 12, 1, 7, 3, 9, 10])
    targets, weights = rng.integers(0, 3, 9), np.ones(9)

    def loss() -> float:
        logits = network.forward(tokens, lengths, training=True)
        dlogits = np.empty_like(logits)
        value = softmax_cross_entropy(logits, targets, weights, 0.0, 0.0, dlogits)
        network.backward(dlogits)
        return float(value)

    loss()
    values, gradient = network.parameters.values, network.parameters.grads.copy()
    for name, place in network.parameters.places().items():
        direction = rng.standard_normal(values[place].shape)
        direction *= 0.01 / np.sqrt((direction**2).sum())
        before = values[place].copy()
        values[place] = before + direction
        above = loss()
        values[place] = before - direction
        below = loss()
        values[place] = before
        expected = 2 * float((gradient[place] * direction).sum())
        if abs(above - below - expected) > 1e-5 + 0.02 * abs(expected):
            return f"{name}: the loss changes by {above - below:.3e}, expected {expected:.3e}"
    return None


def _planted(n: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return random sequences, every other one with a motif somewhere, and their labels."""
    sequences, labels = [], []
    for number in range(n):
        letters = "".join(rng.choice(list("ACGT"), 40))
        if number % 2:
            place = rng.integers(0, 34)
            letters = letters[:place] + _MOTIF + letters[place + 6 :]
        sequences.append(letters)
        labels.append("motif" if number % 2 else "background")
    return sequences, labels


def _small_classifier(threads: int | None, max_epochs: int) -> SequenceClassifier:
    return SequenceClassifier(
        hidden_size=32, max_epochs=max_epochs, dropout=0.0, learning_rate=1e-2, threads=threads,
        random_state=0,
    )  # fmt: skip


def check_training() -> str | None:
    """Train on sequences with a planted motif: it must be found, and bits must agree."""
    rng = np.random.default_rng(1)
    sequences, labels = _planted(1200, rng)
    unseen, truth = _planted(400, rng)
    # two epochs show any difference, and threads on a busy machine wait for each other
    one, all_threads = (
        _small_classifier(threads, 2).fit(sequences, labels) for threads in (1, None)
    )
    if not np.array_equal(one.predict_proba(unseen), all_threads.predict_proba(unseen)):
        return "one thread and all threads do not give the same bits"
    model = _small_classifier(1, 12).fit(sequences, labels)
    accuracy = model.score(unseen, truth)
    if accuracy < 0.9:
        return f"accuracy {accuracy:.3f} on sequences with a planted motif, expected at least 0.9"
    return _check_file(model, unseen)


def _check_file(model: SequenceClassifier, unseen: list[str]) -> str | None:
    expected = model.predict_proba(unseen)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        model.save(path)
        again = SequenceClassifier.load(path).predict_proba(unseen)
    return None if np.array_equal(expected, again) else "a model read back predicts otherwise"


CHECKS: dict[str, Callable[[], str | None]] = {
    "gradients against differences of the loss": check_gradients,
    "training, threads and model file": check_training,
}
