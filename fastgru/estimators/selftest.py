"""Checks that an installation computes what it should; each returns None or what is wrong."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable

import numpy as np

from fastgru.estimators.classifier import SequenceClassifier
from fastgru.layers.gru import GRU

_MOTIF = "TATAAT"


def check_gradients() -> str | None:
    """Compare the gradients of a small layer with central differences, in double precision."""
    rng = np.random.default_rng(0)
    gru = GRU(3, 5, bidirectional=True, dtype="float64", random_state=0)
    x, lengths = rng.standard_normal((3, 7, 3)), np.array([7, 0, 4])
    dy = rng.standard_normal((3, 7, 10))

    def loss() -> float:
        return float((gru.forward(x, lengths)[0] * dy).sum())

    loss()
    gru.backward(dy)
    worst, step = 0.0, 1e-6
    for name, value in gru.parameters.items():
        for at in np.ndindex(value.shape):
            before = value[at]
            value[at] = before + step
            above = loss()
            value[at] = before - step
            below = loss()
            value[at] = before
            worst = max(worst, abs((above - below) / (2 * step) - float(gru.grads[name][at])))
    return None if worst < 1e-7 else f"a gradient is off by {worst:.1e}, expected below 1e-7"


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


def _small_classifier(threads: int | None) -> SequenceClassifier:
    return SequenceClassifier(
        hidden_size=32, max_epochs=12, dropout=0.0, learning_rate=1e-2, threads=threads,
        random_state=0,
    )  # fmt: skip


def check_training() -> str | None:
    """Train twice on sequences with a planted motif: it must be found, and bits must agree."""
    rng = np.random.default_rng(1)
    sequences, labels = _planted(1200, rng)
    unseen, truth = _planted(400, rng)
    one, all_threads = (_small_classifier(threads).fit(sequences, labels) for threads in (1, None))
    probabilities = one.predict_proba(unseen)
    if not np.array_equal(probabilities, all_threads.predict_proba(unseen)):
        return "one thread and all threads do not give the same bits"
    accuracy = one.score(unseen, truth)
    if accuracy < 0.9:
        return f"accuracy {accuracy:.3f} on sequences with a planted motif, expected at least 0.9"
    return _check_file(one, unseen, probabilities)


def _check_file(model: SequenceClassifier, unseen: list[str], expected: np.ndarray) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        model.save(path)
        again = SequenceClassifier.load(path).predict_proba(unseen)
    return None if np.array_equal(expected, again) else "a model read back predicts otherwise"


CHECKS: dict[str, Callable[[], str | None]] = {
    "gradients against central differences": check_gradients,
    "training, threads and model file": check_training,
}
