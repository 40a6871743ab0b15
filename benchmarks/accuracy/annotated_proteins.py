"""Proteins with terms of the Gene Ontology, from the unpacked package metastudent-data of Debian.

Each of its folders holds proteins of Swiss-Prot (January 2014) as a database of BLAST, and their
terms in a file with a line for each, in the same order.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.data.homology import Threshold, group_homologues

__all__ = ["draw_unrelated", "label_by_terms", "read_blast_proteins", "read_terms_below"]

_LETTERS = np.frombuffer(b"-ABCDEFGHIKLMNPQRSTVWXYZU*OJ", np.uint8)
"""Those of NCBIstdaa, in the order of their numbers."""


def read_blast_proteins(index: Path) -> list[str]:
    """Return the sequences of a BLAST database of proteins, version 4.

    Parameters
    ----------
    index
        Its file ``.pin``; the letters stand in the ``.psq`` beside it.
    """
    data = index.read_bytes()
    place = 8
    for _ in range(2):  # title and date, each behind its length
        place += 4 + struct.unpack_from(">i", data, place)[0]
    (n_sequences,) = struct.unpack_from(">i", data, place)
    place += 16 + 4 * (n_sequences + 1)  # counts, and the places of the headers
    starts = np.frombuffer(data, ">u4", n_sequences + 1, place).astype(np.int64)
    letters = _LETTERS[np.fromfile(index.with_suffix(".psq"), np.uint8) % len(_LETTERS)].tobytes()
    text = letters.decode("ascii")
    return [text[a : b - 1] for a, b in pairwise(starts)]


def read_terms_below(closure: Path, terms: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the terms that are or lie below each of some, by the name of that.

    Parameters
    ----------
    closure
        File with a term, a relation, a term above it and their distance in each line.
    terms
        Identifiers by name.
    """
    names = {term: name for name, term in terms.items()}
    found = {name: {term} for name, term in terms.items()}
    with closure.open(encoding="utf-8") as stream:
        for line in stream:
            below, relation, above, _ = line.split("\t")
            if above in names and relation.endswith(("is_a", "part_of")):
                found[names[above]].add(below)
    return found


def label_by_terms(annotation: Path, below: Mapping[str, set[str]]) -> list[str | None]:
    """Return the one name that the terms of each protein lie below; None where none or several."""
    names: dict[str, set[str]] = {}
    for name, terms in below.items():
        for term in terms:
            names.setdefault(term, set()).add(name)
    labels: list[str | None] = []
    with annotation.open(encoding="utf-8") as stream:
        for line in stream:
            found = set().union(*(names.get(term, ()) for term in set(line.split()[1:])))
            labels.append(found.pop() if len(found) == 1 else None)
    return labels


def draw_unrelated(
    sequences: list[str],
    labels: list[str | None],
    *,
    lengths: tuple[int, int],
    n_drawn: int,
    n_kept: int,
    identity: float,
    coverage: float,
    threads: int | None,
) -> tuple[list[str], list[str]]:
    """Return proteins of each class of which no two are homologous.

    Parameters
    ----------
    sequences
    labels
        Of each, or None for those to leave out.
    lengths
        Least and most residues.
    n_drawn, n_kept
        Of each class at random, and of these at most.
    identity, coverage
        From where on two are homologous; of each group the first is kept.
    threads
        None for one.
    """
    rng, protein = np.random.default_rng(0), get_alphabet("protein")
    shortest, longest = lengths
    places: list[int] = []
    of_class: dict[str, list[int]] = {}
    for place, (letters, label) in enumerate(zip(sequences, labels, strict=True)):
        if label is not None and shortest <= len(letters) <= longest:
            of_class.setdefault(label, []).append(place)
    for name in sorted(of_class):
        places += rng.permutation(of_class[name])[:n_drawn].tolist()
    places = rng.permutation(places).tolist()
    drawn = [protein.normalise(sequences[place]) for place in places]
    threshold = Threshold(identity, coverage)
    groups = group_homologues(drawn, protein, threshold, threads=threads or 1)
    _, first = np.unique(groups, return_index=True)
    kept: dict[str, list[str]] = {name: [] for name in sorted(of_class)}
    for at in first:
        name = labels[places[at]]
        if name is not None and len(kept[name]) < n_kept:
            kept[name].append(drawn[at])
    pairs = [(letters, name) for name, members in kept.items() for letters in members]
    return [letters for letters, _ in pairs], [name for _, name in pairs]
