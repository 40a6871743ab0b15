"""Which sequences a model has seen in training, in four bytes for each.

The set is a Bloom filter (B. H. Bloom 1970, "Space/time trade-offs in hash coding with allowable
errors", Communications of the ACM 13, 422-426): a sequence that was put in is always found, and of
others two in ten million are found as well.  It gives none of the sequences away.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SeenSequences", "note_seen"]

_BITS_OF_SEQUENCE = 32
_N_PLACES = 22  # 32 ln 2, with which the fewest strangers are found
_LEAST_BITS = 1024
_MOST_SEQUENCES = 1 << 23  # 45 MB as text, of the 100 MB that a model file may say of itself


@dataclass(frozen=True, eq=False)
class SeenSequences:
    """A set of sequences, which can be asked but not read.

    Attributes
    ----------
    bits
        Boolean (n_bits,); n_bits is a multiple of 8.
    """

    bits: NDArray[np.bool_]

    def contains(self, encoded: Sequence[NDArray[np.uint8]]) -> NDArray[np.bool_]:
        """Return whether each sequence is in the set, boolean (n,)."""
        found: NDArray[np.bool_] = self.bits[_places(encoded, len(self.bits))]
        return np.asarray(found.all(axis=1))

    def to_text(self) -> str:
        """Return the bits in base64, the least significant of each byte first."""
        return base64.b64encode(np.packbits(self.bits, bitorder="little").tobytes()).decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> SeenSequences:
        """Undo `to_text`.

        Raises
        ------
        ValueError
            If the text is not base64, or empty.
        """
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError(f"seen is not base64 ({error})") from error
        if not content:
            raise ValueError("seen is empty")
        return cls(np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little").astype(bool))


def note_seen(encoded: Sequence[NDArray[np.uint8]]) -> SeenSequences | None:
    """Return the set of some sequences, None for more than 8,388,608.

    Parameters
    ----------
    encoded
        Sequences from :meth:`fastgru.data.alphabets.Alphabet.encode`.
    """
    if len(encoded) > _MOST_SEQUENCES:
        return None
    bits = np.zeros(max(_LEAST_BITS, _BITS_OF_SEQUENCE * len(encoded)), bool)
    bits[_places(encoded, len(bits))] = True
    return SeenSequences(bits)


def _places(encoded: Sequence[NDArray[np.uint8]], n_bits: int) -> NDArray[np.int64]:
    """Return the bits that stand for each sequence, int64 (n, 22)."""
    digests = [hashlib.shake_256(codes.tobytes()).digest(8 * _N_PLACES) for codes in encoded]
    words = np.frombuffer(b"".join(digests), "<u8").reshape(len(encoded), _N_PLACES)
    return (words % np.uint64(n_bits)).astype(np.int64)
