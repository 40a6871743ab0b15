"""What the page says about each data set and each run, gathered from the result files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastgru.data.label_table import SPLIT_NAMES
from fastgru.models.model_file import read_model
from fastgru.report.commands import Commands
from fastgru.report.data_figures import composition_picture, length_picture
from fastgru.report.drawing import Picture
from fastgru.report.results import (
    Run,
    read_audit,
    read_history,
    read_predictions,
    read_split,
)
from fastgru.report.run_figures import (
    confusion_picture,
    learning_picture,
    precision_recall_picture,
    reliability_picture,
    roc_picture,
)
from fastgru.report.wording import counted

__all__ = ["DatasetView", "RunView", "view_datasets"]

_EXAMPLES_SHOWN = 5
_SHORTCUTS_SHOWN = 5
_LEVELS = {"fail": "Failure", "warn": "Warning", "note": "Note"}
_REASONS = {
    "duplicate": "repeats an earlier sequence of the same class",
    "conflicting_labels": "the same sequence has more than one label",
}
_MOLECULES = {"dna": "DNA sequence", "rna": "RNA sequence", "protein": "protein sequence"}


@dataclass(frozen=True)
class RunView:
    """One run, as the page shows it."""

    run: Run
    anchor: str
    pictures: list[Picture]
    lowest_validation_loss: float
    description: str
    card: dict[str, Any]
    """Card of the model file."""

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.run.dataset

    @property
    def model(self) -> str:
        """Name of the model configuration."""
        return self.run.model

    @property
    def classes(self) -> list[str]:
        """Classes in the order of the model."""
        return self.run.classes

    @property
    def metrics(self) -> dict[str, Any]:
        """Content of ``metrics.json``."""
        return self.run.metrics

    @property
    def options(self) -> dict[str, Any]:
        """Options of the training, by name."""
        return dict(self.card["training"]["parameters"])


@dataclass(frozen=True)
class DatasetView:
    """One data set and its runs, as the page shows them."""

    name: str
    anchor: str
    description: str
    audit: dict[str, Any]
    findings: list[tuple[str, str, str]]
    """Level as written in the audit, as a word, and the message."""
    exclusions: list[tuple[str, int, list[str]]]
    """Reason, number of records, and the ids of some."""
    sizes: list[tuple[str, dict[str, int]]]
    """Class, and the number of its records in the input, as kept, and in each part."""
    pictures: list[Picture]
    runs: list[RunView]
    commands: list[str]

    @property
    def chosen(self) -> RunView:
        """The run with the lowest validation loss; the first, if none was recorded."""
        return min(self.runs, key=lambda run: run.lowest_validation_loss)

    @property
    def shortcuts(self) -> list[dict[str, Any]]:
        """The trivial features that tell most about the class."""
        return list(self.audit["shortcuts"][:_SHORTCUTS_SHOWN])

    @property
    def totals(self) -> dict[str, int]:
        """Sum of `sizes` over the classes."""
        return {name: sum(row[name] for _, row in self.sizes) for name in self.sizes[0][1]}


def view_datasets(runs: Iterable[Run], commands: Commands) -> list[DatasetView]:
    """Gather what the page says, data set by data set, in the order of the runs."""
    by_folder: dict[Path, list[Run]] = {}
    for run in runs:
        by_folder.setdefault(run.folder.parent, []).append(run)
    return [
        _view_dataset(folder, members, f"data-{place}", commands)
        for place, (folder, members) in enumerate(by_folder.items(), start=1)
    ]


def _view_dataset(folder: Path, runs: list[Run], anchor: str, commands: Commands) -> DatasetView:
    audit = read_audit(folder)
    split = read_split(folder)
    classes = audit["classes"]
    reasons: dict[str, list[str]] = {}
    for record in audit["excluded"]:
        reasons.setdefault(record["reason"], []).append(record["id"])
    in_part = Counter(split.values())
    return DatasetView(
        name=folder.name,
        anchor=anchor,
        description=_describe(audit),
        audit=audit,
        findings=[
            (row["level"], _LEVELS[row["level"]], row["message"]) for row in audit["findings"]
        ],
        exclusions=[
            (_REASONS.get(reason, reason), len(ids), ids[:_EXAMPLES_SHOWN])
            for reason, ids in sorted(reasons.items())
        ],
        sizes=[
            (
                name,
                {
                    "input": row["n"],
                    "kept": row["n_kept"],
                    **{part: in_part[name, part] for part in SPLIT_NAMES},
                },
            )
            for name, row in classes.items()
        ],
        pictures=[
            length_picture(classes, audit["length_histogram_edges"]),
            composition_picture(classes),
        ],
        runs=[
            _view_run(run, split, f"{anchor}-{place}") for place, run in enumerate(runs, start=1)
        ],
        commands=commands.of_dataset(folder.name, [run.model for run in runs]),
    )


def _view_run(run: Run, split: dict[str, tuple[str, str]], anchor: str) -> RunView:
    history = read_history(run)
    predictions = read_predictions(run, split)
    card = read_model(run.folder / "model.safetensors").card
    recorded = [loss for loss in history["validation_loss"] if loss == loss]
    return RunView(
        run=run,
        anchor=anchor,
        pictures=[
            roc_picture(run.metrics, predictions),
            precision_recall_picture(run.metrics, predictions),
            confusion_picture(run.metrics),
            # metrics.json did not always have it
            *([reliability_picture(run.metrics)] if "reliability" in run.metrics else []),
            learning_picture(history, card["training"]["best_epoch"]),
        ],
        lowest_validation_loss=min(recorded, default=float("inf")),
        description=_describe_training(run.metrics, card, len(history["epoch"])),
        card=card,
    )


def _describe_training(metrics: dict[str, Any], card: dict[str, Any], n_epochs: int) -> str:
    parts = [f"Trained for {counted(n_epochs, 'epoch')}"]
    if metrics.get("n_train"):
        parts.append(f" on {counted(metrics['n_train'], 'sequence')}")
    if metrics.get("n_validation"):
        parts.append(
            f"; {counted(metrics['n_validation'], 'validation sequence')} chose the weights "
            f"of epoch {card['training']['best_epoch']}"
        )
    return f"{''.join(parts)}. Tested on {counted(metrics['n_test'], 'other sequence')}."


def _describe(audit: dict[str, Any]) -> str:
    lengths = [row["length"] for row in audit["classes"].values()]
    shortest = min(row["min"] for row in lengths)
    longest = max(row["max"] for row in lengths)
    letters = f"{shortest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
    molecules = counted(audit["n_records"], _MOLECULES[audit["alphabet"]])
    n_classes = len(audit["classes"])
    return f"{molecules} of {letters} letters in {n_classes} classes"
