"""Substitutions of single letters, written such as A12G, and tables of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastgru.data.alphabets import Alphabet
from fastgru.data.files import open_text
from fastgru.data.problems import Problem, Problems
from fastgru.errors import LabelError, display_name, location

__all__ = ["VariantRow", "apply_variants", "read_variants"]

_PATTERN = re.compile(r"([A-Za-z])([1-9][0-9]{0,17})([A-Za-z])")


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A substitution in the sequence with an id; both are text of the table."""

    id: str
    variant: str


def apply_variants(alphabet: Alphabet, sequence: str, variants: Sequence[str]) -> list[str]:
    """Return the sequence with each of the substitutions, one at a time.

    Parameters
    ----------
    alphabet
    sequence
        The reference.
    variants
        The letter of the reference, its place from 1, and the letter in its stead.

    Raises
    ------
    LabelError
        For what is no substitution of the reference; all are listed.
    """
    reference, problems = alphabet.normalise(sequence), Problems()
    for variant in variants:
        problem = _find_problem(alphabet, reference, variant)
        if problem is not None:
            problems.add("variants", problem, LabelError)
    problems.raise_if_any()
    changed = []
    for variant in variants:
        place, letter = int(variant[1:-1]), alphabet.normalise(variant[-1])
        changed.append(reference[: place - 1] + letter + reference[place:])
    return changed


def _find_problem(
    alphabet: Alphabet, reference: str, variant: str, line: int | None = None
) -> Problem | None:
    match = _PATTERN.fullmatch(variant)
    if match is None:
        text = "is no substitution, expected the letter of the reference, its place and another"
        return Problem(text, "Write it such as A12G; places count from 1.", line, variant)
    old, place, new = alphabet.normalise(match[1]), int(match[2]), alphabet.normalise(match[3])
    cure = "Check that it belongs to this sequence; places count from 1."
    if place > len(reference):
        text = f"the reference has {len(reference)} letters, expected a place among them"
        return Problem(text, cure, line, variant)
    if reference[place - 1] != old:
        text = f"the reference has {reference[place - 1]!r} there, expected {old!r}"
        return Problem(text, cure, line, variant)
    if new not in alphabet.symbols:
        text = f"{new!r} is no letter of the {alphabet.name} alphabet, expected one of "
        return Problem(text + alphabet.letters, "Correct the letter.", line, variant)
    if not {old, new} <= set(alphabet.letters):
        text = f"ambiguity codes have no probability, expected two of {alphabet.letters}"
        return Problem(text, "Leave the variant out.", line, variant)
    return None


def read_variants(
    path: str | os.PathLike[str], alphabet: Alphabet, references: Mapping[str, str]
) -> list[VariantRow]:
    """Read a table with the columns id and variant, and check all rows.

    The first line names the columns, in any order and case; other columns, blank lines and lines
    that begin with ``#`` are ignored.

    Parameters
    ----------
    path
        TSV file, plain or compressed; ``"-"`` is standard input.
    alphabet
    references
        Normalised sequences by their id.

    Raises
    ------
    LabelError
        If the header is missing, or for rows that are no substitutions; all are listed.
    """
    name, rows, problems = display_name(path), [], Problems()
    columns: dict[str, int] | None = None
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            cells = [cell.strip() for cell in line.rstrip("\n").split("\t")]
            if columns is None:
                columns = _read_header(cells, name, number)
                continue
            cells += [""] * (max(columns.values()) + 1 - len(cells))
            row = VariantRow(cells[columns["id"]], cells[columns["variant"]])
            if row.id in references:
                problem = _find_problem(alphabet, references[row.id], row.variant, number)
            else:
                text = f"there is no sequence with the id {row.id!r}"
                problem = Problem(text, "Add the sequence, or remove the row.", number)
            if problem is not None:
                problems.add(name, problem, LabelError)
            rows.append(row)
    problems.raise_if_any()
    if columns is None:
        raise LabelError(
            f"{name}: the table is empty, expected a header with the columns id and variant. "
            "Check that the step that made it has finished."
        )
    return rows


def _read_header(cells: list[str], name: str, number: int) -> dict[str, int]:
    found = [cell.lower() for cell in cells]
    if not {"id", "variant"} <= set(found):
        raise LabelError(
            f"{location(name, number)}: found {' '.join(cells)[:40]!a}, expected a header with "
            "the columns id and variant. Add the line 'id<TAB>variant' at the top."
        )
    return {column: found.index(column) for column in ("id", "variant")}
