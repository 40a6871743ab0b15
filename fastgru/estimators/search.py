"""The trials of a search: what they try, what they report, and how they end.

A trial belongs to a job, which has a name that stays the same when it is repeated.  A job that was
killed goes on with the trial that it had begun; one whose trial has ended finds its result.  So no
trial is lost, none is done twice, and whatever a killed job leaves behind keeps nobody waiting.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastgru.errors import DivergenceError
from fastgru.estimators.search_space import Choice, Space
from fastgru.training.state import Epoch

if TYPE_CHECKING:
    import optuna

__all__ = ["TIME_IS_UP", "Report", "TrialResult", "run_trial", "seconds_left"]

TIME_IS_UP = "the time budget is spent"
_HOPELESS = "hopeless: the validation loss is above the median of other trials at that epoch"
_JOB, _REASON = "job", "reason"
_STARTUP_TRIALS, _WARMUP_EPOCHS = 5, 5


@dataclass(frozen=True)
class TrialResult:
    """How a trial has ended.

    Attributes
    ----------
    number
        From 0, in the order in which trials were begun; None if it was not.
    state
        ``complete``, ``pruned``, ``failed`` or ``skipped``.
    reason
        Why it is not complete; None if it is.
    parameters
        Those that were searched.
    validation_loss
        The lowest; None if there is none.
    best_epoch
        That of the lowest, from 1; 0 for none.
    n_epochs
        Epochs that were run.
    """

    number: int | None
    state: str
    reason: str | None
    parameters: dict[str, Any]
    validation_loss: float | None
    best_epoch: int
    n_epochs: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


class _Stopped(Exception):
    """Ends a training; its text is the reason."""


class Report:
    """What a training tells about its epochs, and what ends it early.

    Parameters
    ----------
    trial
    max_epochs
        Epochs after which training ends by itself.
    time_left
        Returns the seconds that are left.
    """

    def __init__(
        self, trial: optuna.Trial, max_epochs: int, time_left: Callable[[], float]
    ) -> None:
        self._trial = trial
        self._max_epochs = max_epochs
        self._time_left = time_left
        self._known = set(trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values)

    def add(self, epoch: Epoch) -> None:
        """Note an epoch, and end the training if it is hopeless or its time is up."""
        self._note(epoch)
        if epoch.epoch == self._max_epochs:
            return
        if self._trial.should_prune():
            raise _Stopped(_HOPELESS)
        if self._time_left() <= 0:
            raise _Stopped(TIME_IS_UP)

    def go_on(self, epochs: list[Epoch]) -> None:
        """Note the epochs of a checkpoint, which was written before the last of them was noted."""
        for epoch in epochs:
            self._note(epoch)

    def _note(self, epoch: Epoch) -> None:
        if epoch.epoch not in self._known:
            self._known.add(epoch.epoch)
            self._trial.report(epoch.validation_loss, epoch.epoch)


def run_trial(
    study: optuna.Study,
    space: Space,
    train: Callable[[dict[str, Any], Callable[[int], Report]], None],
    *,
    job: str | None,
    seed: int,
    time_left: Callable[[], float],
) -> TrialResult:
    """Run one trial, go on with one, or return what one has ended with.

    Parameters
    ----------
    study
    space
        What to choose from.
    train
        Is called with the chosen parameters, and with what makes a report of the most epochs; the
        report is to be told of each epoch.
    job
        Name of the job that the trial belongs to; None for a trial that nobody takes up again.
    seed
        Source of the choice, with the number of the trial and the results at hand.
    time_left
        Returns the seconds of the budget that are left.
    """
    trial = _find(study, job)
    if trial is not None and trial.state.is_finished():
        return describe_trial(trial)
    if trial is None and time_left() <= 0:
        return TrialResult(None, "skipped", TIME_IS_UP, {}, None, 0, 0)
    active = _take_up(study, trial, job)
    chosen = _choose(active, space, seed)
    state, reason = "COMPLETE", None
    try:
        if time_left() <= 0:
            raise _Stopped(TIME_IS_UP)
        train(chosen, lambda max_epochs: Report(active, max_epochs, time_left))
    except _Stopped as stop:
        state, reason = "PRUNED", str(stop)
    except (DivergenceError, MemoryError) as error:
        state, reason = "FAIL", str(error) or "not enough memory"
    return _finish(active, state, reason)


def seconds_left(
    study: optuna.Study, budget: float | None, clock: Callable[[], float] = time.time
) -> float:
    """Return how many seconds of a budget are left since the first trial of a study was begun.

    Parameters
    ----------
    study
    budget
        Seconds; None for no end.
    clock
        Returns the seconds since 1970.
    """
    if budget is None:
        return np.inf
    begun = [trial.datetime_start for trial in study.get_trials(deepcopy=False)]
    starts = [moment.timestamp() for moment in begun if moment is not None]
    return budget - (clock() - min(starts)) if starts else budget


def describe_trial(trial: optuna.trial.FrozenTrial) -> TrialResult:
    """Return what a finished trial has ended with."""
    losses = trial.intermediate_values
    best = min(losses, key=lambda epoch: (losses[epoch], epoch), default=0)
    state = {"FAIL": "failed"}.get(trial.state.name, trial.state.name.lower())
    return TrialResult(
        number=trial.number,
        state=state,
        reason=trial.user_attrs.get(_REASON),
        parameters={name: _decode(value) for name, value in sorted(trial.params.items())},
        validation_loss=losses.get(best),
        best_epoch=best,
        n_epochs=len(losses),
    )


def _find(study: optuna.Study, job: str | None) -> optuna.trial.FrozenTrial | None:
    if job is None:
        return None
    same = (trial for trial in study.get_trials() if trial.user_attrs.get(_JOB) == job)
    return next(same, None)


def _take_up(
    study: optuna.Study, trial: optuna.trial.FrozenTrial | None, job: str | None
) -> optuna.Trial:
    import optuna

    if trial is not None:
        return optuna.Trial(study, trial._trial_id)  # which is in no public attribute
    begun = study.ask()
    if job is not None:
        begun.set_user_attr(_JOB, job)
    return begun


def _choose(trial: optuna.Trial, space: Space, seed: int) -> dict[str, Any]:
    """Return the parameters of a trial, those that it has and others that are chosen now."""
    import optuna

    own_seed = int(np.random.SeedSequence([seed, trial.number]).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # each trial has a sampler of its own, so that it need not know what others have drawn; and
        # trials under way count as poor, so that those side by side do not all try the same
        trial.study.sampler = optuna.samplers.TPESampler(
            seed=own_seed, multivariate=False, constant_liar=True
        )
    trial.study.pruner = optuna.pruners.MedianPruner(
        n_startup_trials=_STARTUP_TRIALS, n_warmup_steps=_WARMUP_EPOCHS
    )
    chosen = {}
    for name, entry in space.items():
        if isinstance(entry, Choice):
            chosen[name] = trial.suggest_categorical(name, [_encode(v) for v in entry.values])
        elif isinstance(entry.low, int) and isinstance(entry.high, int):
            step = 1 if entry.step is None else int(entry.step)
            chosen[name] = trial.suggest_int(name, entry.low, entry.high, step=step, log=entry.log)
        else:
            chosen[name] = trial.suggest_float(
                name, entry.low, entry.high, step=entry.step, log=entry.log
            )
    return {name: _decode(value) for name, value in chosen.items()}


def _encode(value: Any) -> Any:
    """Return a value as Optuna keeps it, which has no lists."""
    return ",".join(value) if isinstance(value, tuple) else value


def _decode(value: Any) -> Any:
    # text is the name of poolings: no other parameter that is searched has any
    if isinstance(value, str):
        return value.split(",")
    # rounded to what a reader can copy, before it is trained with
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _finish(trial: optuna.Trial, state: str, reason: str | None) -> TrialResult:
    import optuna

    if reason is not None:
        trial.set_user_attr(_REASON, reason)
    losses = trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values
    value = min(losses.values()) if state == "COMPLETE" else None
    return describe_trial(trial.study.tell(trial, value, optuna.trial.TrialState[state]))
