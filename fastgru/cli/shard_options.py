"""Options of commands that work on one shard of a plan."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from fastgru.cli.options import positive_int
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from os import PathLike

    from fastgru.data.shard_input import ShardInput
    from fastgru.data.shards import Grid, ShardPlan
    from fastgru.estimators.scanning import Scanner

__all__ = ["add_shard", "chosen_plan", "refuse_shard", "shard_of_records", "shard_of_windows"]


def add_shard(parser: argparse.ArgumentParser) -> None:
    """Add ``--shards`` and ``--shard``."""
    group = parser.add_argument_group("shards", "One part of a large input, of a plan of its own.")
    group.add_argument("--shards", metavar="JSON", help="plan of 'fastgru shards' for these files")
    group.add_argument(
        "--shard", type=positive_int, metavar="K", help="the shard to work on, from 1"
    )


def chosen_plan(args: argparse.Namespace, grid: Grid | None) -> ShardPlan | None:
    """Read the plan that the options name, checked against them and the files; None without one.

    Parameters
    ----------
    args
        With `shards`, `shard` and `fasta`.
    grid
        Of the windows of the command; None for whole records.

    Raises
    ------
    ConfigurationError
        If options, plan and files do not fit each other.
    FastgruError
        If the plan cannot be read.
    """
    from fastgru.data.shard_file import read_plan
    from fastgru.data.shard_reading import check_files

    if args.shards is None and args.shard is None:
        return None
    if args.shards is None or args.shard is None:
        given, missing = ("--shard", "--shards") if args.shards is None else ("--shards", "--shard")
        raise ConfigurationError(
            f"{given}: there is no {missing}, expected both: the plan, and the number of the shard "
            "in it. Give both, or neither."
        )
    plan = read_plan(args.shards)
    if args.shard > len(plan.shards):
        raise ConfigurationError(
            f"--shard {args.shard}: {args.shards} has {len(plan.shards)} shards, expected one of "
            "these, from 1."
        )
    if plan.grid != grid:
        raise ConfigurationError(
            f"--shards {args.shards}: is a plan for {_described(plan.grid)}, expected one for "
            f"{_described(grid)}. Make the plan with the options of this command."
        )
    check_files(plan, args.fasta)
    return plan


class RecordInput(NamedTuple):
    """What a command on whole records reads.

    Attributes
    ----------
    files
        Its files, or their parts in the shard.
    n_letters
        About the letters of the shard; None without one.
    """

    files: Sequence[str | PathLike[str]]
    n_letters: int | None


def shard_of_records(args: argparse.Namespace) -> RecordInput:
    """Return what a command on whole records reads.

    Parameters
    ----------
    args
        With `shards`, `shard` and `fasta`.

    Raises
    ------
    FastgruError
        As `chosen_plan`.
    """
    from fastgru.data.shard_reading import file_parts

    plan = chosen_plan(args, None)
    if plan is None:
        return RecordInput(args.fasta, None)
    n_letters = plan.shards[args.shard - 1].n_letters
    return RecordInput(file_parts(plan, args.shard, args.fasta), n_letters)


def shard_of_windows(args: argparse.Namespace, scanner: Scanner) -> ShardInput | None:
    """Return what a scan reads of the shard that the options name; None without one.

    Parameters
    ----------
    args
        With `shards`, `shard`, `fasta` and `regions`.
    scanner

    Raises
    ------
    FastgruError
        As `chosen_plan`.
    """
    from fastgru.data.shard_input import ShardInput

    plan = chosen_plan(args, scanner.shard_grid)
    if plan is None:
        return None
    of_rows = {"alphabet": scanner.alphabet, "grid": scanner.grid, "regions": args.regions}
    return ShardInput(plan, args.shard, args.fasta, **of_rows)


def refuse_shard(args: argparse.Namespace, fault: str) -> None:
    """Refuse the options where an input has no shards.

    Parameters
    ----------
    args
        Parsed options of `add_shard`.
    fault
        Why not, for the message.

    Raises
    ------
    ConfigurationError
    """
    if args.shards is not None or args.shard is not None:
        raise ConfigurationError(
            f"--shard: {fault}, expected a run without shards. Leave --shards and --shard out."
        )


def _described(grid: Grid | None) -> str:
    if grid is None:
        return "whole records (no --window)"
    context = f" and a context of {grid.context}" if grid.context else ""
    return f"windows of {grid.window} letters every {grid.step}{context}"
