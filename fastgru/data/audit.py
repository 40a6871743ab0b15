"""The audit of labelled sequences: what a careful person would look at before training.

Records that cannot be used never get here: reading refuses them.  The audit is about data that
can be read, but mislead: repeated sequences, contradicting labels, letters that say little,
classes that a trivial feature tells apart.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet
from fastgru.data.answers import Answers, describe_answers
from fastgru.data.complexity import low_complexity_share
from fastgru.data.composition import (
    count_symbols,
    describe_lengths,
    describe_letters,
    histogram_edges,
)
from fastgru.data.duplicates import RULE, Exclusion, resolve_duplicates
from fastgru.data.findings import check_levels, find_concerns
from fastgru.data.homology import (
    Threshold,
    group_homologues,
    join_named,
    why_incomplete,
)
from fastgru.data.labelled import LabelledSequences
from fastgru.data.leaks import describe_homology, find_leaks
from fastgru.data.mmseqs import Watch
from fastgru.data.probes import find_shortcuts
from fastgru.data.series import SERIES
from fastgru.data.series_files import Series
from fastgru.data.target_probes import find_target_shortcuts
from fastgru.errors import ToolError

__all__ = ["SCHEMA_VERSION", "audit"]

SCHEMA_VERSION = 2
_GROUPS_SHOWN = 50
_IDS_SHOWN = 20


def audit(
    data: LabelledSequences,
    alphabet: Alphabet | None,
    *,
    answers: Answers | None = None,
    threshold: Threshold | None = None,
    levels: Mapping[str, str] | None = None,
    threads: int = 1,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Look at labelled sequences and report what is there.

    Parameters
    ----------
    data
        All records, duplicates included.
    alphabet
        Their alphabet; None for series, of which nothing about letters is reported.
    answers
        What is learned of them; None for their classes.
    threshold
        From where on two sequences are homologous; None to look for copies alone, as in series.
        Without MMseqs2 there is a finding that says so.
    levels
        Levels of findings, by code, in place of :data:`.findings.LEVELS`.
    threads
        Most threads to use.
    watch
        Told of the progress of large searches.

    Returns
    -------
    report
        Ready for JSON; docs/file-formats.md describes each entry.

    Raises
    ------
    ConfigurationError
        For an unknown code or level.
    """
    check_levels(levels or {})
    answers = answers or Answers()
    kept, exclusions = resolve_duplicates(answers.comparable(data))
    symbol_counts = None if alphabet is None else count_symbols(data.sequences, alphabet)
    report: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "alphabet": SERIES if alphabet is None else alphabet.name,
        "files": [
            {"name": file.name, "sha256": file.sha256, "n_records": file.n_records}
            for file in data.files
        ],
        "content_sha256": _content_digest(data, answers),
        "n_records": len(data),
        "n_kept": len(kept),
        **_describe_classes(data, kept, symbol_counts, alphabet),
        **describe_answers(data, answers, kept),
        "duplicates": _describe_duplicates(data),
        "conflicting_labels": _describe_conflicts(data, exclusions),
        "resolve_rule": RULE,
        "excluded": [_describe_exclusion(data, exclusion) for exclusion in exclusions],
        "respelled": data.respelled,
        **_describe_similarity(
            data, data.subset(kept), alphabet, answers, threshold, threads, watch
        ),
    }
    report["findings"] = find_concerns(report, data, symbol_counts, alphabet, levels or {})
    return report


def _content_digest(data: LabelledSequences, answers: Answers) -> str:
    """Checksum of ids, answers and normalised sequences: the same for every form of the input."""
    digest = hashlib.sha256()
    texts = [
        content.digest() if isinstance(content, Series) else content for content in data.sequences
    ]
    for row in zip(data.ids, answers.texts(data), texts, strict=True):
        digest.update("\t".join(row).encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _describe_classes(
    data: LabelledSequences,
    kept: NDArray[np.intp],
    symbol_counts: NDArray[np.int64] | None,
    alphabet: Alphabet | None,
) -> dict[str, Any]:
    labels = np.array(data.labels, dtype=object)
    is_kept = np.zeros(len(data), dtype=bool)
    is_kept[kept] = True
    lengths = np.array([len(sequence) for sequence in data.sequences], np.int64)
    edges = histogram_edges(lengths)
    classes: dict[str, Any] = {}
    for label in data.classes:
        members = labels == label
        classes[label] = {
            "n": int(members.sum()),
            "n_kept": int((members & is_kept).sum()),
            "length": describe_lengths(lengths[members], edges),
        }
    if alphabet is not None and symbol_counts is not None:
        low_complexity = low_complexity_share(data.sequences, alphabet)
        for label, entry in classes.items():
            members = labels == label
            entry |= describe_letters(symbol_counts[members], alphabet)
            entry["low_complexity"] = round(float(low_complexity[members].mean()), 6)
    return {"classes": classes, "length_histogram_edges": edges}


def _describe_duplicates(data: LabelledSequences) -> dict[str, Any]:
    places: dict[str, list[int]] = {}
    for index, sequence in enumerate(data.sequences):
        places.setdefault(sequence, []).append(index)
    groups = [found for found in places.values() if len(found) > 1]
    return {
        "n_duplicates": len(data) - len(places),
        "n_distinct": len(places),
        "n_groups": len(groups),
        "groups": [
            _describe_group(data, found)
            for found in sorted(groups, key=lambda found: (-len(found), found))[:_GROUPS_SHOWN]
        ],
    }


def _describe_conflicts(data: LabelledSequences, exclusions: list[Exclusion]) -> dict[str, Any]:
    places: dict[int, list[int]] = {}
    for exclusion in exclusions:
        if exclusion.reason == "conflicting_labels":
            places.setdefault(exclusion.same_as, []).append(exclusion.index)
    return {
        "n_sequences": len(places),
        "n_records": sum(map(len, places.values())),
        "groups": [_describe_group(data, found) for found in list(places.values())[:_GROUPS_SHOWN]],
    }


def _describe_group(data: LabelledSequences, places: list[int]) -> dict[str, Any]:
    """Describe records with the same sequence."""
    return {
        "n": len(places),
        "ids": [data.ids[index] for index in places[:_IDS_SHOWN]],
        "labels": dict(sorted(Counter(data.labels[index] for index in places).items())),
    }


def _describe_exclusion(data: LabelledSequences, exclusion: Exclusion) -> dict[str, str]:
    return {
        "id": data.ids[exclusion.index],
        "label": data.labels[exclusion.index],
        "reason": exclusion.reason,
        "same_as": data.ids[exclusion.same_as],
    }


def _describe_similarity(
    data: LabelledSequences,
    used: LabelledSequences,
    alphabet: Alphabet | None,
    answers: Answers,
    threshold: Threshold | None,
    threads: int,
    watch: Watch | None,
) -> dict[str, Any]:
    """Describe homologues in use, what a given split has on both sides, and the shortcuts."""
    homology: dict[str, Any] | None = None
    groups = np.arange(len(used)) if used.groups is not None else None
    if alphabet is not None and threshold is not None and len(used):
        try:
            groups = group_homologues(
                used.sequences, alphabet, threshold, threads=threads, watch=watch
            )
            compared = used if data.splits is None else data
            incomplete = why_incomplete(compared.sequences, alphabet)
            homology = describe_homology(groups, threshold, incomplete)
        except ToolError as error:
            homology, threshold = {"not_checked": str(error)}, None
    leaks = None
    if data.splits is not None:
        leaks = find_leaks(data, alphabet, threshold, threads=threads, watch=watch)
    if groups is not None and used.groups is not None:
        groups = join_named(groups, used.groups)
    return {
        "homology": homology,
        "leaks": leaks,
        **_describe_shortcuts(used, alphabet, answers, groups),
    }


def _describe_shortcuts(
    used: LabelledSequences,
    alphabet: Alphabet | None,
    answers: Answers,
    groups: NDArray[np.int64] | None,
) -> dict[str, Any]:
    shortcuts: list[dict[str, Any]] = []
    over = "records"
    if answers.names:
        found: list[dict[str, Any]] = []
        if alphabet is not None:
            found, over = find_target_shortcuts(used, answers, alphabet, groups)
        return {"shortcuts": [], "target_shortcuts": found, "shortcuts_over": over}
    of_classes = answers.task == "classification" and len(used.classes) > 1
    if alphabet is not None and of_classes:
        shortcuts, over = find_shortcuts(used.sequences, used.labels, alphabet, groups=groups)
    return {"shortcuts": shortcuts, "shortcuts_over": over}
