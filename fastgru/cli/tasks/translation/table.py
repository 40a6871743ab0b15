"""The table of translations that ``predict`` and ``evaluate`` of a translator write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from fastgru.estimators.fitted_translator import TranslatedSequence

__all__ = ["UNFINISHED", "write_header", "write_rows"]

UNFINISHED = "unfinished"
"""The flag of a translation that did not come to an end."""

_COLUMNS = ("id", "status", "flags", "log_probability", "sequence")


def write_header(file: TextIO, known: Sequence[str] = ()) -> None:
    """Write the line with the names of the columns.

    Parameters
    ----------
    file
    known
        Columns of what else is known of each record.
    """
    file.write("\t".join([*_COLUMNS, *known]) + "\n")


def write_rows(
    file: TextIO,
    ids: Sequence[str],
    problems: Sequence[str | None],
    *,
    flags: Sequence[tuple[str, ...]],
    written: Sequence[TranslatedSequence],
    known: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write one line per record.

    Parameters
    ----------
    file
    ids, problems
        n entries; where there is a problem it becomes the status, and all other cells stay empty.
    flags, written
        Of the records without problem, in their order.
    known
        n entries for each of the header's columns of what else is known.
    """
    rows = iter(zip(flags, written, strict=True))
    for number, (record_id, problem) in enumerate(zip(ids, problems, strict=True)):
        cells = [problem or "", "", "", ""]
        if problem is None:
            names, one = next(rows)
            named = names if one.ended else (*names, UNFINISHED)
            cells = ["ok", ";".join(named), f"{one.log_probability:.8g}", one.sequence]
        beside = [column[number] for column in (known or {}).values()]
        file.write("\t".join([record_id, *cells, *beside]) + "\n")
