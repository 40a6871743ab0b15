"""What of a test is already known from training: copies and homologues across a split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet
from fastgru.data.homology import Threshold, pairs_across
from fastgru.data.labelled import LabelledSequences
from fastgru.data.mmseqs import Watch
from fastgru.data.series import SERIES
from fastgru.data.strands import canonical

__all__ = ["KINDS", "about_relatives", "describe_homology", "find_leaks"]

KINDS = ("exact", "reverse_complement", "near_identical", "homologous")
"""From the plainest on: the same sequence; in DNA the other strand of it; an alignment with at
least 90 % identity; one above the threshold."""

_N_COPIES = 2  # kinds that are found without an alignment
_NEAR = 0.9
_SHOWN = 20
_RELATED_SHARE = 0.1


def find_leaks(
    data: LabelledSequences,
    alphabet: Alphabet | None,
    threshold: Threshold | None,
    *,
    threads: int = 1,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Look for the test and validation records in the parts that come before them.

    Parameters
    ----------
    data
        Records with a split, repeated sequences included.
    alphabet
        None for series, of which only the same are looked for.
    threshold
        From where on sequences are homologous; None to look for copies alone.
    threads
        Most threads to use.
    watch
        Told of the progress of large searches.

    Returns
    -------
    leaks
        Ready for JSON: for ``test`` (looked for in training and validation) and ``validation``
        (in training) ``n``, and by kind how many records have a counterpart of that kind as their
        plainest, None for the kinds that take a threshold without one; and the first 20
        ``examples`` (``id``, ``part``, ``same_as``, ``kind``, ``identity``).

    Raises
    ------
    ToolError
        If MMseqs2 is needed, and missing or fails.
    """
    parts = data.splits or []
    order = ("train", "validation", "test")
    found: dict[int, tuple[int, int, float]] = {}  # record: kind, counterpart, identity

    def note(one: int, other: int, kind: int, identity: float) -> None:
        early, late = sorted((one, other), key=lambda place: order.index(parts[place]))
        if parts[early] != parts[late]:
            best = found.get(late)
            # the order of the hits varies with the threads
            if best is None or (kind, -identity, early) < (best[0], -best[2], best[1]):
                found[late] = (kind, early, identity)

    _note_copies(data.sequences, alphabet, parts, note)
    n_kinds = 1 if alphabet is None else _N_COPIES
    if alphabet is not None and threshold is not None:
        n_kinds = len(KINDS)
        for hits in pairs_across(
            data.sequences, parts, alphabet, threshold, threads=threads, watch=watch
        ):
            for one, other, identity in zip(*(c.tolist() for c in hits[:3]), strict=True):
                note(one, other, 2 if identity >= _NEAR else 3, identity)
    return {
        **{part: _count(part, parts, found, n_kinds) for part in order[1:]},
        "examples": [
            {
                "id": data.ids[place],
                "part": parts[place],
                "same_as": data.ids[other],
                "kind": KINDS[kind],
                "identity": round(identity, 4),
            }
            for place, (kind, other, identity) in sorted(
                found.items(), key=lambda entry: (entry[1][0], -entry[1][2], entry[0])
            )[:_SHOWN]
        ],
    }


def _note_copies(
    sequences: Sequence[Any], alphabet: Alphabet | None, parts: Sequence[str], note: Any
) -> None:
    """Note the same sequence, and the other strand, in the parts where it is."""
    keys = sequences
    if alphabet is not None:
        keys = [canonical(letters, alphabet) for letters in sequences]
    first: dict[Any, dict[tuple[Any, str], int]] = {}
    for place, (key, letters, part) in enumerate(zip(keys, sequences, parts, strict=True)):
        first.setdefault(key, {}).setdefault((letters, part), place)
    # only when all are known: a copy in training may come after the test record
    for place, (key, letters) in enumerate(zip(keys, sequences, strict=True)):
        for (others, _), other in first[key].items():
            note(other, place, int(others != letters), 1.0)


def _count(
    part: str, parts: Sequence[str], found: dict[int, tuple[int, int, float]], n_kinds: int
) -> dict[str, int | None]:
    """Count the records of a part by kind; None for those after the first `n_kinds`."""
    kinds = [kind for place, (kind, _, _) in found.items() if parts[place] == part]
    return {
        "n": sum(name == part for name in parts),
        # 0 would say that the kind was looked for and is not there
        **{
            name: kinds.count(number) if number < n_kinds else None
            for number, name in enumerate(KINDS)
        },
    }


def describe_homology(
    groups: NDArray[np.int64], threshold: Threshold, incomplete: str | None
) -> dict[str, Any]:
    """Say how related sequences are: what a random split would put on both sides.

    Parameters
    ----------
    groups
        int64 (N,), groups of N >= 1 distinct sequences, from :func:`.homology.group_homologues`.
    threshold
        That of the groups.
    incomplete
        From :func:`.homology.why_incomplete`.

    Returns
    -------
    homology
        Ready for JSON: ``identity``, ``coverage``, ``n_groups``, ``largest_group``,
        ``n_related``, sequences that are homologous to another one, and ``incomplete``.
    """
    sizes = np.bincount(groups)
    return {
        "identity": threshold.identity,
        "coverage": threshold.coverage,
        "n_groups": len(sizes),
        "largest_group": int(sizes.max()),
        "n_related": int(sizes[sizes > 1].sum()),
        "incomplete": incomplete,
    }


def about_relatives(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Put the entries ``homology`` and ``leaks`` of an audit into findings: code and message."""
    homology, leaks = report["homology"], report["leaks"]
    if homology is not None and "not_checked" in homology:
        message = f"similar sequences were not looked for: {homology['not_checked']}"
        yield "homology_not_checked", message.rstrip(".")
    elif homology is not None and homology["incomplete"] is not None:
        yield "homology_incomplete", homology["incomplete"]
    elif report["alphabet"] != SERIES and leaks is not None and leaks["test"]["homologous"] is None:
        message = "similar sequences were not looked for, as asked"
        yield (
            "homology_not_checked",
            f"{message}: test sequences may be relatives of training sequences",
        )
    for part, known in (("test", "training or validation"), ("validation", "training")):
        counts = (leaks or {}).get(part, {"n": 0})
        copies = [f"{counts[kind]} {_COPIES[kind]}" for kind in _COPIES if counts.get(kind)]
        if copies:
            n_copies = sum(counts[kind] or 0 for kind in _COPIES)
            message = (
                f"{n_copies} of {counts['n']} {part} sequences are "
                f"copies of {known} sequences ({', '.join(copies)})"
            )
            yield "leaking_split", f"{message}; scores on them measure memory"
        if counts.get("homologous"):
            message = (
                f"{counts['homologous']} more of {counts['n']} {part} sequences are homologous to "
                f"{known} sequences"
            )
            yield "homologues_across_split", f"{message}; scores on them are too good"
    if leaks is None and homology is not None and "n_related" in homology:
        share = homology["n_related"] / report["n_kept"]
        if share >= _RELATED_SHARE:
            message = (
                f"{share:.0%} of the sequences are homologous to another one (identity of at least "
                f"{homology['identity']:g}; largest group: {homology['largest_group']})"
            )
            yield "homologues", f"{message}; a random split would put them on both sides"


_COPIES = {
    "exact": "the same",
    "reverse_complement": "the other strand",
    "near_identical": "at least 90 % identical",
}
