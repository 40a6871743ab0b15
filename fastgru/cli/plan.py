"""What ``fastgru train --dry-run`` prints: what would be trained, and what it would take."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fastgru.cli.network_rows import describe_network
from fastgru.cli.progress import duration
from fastgru.errors import counted

if TYPE_CHECKING:
    from fastgru.estimators.estimating import Estimate
    from fastgru.estimators.training_sets import GivenSets


__all__ = ["describe_classes", "show_plan"]

_CLASSES_SHOWN = 10


def show_plan(
    parameters: Mapping[str, Any],
    given: GivenSets,
    outputs: tuple[str, str],
) -> None:
    """Estimate a training and print it on standard output; nothing is written.

    Parameters
    ----------
    parameters
        All parameters of the estimator, checked.
    given
        What it would learn from.
    outputs
        What the outputs are called, and which there are.
    """
    from fastgru.estimators.estimating import estimate_training

    estimate = estimate_training(dict(parameters), given)
    rows = [
        *_describe(parameters, given, outputs, estimate),
        *_describe_needs(parameters, estimate),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        sys.stdout.write(f"{name.ljust(width)}  {value}\n")


def describe_classes(labels: Iterable[str]) -> tuple[str, str]:
    """Return how many labels of which classes there are, as `outputs` of :func:`show_plan`."""
    counts = Counter(labels)
    shown = [f"{name} {counts[name]}" for name in sorted(counts)[:_CLASSES_SHOWN]]
    more = f" and {len(counts) - _CLASSES_SHOWN} more" if len(counts) > _CLASSES_SHOWN else ""
    return "classes", f"{', '.join(shown)}{more}"


def _describe(
    parameters: Mapping[str, Any],
    given: GivenSets,
    outputs: tuple[str, str],
    estimate: Estimate,
) -> Iterator[tuple[str, str]]:
    held_out = given.validation is None
    yield "training", counted(estimate.n_train, "sequence")
    if estimate.n_validation:
        origin = "held out" if held_out else "given"
        yield "validation", f"{counted(estimate.n_validation, 'sequence')}, {origin}"
    name, which = outputs
    of_both = " (held out sequences included)" if held_out and estimate.n_validation else ""
    yield name, which + of_both
    yield from describe_network(estimate.architecture)
    yield "weights", f"{estimate.n_parameters} ({estimate.architecture.dtype})"
    size = min(parameters["batch_size"], estimate.n_train)
    yield "steps", f"{estimate.steps_per_epoch} per epoch, of up to {counted(size, 'sequence')}"


def _describe_needs(parameters: Mapping[str, Any], estimate: Estimate) -> Iterator[tuple[str, str]]:
    yield "memory", f"about {_in_words(estimate.memory)}"
    seconds, epochs = estimate.seconds_per_epoch, parameters["max_epochs"]
    text = f"about {duration(seconds)} per epoch"
    if epochs > 1:
        text += f", {duration(epochs * seconds)} for {epochs} epochs"
    may_stop = epochs > 1 and parameters["early_stopping"]
    yield "time", text + (" unless it stops early" if may_stop else "")


def _in_words(n_bytes: int) -> str:
    """Return megabytes or gigabytes, to two digits or three."""
    megabytes = n_bytes / 1e6
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"
