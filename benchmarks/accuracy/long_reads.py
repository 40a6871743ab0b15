"""Long reads, cut from genomes with errors like those of nanopores, and labelled by their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import get_alphabet
from fastgru.data.strands import reverse_complement

__all__ = ["add_errors", "cut_reads", "longest_runs", "parts_by_block"]

_BASES = np.frombuffer(b"ACGT", np.uint8)
LabelOf = Callable[[int, int], str | None]


def add_errors(letters: str, rate: float, rng: np.random.Generator) -> str:
    """Return letters with substitutions, insertions and deletions, a third of the rate each.

    Parameters
    ----------
    letters
        Bases in upper case.
    rate
        Expected errors for each letter, in [0, 1].  An insertion is one random base; a substitution
        puts a random base, so that a quarter of them change nothing.
    rng
    """
    codes = np.frombuffer(letters.encode("ascii"), np.uint8).copy()
    kind = rng.random(len(codes)) / max(rate, 1e-12) * 3
    drawn = _BASES[rng.integers(0, 4, len(codes))]
    codes = np.where(kind < 1, drawn, codes)
    copies = np.where((kind >= 1) & (kind < 2), 2, np.where((kind >= 2) & (kind < 3), 0, 1))
    places = np.repeat(np.arange(len(codes)), copies)
    inserted = np.r_[False, places[1:] == places[:-1]]
    return np.where(inserted, drawn[places], codes[places]).astype(np.uint8).tobytes().decode()


def longest_runs(wanted: NDArray[np.bool_]) -> Callable[[int, int], int]:
    """Return what tells the longest run of True from one place to another.

    Parameters
    ----------
    wanted
        bool (n,).
    """
    edges = np.flatnonzero(np.diff(np.r_[False, wanted, False]))
    starts, ends = edges[::2], edges[1::2]

    def longest(start: int, end: int) -> int:
        first, last = np.searchsorted(ends, start, "right"), np.searchsorted(starts, end)
        inside = np.minimum(ends[first:last], end) - np.maximum(starts[first:last], start)
        return int(inside.max(initial=0))

    return longest


def parts_by_block(start: int, end: int, block: int) -> dict[str, list[tuple[int, int]]]:
    """Return the stretches of each part: of five blocks side by side three, one and one."""
    parts: dict[str, list[tuple[int, int]]] = {"train": [], "validation": [], "test": []}
    names = ("train", "train", "train", "validation", "test")
    for number, first in enumerate(range(start, end - block + 1, block)):
        parts[names[number % 5]].append((first, first + block))
    return parts


def cut_reads(
    letters: str,
    stretches: list[tuple[int, int]],
    label_of: LabelOf,
    n_each: int,
    config: Mapping[str, Any],
    rng: np.random.Generator,
) -> tuple[list[str], list[str]]:
    """Return reads of either strand, as many of each class, and their labels.

    Parameters
    ----------
    letters
        The genome.
    stretches
        From where to where; each read lies in one.
    label_of
        Class of the letters from one place to another, None to leave them out.
    n_each
        Reads of each of the ``classes``.
    config
        ``lengths`` (least and most, drawn by their logarithm), ``errors`` (least and most rate) and
        ``classes``.
    rng
    """
    dna = get_alphabet("dna")
    kept: dict[str, list[str]] = {name: [] for name in config["classes"]}
    while min(map(len, kept.values())) < n_each:
        low, high = stretches[rng.integers(len(stretches))]
        length = int(np.exp(rng.uniform(*np.log(config["lengths"]))))
        start = int(rng.integers(low, high - length + 1))
        name = label_of(start, start + length)
        text = letters[start : start + length].upper()
        turned, rate = rng.random() < 0.5, rng.uniform(*config["errors"])
        if name is None or len(kept[name]) == n_each or set(text) - set("ACGT"):
            continue
        kept[name].append(add_errors(reverse_complement(text, dna) if turned else text, rate, rng))
    pairs = [(text, name) for name, members in kept.items() for text in members]
    return [text for text, _ in pairs], [name for _, name in pairs]
