"""Shuffles for controls: sequences without their order, and labels without their meaning.

A model that does as well on sequences whose order is destroyed has learned composition; one that
does well on labels dealt out at random has met its test sequences before.

`shuffle_dinucleotides` draws uniformly from all sequences with the same counts of neighbouring
letters.  A sequence is a walk over its letters that takes every pair of neighbours once, and what
such a walk is free to choose is, for each letter, the order in which it leaves it (Altschul and
Erickson 1985, doi:10.1093/oxfordjournals.molbev.a040370).  An order leads through to the end if
and only if the last exits of the letters form a tree towards the last letter, and with such a tree
every order of the other exits does.  The tree is drawn uniformly by Wilson's loop-erased walks
(1996, doi:10.1145/237814.237880), as by Kandel et al. (1996, doi:10.1016/S0166-218X(97)81456-4),
and since every sequence comes from the same number of orders, all are equally likely.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import Alphabet

__all__ = [
    "kind_of_shuffle",
    "shuffle_dinucleotides",
    "shuffle_labels",
    "shuffle_residues",
    "shuffle_sequences",
]

Label = TypeVar("Label")


def kind_of_shuffle(alphabet: Alphabet) -> str:
    """Return what `shuffle_sequences` keeps: ``"dinucleotides"``, or ``"residues"`` of proteins."""
    return "residues" if alphabet.name == "protein" else "dinucleotides"


def shuffle_sequences(sequences: Sequence[str], alphabet: Alphabet, *, seed: int = 0) -> list[str]:
    """Shuffle each sequence in the way that suits its alphabet.

    DNA and RNA keep the counts of their dinucleotides, and with them those of the letters and the
    two ends; proteins keep the counts of their residues.

    Parameters
    ----------
    sequences
        Sequences in the spelling of `Alphabet.normalise`.
    alphabet
        Alphabet of the sequences.
    seed
        The shuffle of a sequence depends on it and on the sequence, and on nothing else: neither
        on the other sequences nor on their order.
    """
    keep = shuffle_residues if alphabet.name == "protein" else shuffle_dinucleotides
    return [keep(sequence, _generator(sequence, seed)) for sequence in sequences]


def _generator(sequence: str, seed: int) -> np.random.Generator:
    digest = hashlib.sha256(sequence.encode("utf-8", "surrogatepass")).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, "<u4").tolist()])


def shuffle_residues(sequence: str, rng: np.random.Generator) -> str:
    """Return the letters in a random order, every order of equal probability.

    Parameters
    ----------
    sequence
        Any text.
    rng
        Source of randomness.
    """
    return _as_text(rng.permutation(_as_numbers(sequence)))


def shuffle_dinucleotides(sequence: str, rng: np.random.Generator) -> str:
    """Return a random sequence with the same counts of neighbouring letters, and the same ends.

    Parameters
    ----------
    sequence
        Any text.
    rng
        Source of randomness: all sequences with these counts are equally likely.
    """
    if len(sequence) < 4:  # there is no other one
        return sequence
    letters, codes = np.unique(_as_numbers(sequence), return_inverse=True)
    exits = [codes[1:][codes[:-1] == letter] for letter in range(len(letters))]
    end = int(codes[-1])
    last_exits = _draw_last_exits(exits, end, rng)
    orders = []
    for letter, found in enumerate(exits):
        if letter == end:
            order = rng.permutation(found)
        else:
            # The last exit is taken out before the others are mixed: the first equal one in a
            # mixed order stands early, and the rest would no longer be in any order.
            place = int(np.flatnonzero(found == last_exits[letter])[0])
            order = np.append(rng.permutation(np.delete(found, place)), last_exits[letter])
        orders.append(iter(order.tolist()))
    letter = int(codes[0])
    walk = [letter]
    for _ in range(len(sequence) - 1):
        letter = next(orders[letter])
        walk.append(letter)
    return _as_text(letters[walk])


def _draw_last_exits(
    exits: Sequence[NDArray[np.intp]], end: int, rng: np.random.Generator
) -> dict[int, int]:
    """Draw a spanning tree towards `end`; return for each other letter the next on its branch.

    A tree has the weight of the product of its pairs' counts (Wilson 1996, figure 1).
    """
    # A walk that stays where it is erases that step as a loop: not taken, it costs no time.
    moves = [found[found != letter] for letter, found in enumerate(exits)]
    tree: dict[int, int] = {}
    for start in range(len(exits)):
        letter = start
        passed: dict[int, int] = {}
        while letter != end and letter not in tree:
            # The last exit of each visit overwrites the one before, which erases the loops.
            passed[letter] = int(moves[letter][rng.integers(len(moves[letter]))])
            letter = passed[letter]
        letter = start
        while letter != end and letter not in tree:
            tree[letter] = passed[letter]
            letter = tree[letter]
    return tree


def _as_numbers(sequence: str) -> NDArray[np.uint32]:
    return np.frombuffer(sequence.encode("utf-32-le", "surrogatepass"), "<u4")


def _as_text(numbers: NDArray[np.uint32]) -> str:
    return numbers.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def shuffle_labels(labels: Sequence[Label], *, seed: int = 0) -> list[Label]:
    """Deal the labels or targets out at random, so that they say nothing about the sequences.

    Parameters
    ----------
    labels
        Labels, whose counts stay as they are.
    seed
        Seed of ``numpy.random.default_rng``.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    return [labels[place] for place in order]
