"""Coding segments from the annotation of a genome, and the labels of letters that follow from it.

A letter of a coding sequence on the strand that is read is labelled by its place in its codon,
``1``, ``2`` or ``3``, any other letter ``N``.  A network that has to tell the places learns reading
frames, which is what coding sequences have and others do not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgru.data.alphabets import get_alphabet
from fastgru.data.files import open_text
from fastgru.data.long_sequences import Letters
from fastgru.data.problems import Problem, Problems
from fastgru.data.strands import reverse_complement
from fastgru.errors import LabelError, display_name

__all__ = ["CODING", "CodingSegment", "codon_places", "cut_labelled_windows", "read_coding"]

CODING = "123"
"""Labels of coding letters, by their place in a codon."""

_LABELS = np.frombuffer(f"N{CODING}".encode(), np.uint8)
_N_COLUMNS = 9
_AT_ONCE = 1 << 20


class CodingSegment(NamedTuple):
    """A coding part of an exon.

    Attributes
    ----------
    start, end
        Half-open, in letters from 0, on the forward strand.
    strand
        ``+`` or ``-``
    phase
        Letters before its first whole codon, in the direction of reading: 0, 1 or 2.
    """

    start: int
    end: int
    strand: str
    phase: int


def read_coding(path: str | os.PathLike[str]) -> dict[str, list[CodingSegment]]:
    """Read the coding segments (CDS) of an annotation, by the name of their sequence.

    Parameters
    ----------
    path
        GFF3, GTF or GFF2, perhaps compressed; ``"-"`` is standard input.  Lines other than of type
        CDS are passed over.

    Raises
    ------
    LabelError
        For CDS lines that cannot be read, all of them, or if there is none.
    """
    name, problems = display_name(path), Problems()
    found: dict[str, list[CodingSegment]] = {}
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            if line.startswith("##FASTA"):
                break
            cells = line.rstrip("\n").split("\t")
            if line.startswith("#") or len(cells) < 3 or cells[2] != "CDS":
                continue
            segment = _segment_of(cells)
            if segment is None:
                text = (
                    f"found {line.strip()[:60]!r}, expected nine columns: a start from 1 on, an "
                    "end not below it, strand + or -, and phase 0, 1 or 2"
                )
                problem = Problem(text, "Correct the line.", number)
                problems.add(name, problem, LabelError)
                continue
            found.setdefault(cells[0], []).append(segment)
    problems.raise_if_any()
    if not found:
        raise LabelError(
            f"{name}: holds no line of type CDS, expected an annotation in GFF3 or GTF. Check that "
            "it is one of genes, with their coding sequences."
        )
    return found


def _segment_of(cells: list[str]) -> CodingSegment | None:
    if len(cells) < _N_COLUMNS or cells[6] not in {"+", "-"} or cells[7] not in {"0", "1", "2"}:
        return None
    try:
        start, end = int(cells[3]) - 1, int(cells[4])
    except ValueError:
        return None
    return CodingSegment(start, end, cells[6], int(cells[7])) if 0 <= start < end else None


def codon_places(
    segments: Iterable[CodingSegment], start: int, end: int, strand: str
) -> NDArray[np.uint8]:
    """Return where letters stand in codons of one strand.

    Parameters
    ----------
    segments
        Of one sequence; where they overlap the last one counts.
    start, end
        Letters to look at, half-open, on the forward strand.
    strand
        ``+`` or ``-``

    Returns
    -------
    np.ndarray
        uint8 (end - start,) along the forward strand: 1, 2 or 3, or 0 outside of all segments.
    """
    places = np.zeros(end - start, np.uint8)
    for segment in segments:
        first, last = max(segment.start, start), min(segment.end, end)
        if segment.strand != strand or first >= last:
            continue
        letters = np.arange(first, last)
        from_begin = letters - segment.start if strand == "+" else segment.end - 1 - letters
        places[first - start : last - start] = (from_begin - segment.phase) % 3 + 1
    return places


def cut_labelled_windows(
    letters: Letters, segments: Iterable[CodingSegment], start: int, end: int, window: int
) -> Iterator[tuple[str, str]]:
    """Yield windows side by side as both strands read them, with their labels.

    Parameters
    ----------
    letters
        DNA of a whole sequence.
    segments
        Of the same.
    start, end
        The part to cut up, half-open; what is left at its end, shorter than a window, is left out.
    window
        Letters of each.

    Yields
    ------
    tuple of str
        Letters and labels of a window on the forward strand, then of the same on the reverse one.
    """
    dna, segments = get_alphabet("dna"), list(segments)
    borders = np.array([segment[:2] for segment in segments], np.int64).reshape(-1, 2)
    stretch = max(_AT_ONCE // window, 1) * window
    last = end - (end - start) % window
    for begin in range(start, last, stretch):
        stop = min(begin + stretch, last)
        touching = np.flatnonzero((borders[:, 0] < stop) & (borders[:, 1] > begin))
        near = [segments[number] for number in touching]
        labels = {strand: _LABELS[codon_places(near, begin, stop, strand)] for strand in "+-"}
        for first in range(begin, stop, window):
            text = dna.normalise(letters[first : first + window])
            ahead, back = (labels[strand][first - begin :][:window] for strand in "+-")
            yield text, ahead.tobytes().decode()
            yield reverse_complement(text, dna), back[::-1].tobytes().decode()
