"""The table of predictions of a tagger: ``id``, ``status``, ``flags`` and ``labels``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

__all__ = ["write_header", "write_rows"]


def write_header(table: TextIO, truth_columns: Sequence[str] = ()) -> None:
    """Write the line with the names of the columns.

    Parameters
    ----------
    table
    truth_columns
        Those of what is known beside the predictions.
    """
    table.write("\t".join(["id", "status", "flags", "labels", *truth_columns]) + "\n")


def write_rows(
    table: TextIO,
    ids: Sequence[str],
    problems: Sequence[str | None],
    predictions: Iterator[tuple[tuple[str, ...], str | list[str]]],
    known: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write one line per record.

    Parameters
    ----------
    table
    ids, problems
        n entries; where there is a problem it becomes the status, and flags and labels stay empty.
    predictions
        Flags and labels of the records without problem, in their order; labels that are a list
        are joined by commas.
    known
        n entries for each of the header's truth columns.
    """
    for number, (record_id, problem) in enumerate(zip(ids, problems, strict=True)):
        cells = [record_id, problem, "", ""]
        if problem is None:
            flags, labels = next(predictions)
            text = labels if isinstance(labels, str) else ",".join(labels)
            cells = [record_id, "ok", ";".join(flags), text]
        beside = [column[number] for column in (known or {}).values()]
        table.write("\t".join([*map(str, cells), *beside]) + "\n")
