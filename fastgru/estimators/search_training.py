"""What the trials of a search have in common: data, fixed parameters, and how one is trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastgru import __version__
from fastgru.errors import CheckpointError, ConfigurationError
from fastgru.estimators.classifier import SequenceClassifier
from fastgru.estimators.json_values import as_json
from fastgru.estimators.search import Report
from fastgru.estimators.search_space import Space
from fastgru.estimators.training_parameters import check_to_train

__all__ = ["SearchTraining"]

Labelled = tuple[Sequence[str], Sequence[Any]]


class SearchTraining:
    """Trains the classifiers of a search.

    Parameters
    ----------
    fixed
        Parameters that are the same in all trials.
    training
        Sequences and labels to learn from.
    validation
        To judge by; None to hold some out, the same in all trials.

    Raises
    ------
    ConfigurationError
        For a parameter outside its range, or without early stopping.
    """

    def __init__(
        self, fixed: Mapping[str, Any], training: Labelled, validation: Labelled | None
    ) -> None:
        parameters = check_to_train(SequenceClassifier(**fixed).get_params(deep=False))
        if not parameters["early_stopping"]:
            raise ConfigurationError(
                "search: early_stopping is off, expected it on, since a trial is judged by the "
                "epoch that it keeps. Leave the option out."
            )
        self._fixed = dict(fixed)
        self._training = training
        self._validation = validation

    def settings(self, space: Space) -> dict[str, Any]:
        """Return all that a trial depends on beside its own parameters, JSON-able."""
        parts = [[list(part) for part in self._training]]
        if self._validation is not None:
            parts.append([list(part) for part in self._validation])
        return {
            "fastgru_version": __version__,
            "data": hashlib.sha256(json.dumps(parts).encode()).hexdigest(),
            "fixed_options": {
                name: as_json(value) for name, value in self._fixed.items() if name != "threads"
            },
            "space": {name: entry.to_json() for name, entry in space.items()},
        }

    def train(
        self,
        checkpoint: str | None,
        parameters: Mapping[str, Any],
        make_report: Callable[[int], Report],
    ) -> None:
        """Train one classifier, from its checkpoint if there is one.

        Parameters
        ----------
        checkpoint
            Where to keep its state; None for nowhere.
        parameters
            Those of the trial.
        make_report
            Is called with the most epochs, and told of each.
        """
        # the temperature is fitted after the last epoch and changes no validation loss
        model = SequenceClassifier(**{**self._fixed, **parameters, "calibrate": False})
        report = make_report(model.max_epochs)

        def fit(*, resume: bool) -> None:
            model.fit(
                *self._training,
                validation_data=self._validation,
                on_epoch=report.add,
                checkpoint=checkpoint,
                resume=resume,
                on_resume=report.go_on,
            )

        try:
            fit(resume=checkpoint is not None)
        except CheckpointError:  # of a job of that name in an earlier search, or damaged
            fit(resume=False)
