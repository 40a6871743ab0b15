"""Alphabets: which letters a sequence may have, and what each of them stands for.

An alphabet has *letters* (A, C, G, T) and *symbols*: the letters first, then the codes of the
IUPAC for several letters at once.  A sequence is encoded as one symbol number per position.
The row of `Alphabet.mixture` for a symbol says which letters it stands for: R is half A and half
G, so a layer that averages with this matrix treats R exactly as the average of A and G.

The codes come from Biopython's ``Bio.Data.IUPACData`` (IUPAC-IUB 1984, doi:10.1093/nar/13.9.3021;
amino acids: IUPAC-IUB 1983, doi:10.1111/j.1432-1033.1984.tb07877.x).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from Bio.Data import IUPACData
from numpy.typing import NDArray

from fastgru.errors import AlphabetError, ConfigurationError, counted

__all__ = ["Alphabet", "alphabet_names", "get_alphabet", "is_any_letter"]

_INVALID = 255
_PROTEIN_ONLY = frozenset("EFILPQZJO")


@dataclass(frozen=True)
class Alphabet:
    """The letters of a kind of sequence.

    Attributes
    ----------
    name
        ``"dna"``, ``"rna"`` or ``"protein"``.
    letters
        The V letters that carry information, such as ``"ACGT"``.
    symbols
        The K accepted symbols: `letters`, then the ambiguity codes.
    mixture
        (K, V) float64, rows sum to 1: the share of each letter in each symbol.
    """

    name: str
    letters: str
    symbols: str
    mixture: NDArray[np.float64] = field(repr=False, compare=False)
    _respelled: Mapping[str, str] = field(repr=False, compare=False)
    _codes: bytes = field(repr=False, compare=False)

    def normalise(self, sequence: str) -> str:
        """Return the sequence in the one spelling that fastgru works with.

        Letters become upper case; U becomes T in DNA and T becomes U in RNA; one ``*`` at the end
        of a protein is dropped (the stop codon of a translated gene).  Letters are not checked.
        """
        sequence = sequence.upper()
        for letter, replacement in self._respelled.items():
            sequence = sequence.replace(letter, replacement)
        if self.name == "protein":
            sequence = sequence.removesuffix("*")
        return sequence

    def encode(self, sequence: str) -> NDArray[np.uint8]:
        """Return the symbol number of each position of the normalised sequence.

        Parameters
        ----------
        sequence
            Any spelling that `normalise` accepts, length L after it.

        Returns
        -------
        codes
            uint8 (L,), values in [0, K): ``symbols[code]`` is the letter.

        Raises
        ------
        AlphabetError
            If a letter is not a symbol of this alphabet.
        """
        codes = self._lookup(self.normalise(sequence))
        if codes.size and codes.max() == _INVALID:
            invalid = self.invalid_letters(sequence)
            position, letter = invalid[0]
            message = f"{self.describe_invalid(invalid)}. {self.cure(invalid)}"
            raise AlphabetError(message, letter=letter, position=position)
        return codes

    def invalid_letters(self, sequence: str) -> list[tuple[int, str]]:
        """Return (position counted from 1, letter) of every letter outside the alphabet."""
        normalised = self.normalise(sequence)
        # Nearly all sequences are valid, and then nothing is left when the symbols are deleted.
        if not normalised.encode("ascii", "replace").translate(None, self.symbols.encode()):
            return []
        places = np.flatnonzero(self._lookup(normalised) == _INVALID)
        return [(int(place) + 1, normalised[place]) for place in places]

    def describe_invalid(self, invalid: list[tuple[int, str]]) -> str:
        """Say which letters were found and which were expected, without a cure."""
        position, letter = invalid[0]
        ambiguous = self.symbols[len(self.letters) :]
        n_others = len(invalid) - 1
        others = f" (and at {counted(n_others, 'more place')})" if n_others else ""
        return (
            f"letter {letter!a} at position {position}{others} is not in the {self.name} "
            f"alphabet ({self.letters}, and {ambiguous} for ambiguous positions)"
        )

    def cure(self, invalid: list[tuple[int, str]]) -> str:
        """Return the advice that fits the letters found, as one or two sentences."""
        found = {letter for _, letter in invalid}
        if found & set("-."):
            return "Remove the gaps of the alignment; sequences are read unaligned."
        if ">" in found:
            return (
                "A '>' inside a line means that the line break before it was lost, "
                "as when files without a last line break are joined; put it back."
            )
        if "@" in found:
            return "A line that begins with '@' is FASTQ: give it in a file of its own."
        if self.name != "protein" and found & _PROTEIN_ONLY:
            return "If these are protein sequences, use the alphabet protein (--alphabet protein)."
        if "*" in found:
            return "A '*' is a stop codon: cut the sequence there, or remove the record."
        if any(letter.isdigit() for letter in found):
            return "Remove the numbering of positions, or convert the file to FASTA."
        unknown = "X" if self.name == "protein" else "N"
        return f"Correct the letter, replace it by {unknown} (unknown), or remove the record."

    def _lookup(self, normalised: str) -> NDArray[np.uint8]:
        # "?" is in no alphabet, so letters outside ASCII become invalid ones, position by position.
        ascii_letters = normalised.encode("ascii", "replace")
        return np.frombuffer(ascii_letters.translate(self._codes), dtype=np.uint8)


def alphabet_names() -> tuple[str, ...]:
    """Return the names that `get_alphabet` knows."""
    return ("dna", "rna", "protein")


@cache
def get_alphabet(name: str) -> Alphabet:
    """Return an alphabet by its name.

    Parameters
    ----------
    name
        ``"dna"``, ``"rna"`` or ``"protein"``.

    Raises
    ------
    ConfigurationError
        If there is no such alphabet.

    Examples
    --------
    >>> get_alphabet("dna").encode("acgun").tolist()
    [0, 1, 2, 3, 9]
    """
    if name == "dna":
        return _build(name, "ACGT", IUPACData.ambiguous_dna_values, {"U": "T"})
    if name == "rna":
        return _build(name, "ACGU", IUPACData.ambiguous_rna_values, {"T": "U"})
    if name == "protein":
        # Selenocysteine and pyrrolysine count as their commonest relatives, the residues that
        # differ from them in one atom (Se for S) and in one side-chain group.
        values = {**IUPACData.extended_protein_values, "U": "C", "O": "K"}
        return _build(name, IUPACData.protein_letters, values, {})
    expected = ", ".join(map(repr, alphabet_names()))
    raise ConfigurationError(f"alphabet must be one of {expected}, got {name!r}.")


def is_any_letter(mixture: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which symbols may be any letter (N, X), bool (n_symbols,).

    Parameters
    ----------
    mixture
        As :attr:`Alphabet.mixture`.
    """
    found: NDArray[np.bool_] = np.all(mixture > 0, axis=1)
    return found


def _build(
    name: str, letters: str, values: Mapping[str, str], respelled: Mapping[str, str]
) -> Alphabet:
    ambiguous = sorted(set(values) - set(letters))
    symbols = letters + "".join(ambiguous)
    mixture = np.zeros((len(symbols), len(letters)))
    codes = bytearray([_INVALID]) * 256
    for code, symbol in enumerate(symbols):
        codes[ord(symbol)] = code
        for letter in values[symbol]:
            mixture[code, letters.index(letter)] = 1 / len(values[symbol])
    mixture.flags.writeable = False
    return Alphabet(name, letters, symbols, mixture, respelled, bytes(codes))
