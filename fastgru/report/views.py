"""What the page says about each data set, gathered from the result files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastgru.data.label_table import UNLABELLED
from fastgru.data.series import SERIES
from fastgru.report.answer_tables import Table, answer_table, shortcut_table
from fastgru.report.cells import CellsView, compare_cells
from fastgru.report.commands import Commands
from fastgru.report.data_figures import composition_picture, length_picture
from fastgru.report.design import describe_choice, describe_independence, was_chosen
from fastgru.report.dome import Answers, answer
from fastgru.report.drawing import Picture
from fastgru.report.model_views import ModelView, view_models
from fastgru.report.more_data import last_step
from fastgru.report.reading import Experiment
from fastgru.report.results import read_audit
from fastgru.report.score_figures import (
    band_picture,
    contender_picture,
    share_picture,
    spread_picture,
)
from fastgru.report.standing import advantage
from fastgru.report.verdicts import Contender, contenders
from fastgru.report.wording import LABELS, counted, listed, measure, steps_of

__all__ = ["Bands", "DatasetView", "view_datasets"]

_EXAMPLES_SHOWN = 5
_SHORTCUTS_SHOWN = 5
_NAMED = 4
_LEVELS = {"fail": "Failure", "warn": "Warning", "note": "Note"}
_REASONS = {
    "duplicate": "repeats an earlier sequence of the same class",
    "conflicting_labels": "the same sequence has more than one label",
}
_MOLECULES = {
    "dna": "DNA sequence",
    "rna": "RNA sequence",
    "protein": "protein sequence",
    SERIES: "record",
}
_NAMES = {UNLABELLED: "all sequences"}
_BANDS = {
    "bands": ("By identity with training", "Identity with the nearest training sequence"),
    "lengths": ("By length", "Length of the test sequence"),
}


@dataclass(frozen=True)
class Bands:
    """Scores by kind of test sequence: the table, with one column per contender, and the figure."""

    title: str
    axis: str
    names: list[str]
    rows: list[tuple[str, int, list[float | None]]]
    """Band, test sequences in it, and the score of each contender."""
    picture: Picture


@dataclass(frozen=True)
class DatasetView:
    """One data set and all that was run on it, as the page shows it."""

    experiment: Experiment
    anchor: str
    description: str
    audit: dict[str, Any]
    answers_of_data: Table | None
    target_shortcuts: Table | None
    findings: list[tuple[str, str, str]]
    """Level as written in the audit, as a word, and the message."""
    exclusions: list[tuple[str, int, list[str]]]
    """Reason, number of records, and the ids of some."""
    contenders: list[Contender]
    data_pictures: list[Picture]
    contender_picture: Picture
    spread_picture: Picture
    share_picture: Picture | None
    more_data: list[str]
    bands: list[Bands]
    models: list[ModelView]
    cells: CellsView | None
    answers: Answers
    commands: list[tuple[str, list[str]]]

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.experiment.dataset

    @property
    def metric(self) -> str:
        """The score that the page leads with."""
        return self.experiment.metric

    @property
    def second(self) -> str | None:
        """The score that stands beside it; None if it is the same, or undefined."""
        name = self.experiment.task.headline[1]
        known = self.experiment.best["pooled"][name] is not None
        return name if known and name != self.metric else None

    @property
    def choice(self) -> str:
        """How the best model was found."""
        return describe_choice(self.experiment.content)

    @property
    def was_chosen(self) -> bool:
        """Whether it may be called the best."""
        return was_chosen(self.experiment.content)

    @property
    def independence(self) -> str:
        """Whether that choice knew anything of test sequences, as a sentence."""
        return describe_independence(self.experiment.content)

    @property
    def shortcuts(self) -> list[dict[str, Any]]:
        """The trivial features that tell most about the class."""
        return list(self.experiment.content["shortcuts"][:_SHORTCUTS_SHOWN])

    @property
    def best_baseline(self) -> dict[str, Any] | None:
        """The baseline with the best score."""
        rows = [
            row
            for row in self.experiment.scored
            if row["kind"] == "baseline" and row["pooled"][self.metric] is not None
        ]
        metric = self.metric
        return max(rows, key=lambda row: advantage(metric, row["pooled"][metric], 0), default=None)


def view_datasets(experiments: Iterable[Experiment], commands: Commands) -> list[DatasetView]:
    """Gather what the page says, data set by data set, in the order given."""
    return [
        _view(experiment, f"data-{place}", commands)
        for place, experiment in enumerate(experiments, start=1)
    ]


def _view(experiment: Experiment, anchor: str, commands: Commands) -> DatasetView:
    audit = read_audit(experiment.folder)
    models = view_models(experiment, anchor)
    classes = {_NAMES.get(name, name): row for name, row in audit["classes"].items()}
    has_curve = any(experiment.content["learning_curve"].values())
    return DatasetView(
        experiment=experiment,
        anchor=anchor,
        description=_describe(audit, experiment),
        audit={**audit, "classes": classes},
        answers_of_data=answer_table(audit),
        target_shortcuts=shortcut_table(experiment.content),
        findings=[
            (row["level"], _LEVELS[row["level"]], row["message"]) for row in audit["findings"]
        ],
        exclusions=_exclusions(audit),
        contenders=contenders(experiment),
        data_pictures=[
            length_picture(classes, audit["length_histogram_edges"], steps_of(audit["alphabet"])),
            *([] if audit["alphabet"] == SERIES else [composition_picture(classes)]),
        ],
        contender_picture=contender_picture(experiment),
        spread_picture=spread_picture(experiment),
        share_picture=share_picture(experiment) if has_curve else None,
        more_data=list(_more_data(experiment)),
        bands=[_bands(experiment, key) for key in _BANDS if experiment.content[key]],
        models=models,
        cells=compare_cells(models, experiment.metric),
        answers=answer(experiment, audit, models),
        commands=commands.of_experiment(experiment.content),
    )


def _exclusions(audit: dict[str, Any]) -> list[tuple[str, int, list[str]]]:
    reasons: dict[str, list[str]] = {}
    for record in audit["excluded"]:
        reasons.setdefault(record["reason"], []).append(record["id"])
    return [
        (_REASONS.get(reason, reason), len(ids), ids[:_EXAMPLES_SHOWN])
        for reason, ids in sorted(reasons.items())
    ]


def _bands(experiment: Experiment, key: str) -> Bands:
    title, axis = _BANDS[key]
    rows = experiment.content[key]
    metric = experiment.metric
    order = [row["name"] for row in experiment.scored]
    names = [name for name in order if any(name in row["metrics"] for row in rows)]
    table = [
        (row["name"], row["n"], [row["metrics"].get(name, {}).get(metric) for name in names])
        for row in rows
    ]
    shown = [{**row, "metrics": _in_order(row["metrics"], names)} for row in rows]
    return Bands(title, axis, names, table, band_picture(title, axis, shown, metric))


def _in_order(metrics: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: metrics[name] for name in names if name in metrics}


def _more_data(experiment: Experiment) -> Iterable[str]:
    """Say what the last step of each learning curve gained."""
    metric = experiment.metric
    for name in experiment.content["learning_curve"]:
        step = last_step(experiment.content, name, metric)
        if step is not None:
            yield (
                f"{name}: from {step.n_before:,} to {counted(step.n_after, 'sequence')} "
                f"{LABELS[metric]} went from {measure(step.before, metric)} to "
                f"{measure(step.after, metric)}{step.verdict}"
            )


def _describe(audit: dict[str, Any], experiment: Experiment) -> str:
    lengths = [row["length"] for row in audit["classes"].values()]
    shortest = min(row["min"] for row in lengths)
    longest = max(row["max"] for row in lengths)
    length = f"{shortest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
    length += f" {steps_of(audit['alphabet'])}"
    molecules = counted(audit["n_records"], _MOLECULES[audit["alphabet"]])
    names = listed(audit["classes"]) if len(audit["classes"]) <= _NAMED else None
    n_classes = len(audit["classes"])
    if experiment.task.name != "classification":
        return f"{molecules} of {length}, {_describe_answers(experiment)}"
    return f"{molecules} of {length} in {n_classes} classes{f' ({names})' if names else ''}"


def _describe_answers(experiment: Experiment) -> str:
    """Say what there is to predict of each sequence, where it is no class."""
    names = f" ({listed(experiment.names)})" if 0 < len(experiment.names) <= _NAMED else ""
    several = counted(len(experiment.names), experiment.task.unit)
    return {
        "multilabel": f"with or without each of {several}{names}",
        "regression": f"with {several} to predict{names}",
        "tagging": f"each letter of one of {counted(len(experiment.names), 'label')}{names}",
        "language_model": "of which each letter is predicted from those before",
        "translation": "each with its translation",
    }[experiment.task.name]
