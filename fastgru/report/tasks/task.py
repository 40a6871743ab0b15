"""A task as the report sees it: which scores there are, which decides, and where they come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastgru.errors import FastgruError
from fastgru.evaluation.records import ScoredRecords
from fastgru.report.results import Run

__all__ = ["Rows", "Task", "read_numbers"]

Rows = Sequence[Mapping[str, str]]
"""The lines of predictions.tsv."""


class Task(ABC):
    """What is to be known of one task.

    Attributes
    ----------
    name
        One of :data:`fastgru.models.architecture.TASKS`.
    scores
        Columns of the table of all contenders.
    compared
        Scores that models are compared by; the first decides.
    headline
        Two scores that the conclusion names.
    with_interval
        Scores whose intervals stand in the table that `fastgru summarise` writes.
    unit
        What a score is one of where it is not of all: ``class``, ``label`` or ``target``.
    baselines
        What the baselines are, by name.
        Entries that metrics.json has to have.
    loss
        What training minimises, in words.
    output
        What stands on the last layer of the network, in words.
    chosen
        What the validation sequences choose, as the beginning of a sentence.
    kept
        What predictions.tsv holds, as the beginning of a sentence.
    """

    name: ClassVar[str]
    scores: ClassVar[tuple[str, ...]]
    compared: ClassVar[tuple[str, ...]]
    headline: ClassVar[tuple[str, str]]
    with_interval: ClassVar[tuple[str, ...]]
    unit: ClassVar[str] = "class"
    baselines: ClassVar[Mapping[str, str]] = {}
    loss: ClassVar[str]
    output: ClassVar[str] = "softmax"
    chosen: ClassVar[str] = "The epoch comes"
    kept: ClassVar[str]

    @property
    def deciding(self) -> str:
        """The score that decides which of two models is better."""
        return self.compared[0]

    @property
    def uncompared(self) -> str:
        """The score that the page leads with where nothing was compared."""
        return self.deciding

    @abstractmethod
    def columns(self, run: Run) -> Sequence[str]:
        """Return the columns that predictions.tsv of a run has to have.

        Parameters
        ----------
        run
        """

    @abstractmethod
    def read(self, run: Run, rows: Rows) -> ScoredRecords:
        """Return predictions and truth.

        Parameters
        ----------
        run
        rows
            Of predictions.tsv, with all `columns`.

        Raises
        ------
        FastgruError
            If they hold something else.
        """

    def read_baselines(self, run: Run, rows: Rows) -> dict[str, ScoredRecords]:
        """Return what the predictions of a model say of baselines, by their names.

        Parameters
        ----------
        run, rows
            As for `read`.
        """
        return {}

    def describe_baseline(self, name: str) -> str:
        """Say what a baseline is; empty if unknown.

        Parameters
        ----------
        name
        """
        return self.baselines.get(name, "")

    @abstractmethod
    def describe(self, records: ScoredRecords) -> dict[str, Any]:
        """Return the entries of experiment.json that say what is predicted.

        Parameters
        ----------
        records
            Of any run.
        """

    def chance(self, records: ScoredRecords) -> float | None:
        """Return what `deciding` is at most of what has not looked at the sequences.

        Parameters
        ----------
        records
            Of any run.

        Returns
        -------
        chance
            None where only a baseline can tell.
        """
        return None

    @abstractmethod
    def describe_output(self, experiment: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        """Say what the model gives for a sequence, as a sentence.

        Parameters
        ----------
        experiment
            Content of ``experiment.json``.
        options
            Those of the training.
        """

    def scores_of_file(self, metrics: Mapping[str, Any]) -> dict[str, float | None]:
        """Return the scores that metrics.json has.

        Parameters
        ----------
        metrics
            Its content.
        """
        return {name: metrics[name] for name in self.scores}

    def interval_of_file(self, metrics: Mapping[str, Any]) -> list[float] | None:
        """Return the 95 % interval of `deciding` that metrics.json has, None if there is none.

        Parameters
        ----------
        metrics
            Its content.
        """
        found: list[float] | None = metrics.get("intervals", {}).get(self.deciding)
        return found

    def validation_loss(self, card: Mapping[str, Any]) -> float | None:
        """Return the loss of the validation sequences with the weights that were kept.

        Parameters
        ----------
        card
            Of a model file.

        Returns
        -------
        loss
            None if there were no such sequences.
        """
        training = card["training"]
        epochs = {row["epoch"]: row for row in training.get("history", [])}
        loss = epochs.get(training["best_epoch"], {}).get("validation_loss")
        return None if loss is None or np.isnan(loss) else float(loss)


def read_numbers(run: Run, rows: Rows, columns: Sequence[str]) -> NDArray[np.float64]:
    """Return columns of predictions.tsv as numbers, float64 (n, k); NaN for an empty cell.

    Parameters
    ----------
    run
    rows
        Its n lines.
    columns
        The k names.

    Raises
    ------
    FastgruError
        If a cell is no number.
    """
    table = np.empty((len(rows), len(columns)))
    for number, row in enumerate(rows):
        try:
            table[number] = [float(row[name]) if row[name] else np.nan for name in columns]
        except ValueError as error:
            raise FastgruError(
                f"{run.folder / 'predictions.tsv'}, record {row['id']!r}: {error}, expected "
                "numbers. Evaluate again."
            ) from None
    return table
