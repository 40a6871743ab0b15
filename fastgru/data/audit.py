"""The audit of labelled sequences: what a careful person would look at before training.

Records that cannot be used never get here: reading refuses them.  The audit is about data that
can be read, but mislead: repeated sequences, contradicting labels, letters that say little,
classes that a trivial feature tells apart.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet
from fastgru.data.composition import (
    count_symbols,
    describe_lengths,
    describe_letters,
    histogram_edges,
)
from fastgru.data.duplicates import RULE, Exclusion, resolve_duplicates
from fastgru.data.findings import find_concerns
from fastgru.data.labelled import LabelledSequences
from fastgru.data.shortcuts import find_shortcuts

__all__ = ["SCHEMA_VERSION", "audit"]

SCHEMA_VERSION = 1
_GROUPS_SHOWN = 50
_IDS_SHOWN = 20


def audit(data: LabelledSequences, alphabet: Alphabet) -> dict[str, Any]:
    """Look at labelled sequences and report what is there.

    Parameters
    ----------
    data
        All records, duplicates included.
    alphabet
        Their alphabet.

    Returns
    -------
    report
        Ready for JSON; docs/file-formats.md describes each entry.
    """
    kept, exclusions = resolve_duplicates(data)
    symbol_counts = count_symbols(data.sequences, alphabet)
    report: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "alphabet": alphabet.name,
        "files": [
            {"name": file.name, "sha256": file.sha256, "n_records": file.n_records}
            for file in data.files
        ],
        "content_sha256": _content_digest(data),
        "n_records": len(data),
        "n_kept": len(kept),
        **_describe_classes(data, kept, symbol_counts, alphabet),
        "duplicates": _describe_duplicates(data),
        "conflicting_labels": _describe_conflicts(data, exclusions),
        "resolve_rule": RULE,
        "excluded": [_describe_exclusion(data, exclusion) for exclusion in exclusions],
        "respelled": data.respelled,
        "shortcuts": _describe_shortcuts(data, kept, symbol_counts, alphabet),
    }
    report["findings"] = find_concerns(report, data, symbol_counts, alphabet)
    return report


def _content_digest(data: LabelledSequences) -> str:
    """Checksum of ids, labels and normalised sequences: the same for every form of the input."""
    digest = hashlib.sha256()
    for row in zip(data.ids, data.labels, data.sequences, strict=True):
        digest.update("\t".join(row).encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _describe_classes(
    data: LabelledSequences,
    kept: NDArray[np.intp],
    symbol_counts: NDArray[np.int64],
    alphabet: Alphabet,
) -> dict[str, Any]:
    labels = np.array(data.labels, dtype=object)
    is_kept = np.zeros(len(data), dtype=bool)
    is_kept[kept] = True
    lengths = symbol_counts.sum(axis=1)
    edges = histogram_edges(lengths)
    classes: dict[str, Any] = {}
    for label in data.classes:
        members = labels == label
        classes[label] = {
            "n": int(members.sum()),
            "n_kept": int((members & is_kept).sum()),
            "length": describe_lengths(lengths[members], edges),
            **describe_letters(symbol_counts[members], alphabet),
        }
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


def _describe_shortcuts(
    data: LabelledSequences,
    kept: NDArray[np.intp],
    symbol_counts: NDArray[np.int64],
    alphabet: Alphabet,
) -> list[dict[str, Any]]:
    used = data.subset(kept)
    if len(used.classes) < 2:
        return []
    return find_shortcuts(used.sequences, used.labels, symbol_counts[kept], alphabet)
