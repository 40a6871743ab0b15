"""What a task learns of each record, and what an audit says of it where that is no class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.composition import describe_values
from fastgru.data.labelled import LabelledSequences
from fastgru.data.step_labels import MASKED
from fastgru.errors import counted, shorten

__all__ = ["FEW", "Answers", "about_answers", "describe_answers", "fewest_of"]

FEW = 50
"""Records of one kind below which scores vary: a round number, not the result of a study."""

_FEWEST = 3  # one for each part of a split


@dataclass(frozen=True)
class Answers:
    """How the answers of records are given.

    Attributes
    ----------
    task
        What is to be learned.
    names
        Of the targets of the records, if the task has targets.
    letters
        Labels of the letters of each record, or its translation; None for other tasks.
    """

    task: str = "classification"
    names: tuple[str, ...] = ()
    letters: Sequence[str] | None = None

    def comparable(self, data: LabelledSequences) -> LabelledSequences:
        """Return the records, labelled by what must agree where a sequence is repeated.

        Translations need not: a protein has many genes.
        """
        if self.task != "tagging" or self.letters is None:
            return data
        return replace(data, labels=list(self.letters))

    def texts(self, data: LabelledSequences) -> list[str]:
        """Return the answer of each record as one text."""
        if self.letters is not None:
            return list(self.letters)
        if data.targets is not None:
            return [",".join("" if v is None else repr(v) for v in row) for row in data.targets]
        return data.labels


def describe_answers(
    data: LabelledSequences, answers: Answers, kept: NDArray[np.intp]
) -> dict[str, Any]:
    """Describe what is learned of the records in use, ready for JSON.

    Parameters
    ----------
    data
        All records.
    answers
        Theirs.
    kept
        intp (n_kept,), places of those in use.
    """
    entries: dict[str, Any] = {"task": answers.task}
    if data.targets is not None:
        rows = [data.targets[place] for place in kept.tolist()]
        columns = [[row[k] for row in rows] for k in range(len(answers.names))]
        describe = _describe_labels if answers.task == "multilabel" else _describe_numbers
        entries["targets"] = dict(zip(answers.names, map(describe, columns), strict=True))
    if answers.letters is not None and answers.task == "tagging":
        counts = Counter("".join(answers.letters[place] for place in kept.tolist()))
        n_masked = counts.pop(MASKED, 0)
        entries["step_labels"] = {"n": dict(sorted(counts.items())), "n_masked": n_masked}
    if answers.letters is not None and answers.task == "translation":
        lengths = [float(len(answers.letters[place])) for place in kept.tolist()]
        several = Counter(
            name for name, _ in set(zip(data.sequences, answers.letters, strict=True))
        )
        n_several = sum(count > 1 for count in several.values())
        entries["translations"] = {"length": describe_values(lengths), "n_several": n_several}
    return entries


def _describe_labels(column: Sequence[float | None]) -> dict[str, int]:
    known = [value for value in column if value is not None]
    return {
        "n": len(known),
        "n_missing": len(column) - len(known),
        "n_positive": sum(value == 1 for value in known),
    }


def _describe_numbers(column: Sequence[float | None]) -> dict[str, Any]:
    known = [value for value in column if value is not None]
    counts = {"n": len(known), "n_missing": len(column) - len(known), "n_values": len(set(known))}
    return {**counts, **describe_values(known)}


def about_answers(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Put the entries of :func:`describe_answers` into findings: code and message.

    Parameters
    ----------
    report
        With these entries and ``n_kept``, of a task other than classification.
    """
    n_kept = report["n_kept"]
    if n_kept < _FEWEST:
        yield "too_few_records", f"{counted(n_kept, 'usable record')}, too few to split"
    elif n_kept < FEW:
        yield "few_records", f"{counted(n_kept, 'usable record')}; scores will vary"
    if "targets" in report:
        yield from _about_targets(report["targets"])
    if "step_labels" in report:
        yield from _about_step_labels(report["step_labels"])
    n_several = report.get("translations", {}).get("n_several", 0)
    if n_several:
        message = f"{counted(n_several, 'sequence')} with several translations"
        yield "several_translations", f"{message}; the first of each is used"


def _about_targets(targets: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    constant, rare = [], []
    for name, entry in targets.items():
        fewest = fewest_of(entry)
        if not fewest or entry.get("n_values", 2) < 2:
            constant.append(name)
        elif "n_positive" in entry and fewest < FEW:
            rare.append(f"{name} ({fewest})")
    if constant:
        message = f"the same in all records in which it is known: {shorten(constant)}"
        yield "constant_target", f"{message}; there is nothing to learn"
    if rare:
        message = f"fewer than {FEW} usable records with the rarer answer, scores will vary"
        yield "small_class", f"{message}: {shorten(rare)}"
    missing = [f"{name} ({row['n_missing']})" for name, row in targets.items() if row["n_missing"]]
    if missing:
        yield "missing_targets", f"records without a value, which teach nothing: {shorten(missing)}"


def fewest_of(target: dict[str, Any]) -> int:
    """Return how many records know a number, or have the rarer of the answers 0 and 1.

    Parameters
    ----------
    target
        Entry of ``targets``, from :func:`describe_answers`.
    """
    if "n_positive" not in target:
        return int(target["n"])
    return int(min(target["n_positive"], target["n"] - target["n_positive"]))


def _about_step_labels(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    sizes = entry["n"]
    if len(sizes) < 2:
        found = f"only the label {next(iter(sizes))!r}" if sizes else "no label"
        yield "one_class", f"there is {found} of letters; a tagger needs two or more"
    rare = [f"{label} ({size})" for label, size in sizes.items() if size < FEW]
    if rare and len(sizes) > 1:
        message = f"fewer than {FEW} letters with a label, scores will vary: {shorten(rare)}"
        yield "small_class", message
    if entry["n_masked"]:
        message = f"{counted(entry['n_masked'], 'letter')} without a label"
        yield "masked_letters", f"{message}, which teach nothing and are not scored"
