"""What ``fastgru train --dry-run`` prints: what would be trained, and what it would take."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastgru.cli.progress import duration
from fastgru.errors import counted
from fastgru.models.architecture import describe_recurrent

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.estimating import Estimate

__all__ = ["show_plan"]

_CLASSES_SHOWN = 10


def show_plan(
    model: SequenceClassifier, training: LabelledSequences, validation: LabelledSequences | None
) -> None:
    """Estimate a training and print it on standard output; nothing is written.

    Parameters
    ----------
    model
        Not fitted.
    training
    validation
        None to hold some sequences out.
    """
    from fastgru.estimators.estimating import estimate_training
    from fastgru.estimators.parameters import check_parameters
    from fastgru.estimators.training_sets import given_sets

    parameters = check_parameters(model.get_params())
    given = given_sets(
        *(parameters, training.sequences, training.labels),
        sample_weight=None,
        validation_data=None if validation is None else (validation.sequences, validation.labels),
    )
    estimate = estimate_training(parameters, given)
    rows = [*_describe(model, training, validation, estimate), *_describe_needs(model, estimate)]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        sys.stdout.write(f"{name.ljust(width)}  {value}\n")


def _describe(
    model: SequenceClassifier,
    training: LabelledSequences,
    validation: LabelledSequences | None,
    estimate: Estimate,
) -> Iterator[tuple[str, str]]:
    counts = Counter(training.labels)
    yield "training", counted(estimate.n_train, "sequence")
    if estimate.n_validation:
        origin = "held out" if validation is None else "given"
        yield "validation", f"{counted(estimate.n_validation, 'sequence')}, {origin}"
    shown = [f"{name} {counts[name]}" for name in sorted(counts)[:_CLASSES_SHOWN]]
    more = f" and {len(counts) - _CLASSES_SHOWN} more" if len(counts) > _CLASSES_SHOWN else ""
    of_both = " (held out sequences included)" if validation is None else ""
    yield "classes", f"{', '.join(shown)}{more}{of_both if estimate.n_validation else ''}"
    yield (
        "network",
        describe_recurrent(
            *(model.cell, model.num_layers, model.hidden_size, model.bidirectional),
            residual=model.residual,
        ),
    )
    yield "weights", f"{estimate.n_parameters} ({model.dtype})"
    size = min(model.batch_size, estimate.n_train)
    yield "steps", f"{estimate.steps_per_epoch} per epoch, of up to {counted(size, 'sequence')}"


def _describe_needs(model: SequenceClassifier, estimate: Estimate) -> Iterator[tuple[str, str]]:
    yield "memory", f"about {_in_words(estimate.memory)}"
    seconds, epochs = estimate.seconds_per_epoch, model.max_epochs
    text = f"about {duration(seconds)} per epoch"
    if epochs > 1:
        text += f", {duration(epochs * seconds)} for {epochs} epochs"
    yield "time", text + (" unless it stops early" if epochs > 1 and model.early_stopping else "")


def _in_words(n_bytes: int) -> str:
    """Return megabytes or gigabytes, to two digits or three."""
    megabytes = n_bytes / 1e6
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"
