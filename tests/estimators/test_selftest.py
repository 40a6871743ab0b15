from __future__ import annotations

import numpy as np
import pytest

from fastgru import SequenceClassifier
from fastgru.estimators import selftest
from fastgru.estimators.selftest import CHECKS, check_gradients, check_training
from fastgru.models.network import SequenceNetwork

GRADIENTS = ["embedding.positions", "gru.bias_hh_l0_reverse", "attention.weight", "head.weight"]


@pytest.mark.parametrize("name", CHECKS)
def test_checks__pass_on_a_good_installation(name: str) -> None:
    assert CHECKS[name]() is None


@pytest.mark.parametrize("name", GRADIENTS)
def test_check_gradients__sees_a_wrong_gradient(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backward = SequenceNetwork.backward

    def wrong(network: SequenceNetwork, dlogits: np.ndarray) -> None:
        backward(network, dlogits)
        network.parameters.grads[network.parameters.places()[name]] *= -1

    monkeypatch.setattr(SequenceNetwork, "backward", wrong)
    fault = check_gradients()
    assert fault is not None
    assert fault.startswith(f"{name}: the loss changes by ")


class Broken(SequenceClassifier):
    """Computes otherwise with more than one thread, learns nothing, or forgets on the way."""

    fault = ""

    def predict_proba(self, sequences: list[str]) -> np.ndarray:
        probabilities = super().predict_proba(sequences)
        if self.fault == "threads" and self.threads is None:
            return probabilities + 1e-16
        if self.fault == "learning":
            return np.full_like(probabilities, 0.5)
        return probabilities

    @classmethod
    def load(cls, path: str) -> Broken:
        model = super().load(path)
        if cls.fault == "file":
            model.predict_proba = lambda sequences: np.zeros((len(sequences), 2))
        return model


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("threads", "one thread and all threads do not give the same bits"),
        ("learning", "accuracy 0.500 on sequences with a planted motif, expected at least 0.9"),
        ("file", "a model read back predicts otherwise"),
    ],
)
def test_check_training__sees_a_fault(
    fault: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(threads: int | None, max_epochs: int) -> Broken:
        return Broken(hidden_size=24, max_epochs=1, threads=threads, random_state=0)

    monkeypatch.setattr(Broken, "fault", fault)
    monkeypatch.setattr(selftest, "_small_classifier", small)
    monkeypatch.setattr(selftest, "SequenceClassifier", Broken)
    if fault == "file":
        monkeypatch.setattr(Broken, "score", lambda *_: 1.0)
    assert check_training() == message
