"""The file of a plan of shards (JSON), which is checked in full when it is read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from itertools import pairwise
from typing import Any, TypeVar

from fastgru.data.file_samples import FileSample
from fastgru.data.shards import Grid, Part, Shard, ShardPlan
from fastgru.data.writing import atomic_write
from fastgru.errors import FastgruError, display_name

__all__ = ["FORMAT_VERSION", "read_plan", "write_plan"]

FORMAT_VERSION = 1
_LARGEST = 1 << 28
_LARGEST_NUMBER = 1 << 62

T = TypeVar("T", FileSample, Grid, Part)


def write_plan(plan: ShardPlan, path: str | os.PathLike[str]) -> None:
    """Write a plan; the same plan gives the same bytes.

    Parameters
    ----------
    plan
    path
        File to write; ``"-"`` is standard output.
    """
    content = {"format_version": FORMAT_VERSION, **asdict(plan)}
    with atomic_write(path) as file:
        json.dump(content, file, indent=1)
        file.write("\n")


def read_plan(path: str | os.PathLike[str]) -> ShardPlan:
    """Read and check a plan.

    Parameters
    ----------
    path
        File of `write_plan`.

    Raises
    ------
    FastgruError
        If the file cannot be read, is no plan, is one of a later version, or contradicts itself.
    """
    name = display_name(path)
    try:
        size = os.path.getsize(path)
        if size > _LARGEST:
            raise _Fault(f"{size} bytes", f"at most {_LARGEST}")
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        return _plan_of(content)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FastgruError(
            f"{name}: cannot be read ({reason}), expected a plan from 'fastgru shards'. Check the "
            "path and its permissions."
        ) from error
    except (ValueError, RecursionError) as error:  # also of JSON and of UTF-8
        found, expected = error.args if isinstance(error, _Fault) else ("no JSON", "a plan")
        raise FastgruError(
            f"{name}: found {found}, expected {expected}. Write it again with 'fastgru shards'."
        ) from error


class _Fault(ValueError):
    """What was found and what was expected."""


def _plan_of(content: object) -> ShardPlan:
    entries = _entries(content, "the plan")
    version = entries.pop("format_version", None)
    if version != FORMAT_VERSION:
        raise _Fault(f"format_version {version!r}", f"{FORMAT_VERSION}, which this version reads")
    expected = {entry.name for entry in fields(ShardPlan)}
    if entries.keys() != expected:
        raise _Fault(f"the entries {sorted(entries)}", f"{sorted(expected)}")
    files = tuple(_make(FileSample, entry, "files") for entry in _list(entries, "files"))
    grid = None if entries["grid"] is None else _make(Grid, entries["grid"], "grid")
    shards = tuple(_shard_of(entry, len(files)) for entry in _list(entries, "shards"))
    for entry in ("n_records", "n_letters"):
        total = sum(getattr(shard, entry) for shard in shards)
        if _number(entries[entry], entry) != total:
            raise _Fault(f"{entry} {entries[entry]}", f"{total}, the sum of the shards")
    if grid is not None and min(grid.window, grid.step) < 1:
        raise _Fault(f"a window of {grid.window} and a step of {grid.step}", "at least 1 of both")
    _check_order(shards, cut_records=grid is not None)
    return ShardPlan(files, grid, entries["n_records"], entries["n_letters"], shards)


def _shard_of(content: object, n_files: int) -> Shard:
    entries = _entries(content, "a shard")
    if entries.keys() != {"n_records", "n_letters", "parts"}:
        raise _Fault(f"a shard with {sorted(entries)}", "n_records, n_letters and parts")
    parts = tuple(_make(Part, entry, "parts") for entry in _list(entries, "parts"))
    for part in parts:
        if part.file >= n_files:
            raise _Fault(f"file {part.file} in a part", f"one of the {n_files} in files, from 0")
        ends_late = part.end is None or part.end > part.begin
        continued = part.record is not None
        agree = continued == (0 < part.position <= part.length)
        agree &= continued >= (part.first_window > 0)
        agree &= (part.end_window is None) == (part.last_length == 0)
        if not (ends_late and agree and part.n_records and part.line):
            raise _Fault("a part that contradicts itself", "one from begin to end")
    n_records, n_letters = (_number(entries[name], name) for name in ("n_records", "n_letters"))
    return Shard(n_records, n_letters, parts)


def _check_order(shards: tuple[Shard, ...], *, cut_records: bool) -> None:
    """Refuse parts that repeat or skip records."""
    parts = [part for shard in shards for part in shard.parts]
    if not cut_records and any(part.record is not None or part.end_window for part in parts):
        raise _Fault("a record that is cut", "whole records, where there is no grid")
    for before, after in pairwise(parts):
        if before.file == after.file:
            continued = after.record is not None
            agree = before.end_window == (after.first_window if continued else None)
            exact = cut_records or before.end == after.begin
            if not (before.begin < after.begin and agree and exact):
                raise _Fault("a part that does not follow the one before", "parts in input order")
        elif before.end is not None or after.file != before.file + 1 or after.record is not None:
            raise _Fault("a part that does not follow the one before", "parts in input order")


def _make(kind: type[T], content: object, where: str) -> T:
    entries = _entries(content, where)
    types = {entry.name: str(entry.type) for entry in fields(kind)}
    if entries.keys() != types.keys():
        raise _Fault(f"{where} with {sorted(entries)}", f"{sorted(types)}")
    for name, value in entries.items():
        if value is None and types[name].endswith("None"):
            continue
        if types[name].startswith("str"):
            if not isinstance(value, str):
                raise _Fault(f"{name} {value!r} in {where}", "a text")
        else:
            _number(value, f"{name} in {where}")
    return kind(**entries)


def _number(value: object, where: str) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not 0 <= value < _LARGEST_NUMBER:  # type: ignore[operator]
        raise _Fault(f"{where} {value!r}", "a whole number of at least 0")
    return value  # type: ignore[return-value]


def _entries(content: object, where: str) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise _Fault(f"{type(content).__name__} in place of {where}", "an object with entries")
    return dict(content)


def _list(entries: Mapping[str, Any], name: str) -> list[Any]:
    found = entries[name]
    if not isinstance(found, list) or not (found or name == "parts"):
        raise _Fault(f"{name} that is no list with entries", "a list")
    return list(found)
