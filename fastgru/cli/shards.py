"""``fastgru shards``: cut large inputs into shards for jobs side by side."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING

from fastgru.cli.options import add_output, non_negative_int, positive_int, require_new_output
from fastgru.errors import ConfigurationError, counted, display_name

if TYPE_CHECKING:
    from fastgru.data.shards import Grid

_LOGGER = logging.getLogger(__name__)
_MOST_SHARDS = 10_000
_DESCRIPTION = """\
Cut FASTA files into shards of about equally many letters, each of which 'fastgru predict --shards'
or 'fastgru scan --shards' works on by itself, here or on another machine; 'fastgru gather' joins
their tables into that of a run without shards, byte for byte. Without --window a shard is a number
of whole records, for predict. With it, for scan, a record may be cut between windows. The files are
read once, in memory that does not grow with them.
"""
_EPILOG = """\
examples:
  fastgru shards reads.fa.gz --number 8 -o shards.json
  fastgru predict model.safetensors reads.fa.gz --shards shards.json --shard 1 -o part1.tsv
  fastgru shards genome.fa --number 20 --window 200 --step 100 -o shards.json
  fastgru scan model.safetensors genome.fa --window 200 --step 100 --shards shards.json --shard 1 \\
      -o part1.tsv
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "shards",
        help="cut large FASTA files into shards for jobs side by side",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "fasta", nargs="+", metavar="FASTA", help="sequences, perhaps compressed; no standard input"
    )
    parser.add_argument(
        "--number",
        type=positive_int,
        required=True,
        metavar="N",
        help="shards to make; some are empty where there are fewer records or windows",
    )
    group = parser.add_argument_group("windows", "Those that 'fastgru scan' will be told.")
    group.add_argument("--window", type=positive_int, metavar="W", help="letters of a window")
    group.add_argument(
        "--step",
        type=positive_int,
        metavar="S",
        help="letters from the start of a window to that of the next (default: half a window)",
    )
    group.add_argument(
        "--context",
        type=non_negative_int,
        metavar="C",
        help="cut between tiles, which a model that labels letters reads with this many letters on "
        "either side",
    )
    group.add_argument(
        "--regions",
        metavar="BED",
        help="regions that 'fastgru scan' will be told, to check that the sequences have them",
    )
    add_output(parser, what="plan of the shards (JSON)")


def run(args: argparse.Namespace) -> int:
    """Write the plan and return the exit code."""
    from fastgru.data.shard_file import write_plan
    from fastgru.data.shards import plan_shards, refuse_streams

    require_new_output(args)
    if args.number > _MOST_SHARDS:
        raise ConfigurationError(
            f"--number {args.number}: expected at most {_MOST_SHARDS} shards. Make fewer."
        )
    grid = _chosen_grid(args)
    refuse_streams(args.fasta)
    if args.regions is not None:
        _check_regions(args, grid)
    plan = plan_shards(args.fasta, args.number, grid=grid)
    write_plan(plan, args.output)
    largest = max(shard.n_letters for shard in plan.shards)
    _LOGGER.info(
        "%s and %s in %s of at most %s",
        counted(plan.n_records, "record"),
        counted(plan.n_letters, "letter"),
        counted(args.number, "shard"),
        counted(largest, "letter"),
    )
    return 0


def _check_regions(args: argparse.Namespace, grid: Grid | None) -> None:
    """Refuse regions that the files do not have, which no shard could tell."""
    from fastgru.data.long_fasta import record_lengths
    from fastgru.data.regions import check_regions, read_regions

    if grid is None:
        raise ConfigurationError(
            f"--regions {args.regions}: there are no windows, expected their length. Give --window "
            "or --context as well."
        )
    regions = read_regions(args.regions)
    check_regions(regions, record_lengths(args.fasta), display_name(args.regions))


def _chosen_grid(args: argparse.Namespace) -> Grid | None:
    """Return what a sequence may be cut between; None for whole records."""
    from fastgru.data.shards import Grid

    if args.context is not None:
        from fastgru.estimators.tile_scanning import TILE

        if args.window is not None or args.step is not None:
            raise ConfigurationError(
                "--context: is for models that label letters, which have no windows, expected no "
                "--window or --step beside it. Leave one of them out."
            )
        return Grid(TILE, TILE, args.context)
    if args.window is None:
        if args.step is not None:
            raise ConfigurationError(
                f"--step {args.step}: there are no windows, expected their length. Give --window "
                "as well, or leave it out to cut between records."
            )
        return None
    return Grid(args.window, args.step or max(1, args.window // 2))
