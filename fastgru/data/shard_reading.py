"""Reading one shard of a plan."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fastgru.data.file_parts import FilePart
from fastgru.data.file_samples import sample_file
from fastgru.data.shards import Part, ShardPlan, refuse_streams
from fastgru.errors import ConfigurationError, counted

__all__ = ["check_files", "file_part", "file_parts"]


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
        If there are others, one has changed since, or one is standard input or no plain file.
    FastaFormatError
        If one cannot be read.
    """
    refuse_streams(paths)
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
    return [file_part(part, paths) for part in plan.shards[number - 1].parts]


def file_part(part: Part, paths: Sequence[str | os.PathLike[str]]) -> FilePart:
    """Return the part of a file that reads like a file of its own.

    Parameters
    ----------
    part
    paths
        The files of the plan.
    """
    heading = "" if part.record is None else f">{part.record}\n"
    return FilePart(os.fspath(paths[part.file]), part.begin, part.end, part.line, heading)
