from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fastgru.errors import ConfigurationError
from fastgru.estimators.search_space import make_space
from fastgru.estimators.search_training import SearchTraining
from fastgru.training.state import Epoch
from tests.planted import plant

FIXED: dict[str, Any] = {
    "hidden_size": 4,
    "max_epochs": 3,
    "batch_size": 16,
    "threads": 1,
    "random_state": 0,
}
TRAINING, VALIDATION = plant(40, seed=1), plant(20, seed=2)


class Recorder:
    """Stands in for the report of a trial."""

    def __init__(self, last: int = 99) -> None:
        self.last = last
        self.losses: list[float] = []
        self.n_known = 0

    def __call__(self, max_epochs: int) -> Any:
        assert max_epochs == 3
        return self

    def add(self, epoch: Epoch) -> None:
        self.losses.append(epoch.validation_loss)
        if epoch.epoch == self.last:
            raise KeyboardInterrupt

    def go_on(self, epochs: list[Epoch]) -> None:
        self.n_known = len(epochs)
        self.losses += [epoch.validation_loss for epoch in epochs]


def test_train__tells_the_losses_that_the_parameters_give(make_classifier) -> None:
    shared = SearchTraining(FIXED, TRAINING, VALIDATION)
    report = Recorder()
    shared.train(None, {"dropout": 0.25}, report)
    model = make_classifier(**{**FIXED, "embedding_size": 16, "dropout": 0.25})
    model.set_params(learning_rate=0.003).fit(*TRAINING, validation_data=VALIDATION)
    assert report.losses == [row["validation_loss"] for row in model.history_]


def test_train__goes_on_from_its_checkpoint_with_the_same_bits(tmp_path: Path) -> None:
    shared = SearchTraining(FIXED, TRAINING, None)
    whole, killed, again = Recorder(), Recorder(last=2), Recorder()
    shared.train(None, {}, whole)
    path = str(tmp_path / "c")
    with pytest.raises(KeyboardInterrupt):
        shared.train(path, {}, killed)
    shared.train(path, {}, again)
    assert again.n_known == 2
    assert again.losses == whole.losses


def test_train__starts_anew_if_the_checkpoint_is_another_one(tmp_path: Path) -> None:
    shared = SearchTraining(FIXED, TRAINING, None)
    path = str(tmp_path / "c")
    shared.train(path, {"dropout": 0.5}, Recorder())
    whole, again = Recorder(), Recorder()
    shared.train(None, {}, whole)
    shared.train(path, {}, again)
    assert again.n_known == 0
    assert again.losses == whole.losses


def test_settings__differ_with_all_that_matters() -> None:
    space = make_space({}, FIXED)
    settings = SearchTraining(FIXED, TRAINING, VALIDATION).settings(space)
    threads = SearchTraining({**FIXED, "threads": 2}, TRAINING, VALIDATION).settings(space)
    assert threads == settings
    assert "threads" not in settings["fixed_options"]
    others = {
        "data": SearchTraining(FIXED, TRAINING, None).settings(space),
        "fixed_options": SearchTraining(
            {**FIXED, "random_state": 1}, TRAINING, VALIDATION
        ).settings(space),
        "space": SearchTraining(FIXED, TRAINING, VALIDATION).settings(make_space({}, {})),
    }
    for name, other in others.items():
        assert [key for key in settings if settings[key] != other[key]] == [name]


def test_search_training__refuses_options_before_any_work() -> None:
    with pytest.raises(ConfigurationError, match="hidden_size must be an integer"):
        SearchTraining({**FIXED, "hidden_size": 0}, ([], []), None)
    with pytest.raises(ConfigurationError, match="search: early_stopping is off, expected it on"):
        SearchTraining({**FIXED, "early_stopping": False}, ([], []), None)
