"""Trials: what they choose, how they end, and that none is lost or done twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastgru.errors import DivergenceError
from fastgru.estimators.search import TIME_IS_UP, Report, TrialResult, run_trial, seconds_left
from fastgru.estimators.search_journal import create_study
from fastgru.estimators.search_space import Choice, Range, Space
from fastgru.training.state import Epoch

SPACE: Space = {
    "dropout": Range(0.0, 0.5),
    "hidden_size": Range(4, 64, log=True),
    "num_layers": Range(1, 3),
    "pooling": Choice((("last",), ("mean", "max"))),
}


def epoch(number: int, loss: float) -> Epoch:
    return Epoch(number, 0.1, 0.5, loss, 0.5, 1.0)


class Killed(BaseException):
    """What ends a process."""


class Trials:
    """Runs trials whose losses are given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.chosen: list[dict[str, Any]] = []

    def study(self) -> Any:
        return create_study(str(self.path), "search", {})

    def run(
        self,
        losses: list[float],
        *,
        job: str | None = None,
        seed: int = 0,
        time_left: Callable[[], float] = lambda: math.inf,
        end: BaseException | None = None,
        known: int = 0,
    ) -> TrialResult:
        def train(parameters: dict[str, Any], make_report: Callable[[int], Report]) -> None:
            self.chosen.append(parameters)
            report = make_report(len(losses))
            epochs = [epoch(number, loss) for number, loss in enumerate(losses, start=1)]
            report.go_on(epochs[:known])
            for each in epochs[known:]:
                report.add(each)
            if end is not None:
                raise end

        return run_trial(self.study(), SPACE, train, job=job, seed=seed, time_left=time_left)


@pytest.fixture
def trials(tmp_path: Path) -> Trials:
    return Trials(tmp_path / "journal.log")


def test_run_trial__is_judged_by_the_lowest_loss(trials: Trials) -> None:
    result = trials.run([0.9, 0.3, 0.5])
    assert (result.number, result.state, result.reason) == (0, "complete", None)
    assert (result.validation_loss, result.best_epoch, result.n_epochs) == (0.3, 2, 3)
    assert result.parameters == trials.chosen[0]
    assert trials.study().best_value == 0.3


def test_run_trial__chooses_from_the_space(trials: Trials) -> None:
    for _ in range(14):  # more than those that are drawn at random
        trials.run([0.5])
    for chosen in trials.chosen:
        assert 0 <= chosen["dropout"] <= 0.5
        assert chosen["dropout"] == float(f"{chosen['dropout']:.6g}")
        assert chosen["hidden_size"] in range(4, 65)
        assert chosen["num_layers"] in (1, 2, 3)
        assert chosen["pooling"] in (["last"], ["mean", "max"])
    assert len({chosen["dropout"] for chosen in trials.chosen}) > 10


def test_run_trial__one_at_a_time_depends_on_the_seed_alone(tmp_path: Path) -> None:
    runs = [Trials(tmp_path / name) for name in "abc"]
    for trials, seed in zip(runs, (1, 1, 2), strict=True):
        for number in range(13):
            trials.run([0.5 - number / 100, 0.4], seed=seed)
    assert runs[0].chosen == runs[1].chosen
    assert runs[0].chosen != runs[2].chosen


def test_run_trial__learns_from_others(trials: Trials) -> None:
    def loss_of(chosen: dict[str, Any]) -> float:
        return abs(chosen["dropout"] - 0.4)

    for _ in range(30):
        run_trial(
            *(trials.study(), {"dropout": SPACE["dropout"]}),
            lambda chosen, make_report: make_report(1).add(epoch(1, loss_of(chosen))),
            job=None,
            seed=3,
            time_left=lambda: math.inf,
        )
    losses = [trial.value for trial in trials.study().get_trials()]
    assert sum(losses[20:]) < sum(losses[:10]) / 2


def test_run_trial__ends_what_is_hopeless(trials: Trials) -> None:
    for _ in range(5):
        assert trials.run([0.5] * 8).state == "complete"
    result = trials.run([0.9] * 8)
    assert result.state == "pruned"
    assert result.reason is not None
    assert result.reason.startswith("hopeless: ")
    assert result.n_epochs == 5  # not before
    assert result.validation_loss == 0.9
    assert trials.run([0.4] * 8).state == "complete"


@pytest.mark.parametrize("error", [DivergenceError("diverged. Lower it."), MemoryError()])
def test_run_trial__that_fails_says_why_and_lets_others_go_on(
    error: BaseException, trials: Trials
) -> None:
    result = trials.run([0.5], end=error)
    assert (result.state, result.reason) == ("failed", str(error) or "not enough memory")
    assert trials.run([0.5]).state == "complete"


def test_run_trial__that_was_killed_goes_on_when_its_job_is_repeated(trials: Trials) -> None:
    with pytest.raises(Killed):
        trials.run([0.9, 0.8], job="a", end=Killed())
    with pytest.raises(Killed):
        trials.run([0.9, 0.7], job="b", end=Killed())
    assert trials.run([0.5], job="c").number == 2  # nobody waits
    # the checkpoint knows of an epoch that was not reported
    result = trials.run([0.9, 0.8, 0.6, 0.65], job="a", known=3)
    assert (result.number, result.state, result.n_epochs) == (0, "complete", 4)
    assert (result.validation_loss, result.best_epoch) == (0.6, 3)
    assert trials.chosen[3] == trials.chosen[0]
    assert [trial.state.name for trial in trials.study().get_trials()] == [
        "COMPLETE",
        "RUNNING",
        "COMPLETE",
    ]


def test_run_trial__that_was_killed_before_it_chose_chooses_as_it_would_have(
    tmp_path: Path,
) -> None:
    whole, killed = Trials(tmp_path / "a"), Trials(tmp_path / "b")
    whole.run([0.5], job="x")
    begun = killed.study().ask()
    begun.set_user_attr("job", "x")
    assert killed.run([0.5], job="x").number == 0
    assert killed.chosen == whole.chosen


@pytest.mark.parametrize("end", [None, DivergenceError("no")])
def test_run_trial__that_has_ended_is_not_done_again(
    end: BaseException | None, trials: Trials
) -> None:
    first = trials.run([0.9, 0.8], job="a", end=end)
    assert trials.run([0.1], job="a") == first
    assert len(trials.chosen) == 1


def test_run_trial__begins_none_when_the_time_is_up(trials: Trials) -> None:
    result = trials.run([0.5], job="a", time_left=lambda: 0)
    assert result == TrialResult(None, "skipped", TIME_IS_UP, {}, None, 0, 0)
    assert trials.study().get_trials() == []
    assert trials.chosen == []


def test_run_trial__ends_with_its_epoch_when_the_time_is_up(trials: Trials) -> None:
    left = iter([10, 10, 5, 0])
    result = trials.run([0.5, 0.4, 0.3, 0.2], time_left=lambda: next(left))
    assert (result.state, result.reason) == ("pruned", TIME_IS_UP)
    assert (result.n_epochs, result.validation_loss) == (2, 0.4)


def test_run_trial__that_has_run_all_epochs_is_complete_whatever_the_time(trials: Trials) -> None:
    left = iter([10, 10, 0])
    assert trials.run([0.5], time_left=lambda: next(left)).state == "complete"


def test_run_trial__that_was_killed_ends_if_the_time_is_up(trials: Trials) -> None:
    with pytest.raises(Killed):
        trials.run([0.9, 0.8], job="a", end=Killed())
    result = trials.run([0.9, 0.8, 0.7], job="a", time_left=lambda: -1)
    assert (result.state, result.validation_loss, result.n_epochs) == ("pruned", 0.8, 2)


def test_seconds_left__counts_from_the_first_trial(trials: Trials) -> None:
    study = trials.study()
    assert seconds_left(study, None) == math.inf
    assert seconds_left(study, 60, clock=lambda: 1e12) == 60
    trials.run([0.5])
    trials.run([0.5])
    start = trials.study().get_trials()[0].datetime_start.timestamp()
    assert seconds_left(trials.study(), 60, clock=lambda: start + 45) == pytest.approx(15)
    assert seconds_left(trials.study(), 60, clock=lambda: start + 90) == pytest.approx(-30)
    assert 0 < seconds_left(trials.study(), 600) < 600
