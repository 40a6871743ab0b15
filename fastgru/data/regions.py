"""Regions of sequences, from BED files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from fastgru.data.files import open_text
from fastgru.data.problems import Problem, Problems
from fastgru.errors import LabelError, counted, display_name, shorten

__all__ = ["Regions", "check_regions", "joined_regions", "read_regions"]

Regions = dict[str, list[tuple[int, int]]]
"""Starts and ends of each sequence: half-open, rising, apart from each other."""

_NOT_REGIONS = ("#", "track", "browser")


def read_regions(path: str | os.PathLike[str]) -> Regions:
    """Read a BED file; regions that overlap or touch become one.

    Parameters
    ----------
    path
        BED of three columns or more, perhaps compressed; ``"-"`` is standard input.  Blank lines,
        and those that begin with ``#``, ``track`` or ``browser``, are no regions.

    Raises
    ------
    LabelError
        For lines that are no regions, all of them, or if there is no region.
    """
    name, problems = display_name(path), Problems()
    found: dict[str, list[tuple[int, int]]] = {}
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            cells = line.split()
            if not cells or cells[0].startswith(_NOT_REGIONS[0]) or cells[0] in _NOT_REGIONS:
                continue
            try:
                chrom, start, end = cells[0], int(cells[1]), int(cells[2])
                if not 0 <= start < end:
                    raise ValueError
            except (IndexError, ValueError):
                text = (
                    f"found {line.strip()[:60]!r}, expected a name, a start from 0 on, and an end "
                    "above it"
                )
                problems.add(name, Problem(text, "Correct the line.", number), LabelError)
                continue
            found.setdefault(chrom, []).append((start, end))
    problems.raise_if_any()
    if not found:
        raise LabelError(
            f"{name}: holds no region, expected BED. Check that the step that made it has finished."
        )
    return joined_regions(found)


def joined_regions(regions: Mapping[str, Sequence[tuple[int, int]]]) -> Regions:
    """Return regions by their start, those that overlap or touch as one.

    Parameters
    ----------
    regions
        Starts and ends, half-open, of each sequence.

    Raises
    ------
    LabelError
        For what is no region.
    """
    for chrom, pairs in regions.items():
        for start, end in pairs:
            if not 0 <= start < end:
                raise LabelError(
                    f"regions: {chrom} has {start} to {end}, expected a start from 0 on, and an "
                    "end above it. Correct the region."
                )
    return {chrom: _joined(pairs) for chrom, pairs in regions.items()}


def _joined(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(pairs):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def check_regions(regions: Regions, lengths: Mapping[str, int], name: str) -> None:
    """Refuse regions outside of all sequences.

    Parameters
    ----------
    regions
    lengths
        Letters of each sequence.
    name
        Of the BED file, for messages.

    Raises
    ------
    LabelError
        For names that no sequence has, all of them, and for ends behind those of sequences.
    """
    unknown = [chrom for chrom in regions if chrom not in lengths]
    if unknown:
        raise LabelError(
            f"{name}: there is no sequence {shorten(sorted(unknown))}, expected names among "
            f"{shorten(lengths)}. Give the BED of these sequences; 'chr1' and '1' are two names."
        )
    problems = Problems()
    for chrom, pairs in regions.items():
        if pairs[-1][1] > lengths[chrom]:
            text = (
                f"{chrom}: has a region up to {pairs[-1][1]}, expected none behind the end of the "
                f"sequence of {counted(lengths[chrom], 'letter')}"
            )
            problems.add(name, Problem(text, "Give the BED of these sequences."), LabelError)
    problems.raise_if_any()
