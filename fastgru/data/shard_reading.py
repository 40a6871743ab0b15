"""Reading one shard of a plan."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from fastgru.data.fasta import Record
from fastgru.data.file_parts import FilePart
from fastgru.data.file_samples import sample_file
from fastgru.data.records import read_records
from fastgru.data.shards import Part, ShardPlan
from fastgru.errors import ConfigurationError, counted

__all__ = ["RecordPart", "check_files", "file_parts", "read_record_parts"]


@dataclass(frozen=True, slots=True)
class RecordPart:
    """What a shard has of a record.

    Attributes
    ----------
    record
        With the letters from `position` on, and at least as many as the windows need.
    length
        Letters of the whole record; where `record` has them all, as they are.
    position
        Letters of the whole record before those of `record`.
    first_window, end_window
        The shard's first window of the record, and the one behind its last; None for all others.
    """

    record: Record
    length: int
    position: int
    first_window: int
    end_window: int | None


def check_files(plan: ShardPlan, paths: Sequence[str | os.PathLike[str]]) -> None:
    """Refuse files that are not those of a plan; other names are no matter.

    Parameters
    ----------
    plan
    paths
        In the order of the plan.

    Raises
    ------
    ConfigurationError
        If there are others, or one has changed since.
    FastaFormatError
        If one cannot be read.
    """
    if len(paths) != len(plan.files):
        names = ", ".join(file.name for file in plan.files)
        raise ConfigurationError(
            f"--shards: the plan is for {counted(len(plan.files), 'file')} ({names}), found "
            f"{counted(len(paths), 'file')}, expected those that 'fastgru shards' was given, in "
            "the same order."
        )
    for path, known in zip(paths, plan.files, strict=True):
        found = sample_file(path)
        if (found.size, found.sample_sha256) != (known.size, known.sample_sha256):
            sizes = "" if found.size == known.size else f" of {known.size} bytes"
            raise ConfigurationError(
                f"{os.fspath(path)}: has {found.size} bytes and is not the file {known.name!r}"
                f"{sizes} that the plan of shards was made for, expected the same content. Make "
                "the plan again with 'fastgru shards', and all shards."
            )


def file_parts(
    plan: ShardPlan, number: int, paths: Sequence[str | os.PathLike[str]]
) -> list[FilePart]:
    """Return the parts of files that a shard of whole records consists of.

    Parameters
    ----------
    plan
    number
        The shard, from 1.
    paths
        The files of the plan.
    """
    return [_file_part(part, paths) for part in plan.shards[number - 1].parts]


def read_record_parts(
    plan: ShardPlan, number: int, paths: Sequence[str | os.PathLike[str]]
) -> Iterator[tuple[str, RecordPart]]:
    """Read what a shard of windows has of each record, one by one.

    Parameters
    ----------
    plan
    number
        The shard, from 1.
    paths
        The files of the plan.

    Yields
    ------
    path, part
        In input order.

    Raises
    ------
    FastaFormatError
        As `fastgru.data.records.read_records`.
    """
    for part in plan.shards[number - 1].parts:
        file_part = _file_part(part, paths)
        records = islice(read_records(file_part), part.n_records)
        for count, record in enumerate(records, 1):
            length, position, first, end = len(record.sequence), 0, 0, None
            if count == part.n_records and part.end_window is not None:
                length, end = part.last_length, part.end_window
            if count == 1 and part.record is not None:
                length, position, first = part.length, part.position, part.first_window
            yield file_part.path, RecordPart(record, length, position, first, end)


def _file_part(part: Part, paths: Sequence[str | os.PathLike[str]]) -> FilePart:
    heading = "" if part.record is None else f">{part.record}\n"
    return FilePart(os.fspath(paths[part.file]), part.begin, part.end, part.line, heading)
