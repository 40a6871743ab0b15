"""The two strands of a nucleotide sequence."""

from __future__ import annotations

from fastgru.data.alphabets import Alphabet

__all__ = ["canonical", "reverse_complement"]

# Each code for the bases that pair with those it stands for; S, W, N and X pair with themselves.
_PAIRS = str.maketrans("ACGTRYKMBVDH", "TGCAYRMKVBHD")
_RNA_PAIRS = str.maketrans("ACGURYKMBVDH", "UGCAYRMKVBHD")


def reverse_complement(sequence: str, alphabet: Alphabet) -> str:
    """Return the other strand of a normalised DNA or RNA sequence, read from its own start."""
    return sequence[::-1].translate(_RNA_PAIRS if alphabet.name == "rna" else _PAIRS)


def canonical(sequence: str, alphabet: Alphabet) -> str:
    """Return the same text for both strands of DNA; RNA and proteins have one, as they are."""
    if alphabet.name != "dna":
        return sequence
    return min(sequence, reverse_complement(sequence, alphabet))
