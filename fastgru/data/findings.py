"""What an audit has to say in words: notes, warnings and failures.

A *note* tells how something was read.  A *warning* names what may mislead: results can be
computed, but look at it first.  A *failure* ends the audit with an error: training is impossible,
or the user has raised the level because the finding is not acceptable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet
from fastgru.data.answers import FEW, about_answers, fewest_of
from fastgru.data.labelled import UNLABELLED, LabelledSequences
from fastgru.data.leaks import about_relatives
from fastgru.data.splits import divided_groups
from fastgru.data.strands import reverse_complement
from fastgru.errors import ConfigurationError, counted, shorten

__all__ = ["LEVELS", "check_levels", "find_concerns"]

LEVELS = {
    "one_class": "fail",
    "class_too_small": "fail",
    "too_few_records": "fail",
    "constant_target": "fail",
    "few_records": "warn",
    "small_class": "warn",
    "imbalance": "warn",
    "conflicting_labels": "warn",
    "duplicates": "warn",
    "leaking_split": "warn",
    "homologues_across_split": "warn",
    "divided_groups": "warn",
    "homology_not_checked": "warn",
    "homology_incomplete": "warn",
    "looks_like_protein": "warn",
    "looks_like_dna": "warn",
    "mostly_ambiguous": "warn",
    "reverse_complements": "warn",
    "low_complexity": "warn",
    "very_long": "warn",
    "shortcut": "warn",
    "homologues": "note",
    "missing_targets": "note",
    "masked_letters": "note",
    "several_translations": "note",
    "ambiguous": "note",
    "lower_case": "note",
    "u_and_t": "note",
    "trailing_stop": "note",
    "one_length": "note",
}
"""The level of each finding, by its code, unless the user says otherwise."""

# Where a warning begins.  They are round numbers to look twice by, not the result of a study.
_SHORTCUT_AUC = 0.8
_SHORTCUT_R = 0.5  # two halves that a feature tells apart with that AUC have about this
_SHORTCUT_CLASS = 20  # in a smaller class a trivial feature separates by chance
_SHORTCUTS_NAMED = 3
_MAX_CLASS_RATIO = 10
_AMBIGUOUS_SHARE = 0.2
_LENGTH_RATIO = 100
_LOW_COMPLEXITY_SHARE = 0.1
_ORDER = ("fail", "warn", "note")

_Finding = tuple[str, str]  # code, message

_ANSWER = {"multilabel": "set of labels", "regression": "set of targets", "tagging": "labelling"}

_SPELLINGS = {
    "lower_case": "with lower-case letters, which are read as upper case",
    "trailing_stop": "with '*' at the end, which was dropped",
}


def check_levels(levels: Mapping[str, str]) -> None:
    """Refuse levels that do not exist, and those of unknown findings.

    Raises
    ------
    ConfigurationError
    """
    for code, level in levels.items():
        if code not in LEVELS:
            raise ConfigurationError(
                f"level {code}={level}: there is no finding {code!r}, expected one of "
                f"{', '.join(LEVELS)}."
            )
        if level not in _ORDER:
            raise ConfigurationError(
                f"level {code}={level}: must be one of {', '.join(_ORDER)}, got {level!r}."
            )


def find_concerns(
    report: dict[str, Any],
    data: LabelledSequences,
    symbol_counts: NDArray[np.int64] | None,
    alphabet: Alphabet | None,
    levels: Mapping[str, str],
) -> list[dict[str, str]]:
    """Put the figures of an audit into words.

    Parameters
    ----------
    report
        The other entries of the audit.
    data
        The N records of the audit.
    symbol_counts
        int64 (N, K), symbols of each record; None for series.
    alphabet
        Alphabet with K symbols; None for series.
    levels
        Levels in place of :data:`LEVELS`, by code.

    Returns
    -------
    findings
        Entries with ``level`` (note, warn or fail), ``code`` and ``message``, worst first.
    """
    is_classification = report["task"] == "classification"
    found = [
        *(_about_classes(report) if is_classification else about_answers(report)),
        *_about_repeats(report),
        *about_relatives(report),
        *_about_groups(data),
        *_about_letters(data, symbol_counts, alphabet),
        *_about_strands(data, alphabet),
        *_about_lengths(data, "steps" if alphabet is None else "letters"),
        *_about_complexity(report),
        *_about_shortcuts(report),
        *_about_spelling(report, alphabet),
    ]
    level_of = {**LEVELS, **levels}
    found.sort(key=lambda finding: _ORDER.index(level_of[finding[0]]))
    return [{"level": level_of[code], "code": code, "message": text} for code, text in found]


def _about_classes(report: dict[str, Any]) -> Iterator[_Finding]:
    sizes = {label: entry["n_kept"] for label, entry in report["classes"].items()}
    if len(sizes) < 2:
        message = f"there is only the class {shorten(sizes)}; a classifier needs two or more"
        yield "one_class", message
        return
    few = [f"{label} ({size})" for label, size in sizes.items() if size < 3]
    small = [f"{label} ({size})" for label, size in sizes.items() if 3 <= size < FEW]
    if few:
        message = f"fewer than 3 usable records, too few to split: {', '.join(few)}"
        yield "class_too_small", message
    if small:
        message = f"fewer than {FEW} usable records, scores will vary: {', '.join(small)}"
        yield "small_class", message
    largest, smallest = max(sizes.values()), min(sizes.values())
    if smallest and largest >= _MAX_CLASS_RATIO * smallest:
        message = (
            f"the largest class has {largest / smallest:.0f} times the records of the smallest; "
            "accuracy will look good for nothing, and class weights may help"
        )
        yield "imbalance", message


def _about_repeats(report: dict[str, Any]) -> Iterator[_Finding]:
    conflicts, duplicates = report["conflicting_labels"], report["duplicates"]
    if conflicts["n_sequences"]:
        message = (
            f"{counted(conflicts['n_sequences'], 'sequence')} with more than one "
            f"{_ANSWER.get(report['task'], 'label')}: "
            f"{counted(conflicts['n_records'], 'record')} left out"
        )
        yield "conflicting_labels", message
    if duplicates["n_duplicates"]:
        message = (
            f"{counted(duplicates['n_duplicates'], 'repeat')} of an earlier sequence "
            f"({duplicates['n_distinct']} distinct sequences in {report['n_records']} records); "
            "one copy of each is used"
        )
        yield "duplicates", message


def _about_groups(data: LabelledSequences) -> Iterator[_Finding]:
    divided = divided_groups(data.groups, data.splits)
    if divided:
        message = f"the split divides {counted(len(divided), 'group')}: {shorten(divided)}"
        yield "divided_groups", f"{message}; scores on the test part may measure memory"


def _about_letters(
    data: LabelledSequences, symbol_counts: NDArray[np.int64] | None, alphabet: Alphabet | None
) -> Iterator[_Finding]:
    if alphabet is None or symbol_counts is None:
        return
    ambiguous = symbol_counts[:, len(alphabet.letters) :].sum(axis=1)
    lengths = symbol_counts.sum(axis=1)
    share = ambiguous.sum() / max(1, lengths.sum())
    if alphabet.name != "protein" and share > _AMBIGUOUS_SHARE:
        message = (
            f"{share:.0%} of the letters are ambiguity codes; if these are proteins, "
            "use --alphabet protein"
        )
        yield "looks_like_protein", message
    elif (mostly := np.flatnonzero(2 * ambiguous > lengths)).size:
        shown = shorten(data.ids[index] for index in mostly)
        message = f"{counted(mostly.size, 'record')} mostly of ambiguity codes: {shown}"
        yield "mostly_ambiguous", message
    if ambiguous.any():
        message = (
            f"{counted(int((ambiguous > 0).sum()), 'record')} with ambiguity codes "
            f"({counted(int(ambiguous.sum()), 'letter')}); "
            "each counts as the average of the letters it stands for"
        )
        yield "ambiguous", message
    if alphabet.name == "protein":
        nucleotides = [alphabet.symbols.index(letter) for letter in "ACGTN"]
        if symbol_counts[:, nucleotides].sum() == lengths.sum():
            message = "all letters are A, C, G, T or N; if these are nucleotides, "
            yield "looks_like_dna", f"{message}use --alphabet dna"


def _about_strands(data: LabelledSequences, alphabet: Alphabet | None) -> Iterator[_Finding]:
    if alphabet is None or alphabet.name != "dna":
        return
    label_of = dict(zip(data.sequences, data.labels, strict=True))
    n_pairs = n_conflicts = 0
    for sequence, label in label_of.items():
        reverse = reverse_complement(sequence, alphabet)
        if reverse < sequence and reverse in label_of:
            n_pairs += 1
            n_conflicts += label_of[reverse] != label
    if n_pairs:
        conflicts = f", {n_conflicts} of them with different labels" if n_conflicts else ""
        message = (
            f"{counted(n_pairs, 'sequence')} also there as reverse complement{conflicts}; "
            "a random split may put the two strands on both sides"
        )
        yield "reverse_complements", message


def _about_lengths(data: LabelledSequences, unit: str) -> Iterator[_Finding]:
    lengths = np.array([len(sequence) for sequence in data.sequences])
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest == longest:
        yield "one_length", f"all sequences have the length {longest}"
    elif longest > _LENGTH_RATIO * np.median(lengths):
        message = (
            f"the longest sequence has {longest} {unit}, the median {np.median(lengths):.0f}; "
            "one long sequence slows every step that holds it"
        )
        yield "very_long", message


def _about_complexity(report: dict[str, Any]) -> Iterator[_Finding]:
    shares = {label: entry.get("low_complexity", 0) for label, entry in report["classes"].items()}
    high = {label: share for label, share in shares.items() if share >= _LOW_COMPLEXITY_SHARE}
    if high:
        shown = ", ".join(
            f"{share:.0%} in {_named(label)}" for label, share in list(high.items())[:5]
        )
        message = f"stretches of low complexity, which repeat few letters: {shown}"
        yield "low_complexity", f"{message}; they are alike by chance"


def _named(label: str) -> str:
    return "all" if label == UNLABELLED else label


def _about_shortcuts(report: dict[str, Any]) -> Iterator[_Finding]:
    sizes = [entry["n_kept"] for entry in report["classes"].values()]
    entries = report["shortcuts"][:_SHORTCUTS_NAMED] if min(sizes) >= _SHORTCUT_CLASS else []
    for name, target in report.get("targets", {}).items():
        if fewest_of(target) >= _SHORTCUT_CLASS:
            of_target = [row for row in report["target_shortcuts"] if row["target"] == name]
            entries = [*entries, *of_target[:_SHORTCUTS_NAMED]]
    for entry in entries:
        score, name, least = (
            ("pearson", "a correlation of", _SHORTCUT_R)
            if "pearson" in entry
            else ("roc_auc", "ROC AUC", _SHORTCUT_AUC)
        )
        if entry[score] >= least:
            message = (
                f"the {entry['feature']} alone predict {entry.get('target', 'the class')} with "
                f"{name} {entry[score]:.3f} ({entry['detail']})"
            )
            if entry["feature"] in ("length", "GC content", "composition"):
                message = message.replace(" predict ", " predicts ", 1)
            yield "shortcut", f"{message}; compare any model with that"


def _about_spelling(report: dict[str, Any], alphabet: Alphabet | None) -> Iterator[_Finding]:
    if alphabet is None:
        return
    swapped = "U, which is read as T" if alphabet.name == "dna" else "T, which is read as U"
    texts = {**_SPELLINGS, "u_and_t": f"with {swapped}"}
    for code, count in report["respelled"].items():
        yield code, f"{counted(count, 'record')} {texts[code]}"
