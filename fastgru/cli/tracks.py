"""``fastgru tracks``: make tracks and calls from tables of windows."""

from __future__ import annotations

import argparse

from fastgru.cli.options import require_new_output
from fastgru.cli.overwriting import refuse_overwritten_input
from fastgru.cli.track_options import add_tracks, chosen_tracks
from fastgru.errors import ConfigurationError, display_name

_DESCRIPTION = """\
Make bedGraph, bigWig and BED from the table of 'fastgru scan', or from those of all shards in
order, with the bytes that 'fastgru scan' would have written along with the table.
"""
_EPILOG = """\
examples:
  fastgru tracks windows.tsv --calls calls.bed --call-above 0.99
  fastgru tracks shard-1.tsv shard-2.tsv --bigwig scores.bw --sizes genome.fa.fai
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "tracks",
        help="make tracks and calls from a scan",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tables", nargs="+", metavar="TABLE", help="tables of 'fastgru scan', perhaps compressed"
    )
    add_tracks(parser)
    parser.add_argument(
        "--sizes",
        metavar="FILE",
        help="lengths of the sequences, which --bigwig needs: chrom.sizes, .fai or the FASTA",
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist already")


def run(args: argparse.Namespace) -> int:
    """Write the files and return the exit code."""
    from fastgru.data.bigwig import read_sizes, require_bigwig
    from fastgru.data.files import is_read_once
    from fastgru.data.track_files import TrackFiles
    from fastgru.data.window_table import read_columns, read_window_rows

    choice = chosen_tracks(args)
    paths = choice.paths()
    if not paths:
        raise ConfigurationError(
            "nothing to make: expected --bedgraph, --bigwig or --calls. Name one file or more."
        )
    for path in (*args.tables, *([] if args.sizes is None else [args.sizes])):
        if is_read_once(path):
            raise ConfigurationError(
                f"{display_name(path)}: can be read once only, expected files of tables and "
                "lengths, which are read twice. Write it into a file first."
            )
    if choice.bigwig is not None:
        require_bigwig("--bigwig")
        if args.sizes is None:
            raise ConfigurationError(
                "--bigwig: needs the lengths of the sequences. Give --sizes FILE, a chrom.sizes, "
                "a .fai or the FASTA."
            )
    args.output, *others = paths
    require_new_output(args, *others)
    refuse_overwritten_input(args, paths)
    columns = read_columns(args.tables[0])
    choice.check(columns, ())
    sizes = None if args.sizes is None else read_sizes(args.sizes)
    with TrackFiles(choice, columns) as files:
        for rows in read_window_rows(args.tables):
            files.add(rows)
        files.finish(sizes)
    return 0
