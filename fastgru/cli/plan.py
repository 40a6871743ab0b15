"""What ``fastgru train --dry-run`` prints: what would be trained, and what it would take."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastgru.cli.progress import duration
from fastgru.errors import counted
from fastgru.models.architecture import describe_recurrent

if TYPE_CHECKING:
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.estimating import Estimate
    from fastgru.estimators.language_model import SequenceLanguageModel
    from fastgru.estimators.seq2seq import Seq2Seq
    from fastgru.estimators.training_sets import GivenSets

__all__ = ["show_plan"]

_CLASSES_SHOWN = 10


def show_plan(
    model: SequenceClassifier | SequenceLanguageModel | Seq2Seq,
    parameters: Mapping[str, Any],
    given: GivenSets,
    *,
    labels: Sequence[str] = (),
) -> None:
    """Estimate a training and print it on standard output; nothing is written.

    Parameters
    ----------
    model
        Not fitted.
    parameters
        All of its parameters, checked.
    given
        What it would learn from.
    labels
        Those of the training sequences, where it learns classes.
    """
    from fastgru.estimators.estimating import estimate_training

    estimate = estimate_training(dict(parameters), given)
    held_out = given.validation is None and bool(estimate.n_validation)
    rows = [
        *_describe_sets(estimate, labels, held_out=held_out),
        *_describe_network(model, parameters, estimate),
        *_describe_needs(model, estimate),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        sys.stdout.write(f"{name.ljust(width)}  {value}\n")


def _describe_sets(
    estimate: Estimate, labels: Sequence[str], *, held_out: bool
) -> Iterator[tuple[str, str]]:
    yield "training", counted(estimate.n_train, "sequence")
    if estimate.n_validation:
        origin = "held out" if held_out else "given"
        yield "validation", f"{counted(estimate.n_validation, 'sequence')}, {origin}"
    counts = Counter(labels)
    if counts:
        shown = [f"{name} {counts[name]}" for name in sorted(counts)[:_CLASSES_SHOWN]]
        more = f" and {len(counts) - _CLASSES_SHOWN} more" if len(counts) > _CLASSES_SHOWN else ""
        of_both = " (held out sequences included)" if held_out else ""
        yield "classes", f"{', '.join(shown)}{more}{of_both}"


def _describe_network(
    model: SequenceClassifier | SequenceLanguageModel | Seq2Seq,
    parameters: Mapping[str, Any],
    estimate: Estimate,
) -> Iterator[tuple[str, str]]:
    cell = parameters.get("cell", "gru")
    yield (
        "network",
        describe_recurrent(
            *(cell, model.num_layers, model.hidden_size, model.bidirectional),
            residual=parameters.get("residual", False),
        ),
    )
    yield "weights", f"{estimate.n_parameters} ({model.dtype})"
    size = min(model.batch_size, estimate.n_train)
    yield "steps", f"{estimate.steps_per_epoch} per epoch, of up to {counted(size, 'sequence')}"


def _describe_needs(
    model: SequenceClassifier | SequenceLanguageModel | Seq2Seq, estimate: Estimate
) -> Iterator[tuple[str, str]]:
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
