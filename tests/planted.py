"""Sequences that can be told apart by a motif: small data to train on."""

from __future__ import annotations

import numpy as np

MOTIF = "TATAAT"


def plant(n: int, seed: int, length: int = 30) -> tuple[list[str], list[str]]:
    """Random DNA, every other sequence with the motif somewhere, and labels yes and no."""
    rng = np.random.default_rng(seed)
    sequences, labels = [], []
    for number in range(n):
        letters = "".join(rng.choice(list("ACGT"), length))
        if number % 2:
            place = int(rng.integers(0, length - len(MOTIF) + 1))
            letters = letters[:place] + MOTIF + letters[place + len(MOTIF) :]
        sequences.append(letters)
        labels.append("yes" if number % 2 else "no")
    return sequences, labels


def plant_counts(n: int, seed: int, length: int = 40) -> tuple[list[str], np.ndarray]:
    """Random DNA with the motif from never to three times, and how often, float64 (n,)."""
    rng = np.random.default_rng(seed)
    sequences, counts = [], rng.integers(0, 4, n)
    for count in counts:
        letters = "".join(rng.choice(list("ACGT"), length))
        for window in rng.choice(length // 10, count, replace=False):
            place = 10 * int(window) + int(rng.integers(0, 11 - len(MOTIF)))
            letters = letters[:place] + MOTIF + letters[place + len(MOTIF) :]
        sequences.append(letters)
    return sequences, counts.astype(np.float64)


def plant_segments(n: int, seed: int) -> tuple[list[str], list[str]]:
    """Random DNA of 20 to 40 letters with the motif once, and a label for each letter.

    The motif begins with B, goes on with I and ends with E; all else is ``-``.
    """
    rng = np.random.default_rng(seed)
    sequences, labels = [], []
    for length in rng.integers(20, 40, n):
        letters = "".join(rng.choice(list("ACGT"), length))
        place = int(rng.integers(0, length - len(MOTIF) + 1))
        after = int(length) - place - len(MOTIF)
        sequences.append(letters[:place] + MOTIF + letters[place + len(MOTIF) :])
        labels.append("-" * place + "B" + "I" * (len(MOTIF) - 2) + "E" + "-" * after)
    return sequences, labels


def as_fasta(sequences: list[str], labels: list[str] | None = None) -> str:
    """Records r0, r1, ..., with the word ``label=LABEL`` in each header if there are labels."""
    words = [""] * len(sequences) if labels is None else [f" label={label}" for label in labels]
    rows = enumerate(zip(words, sequences, strict=True))
    return "".join(f">r{number}{word}\n{letters}\n" for number, (word, letters) in rows)


def as_table(labels: list[str], **columns: list[str]) -> str:
    """A table of labels for the records of `as_fasta`, with further columns."""
    header = "\t".join(["id", "label", *columns])
    rows = zip(labels, *columns.values(), strict=True)
    return "\n".join([header, *("\t".join([f"r{k}", *row]) for k, row in enumerate(rows)), ""])
