"""Families of sequences that are alike within, and unrelated between."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np

from fastgru.data.alphabets import Alphabet
from fastgru.data.labelled import LabelledSequences
from fastgru.data.mmseqs import Hits


def mutated(sequence: str, share: float, letters: str, rng: random.Random) -> str:
    """Replace a share of the letters, each by another one."""
    changed = list(sequence)
    for place in rng.sample(range(len(changed)), round(share * len(changed))):
        changed[place] = rng.choice([letter for letter in letters if letter != changed[place]])
    return "".join(changed)


def collected(blocks: Iterable[Hits]) -> Hits:
    """Join the hits of a search, in order of query and target."""
    nothing = Hits(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))
    columns = [np.concatenate(parts) for parts in zip(nothing, *blocks, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    return Hits(*(column[order] for column in columns))


def families(
    alphabet: Alphabet, *, n_families: int, size: int, length: int, share: float = 0.08
) -> LabelledSequences:
    """Return families, one after the other, each with a class of its own, x or y."""
    rng = random.Random(f"{alphabet.name} {length}")
    data = LabelledSequences([], [], [])
    for family in range(n_families):
        parent = "".join(rng.choices(alphabet.letters, k=length))
        for member in range(size):
            data.ids.append(f"f{family}_{member}")
            data.sequences.append(mutated(parent, share, alphabet.letters, rng))
            data.labels.append("xy"[family % 2])
    return data
