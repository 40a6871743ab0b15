"""``fastgru scan``: say of each window of long sequences what the model has learned to say."""

from __future__ import annotations

import argparse
import logging
import time
from typing import TYPE_CHECKING

from fastgru.cli.options import add_output, add_threads, positive_int, require_new_output
from fastgru.cli.overwriting import refuse_overwritten_input
from fastgru.cli.predictions import warn_of_shuffled_labels
from fastgru.cli.shard_options import add_shard, refuse_shard, shard_of_windows
from fastgru.cli.stream_progress import short_number
from fastgru.cli.tile_options import add_tiles, chosen_tiles, refuse_tiles
from fastgru.cli.track_options import add_tracks, chosen_tracks, closed_share
from fastgru.errors import counted

if TYPE_CHECKING:
    from fastgru.cli.progress import Progress
    from fastgru.estimators.fitted_model import FittedModel
    from fastgru.estimators.scanning import ScanCounts, Scanner

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Score the windows of sequences as long as chromosomes. Windows begin at every --step letters, and
the last one ends where its sequence ends; a shorter sequence is one window. The table has the
columns chrom, start, end (half-open, from 0, on the forward strand), strand, and one for each
class: what 'fastgru predict' says of the window's letters, with 6 decimals. A window has no row if
more than --max-unknown of its letters are N, or more than --max-masked in lower case. Tracks and
calls are made from the table, here or later with 'fastgru tracks'.
"""
_EPILOG = """\
examples:
  fastgru scan model.safetensors genome.fa.gz -o windows.tsv
  fastgru scan model.safetensors genome.fa --window 500 --step 100 --strands both \\
      --regions genes.bed -o windows.tsv --calls calls.bed --bigwig 'scores.{strand}.bw'
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "scan",
        help="score the windows of chromosomes",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model file from 'fastgru train'")
    parser.add_argument(
        "fasta", nargs="+", metavar="FASTA", help="sequences, perhaps compressed; - is stdin"
    )
    _add_windows(parser)
    add_tiles(parser)
    add_tracks(parser)
    add_shard(parser)
    add_output(parser, what="table of windows (TSV)")
    add_threads(parser)


def _add_windows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--window",
        type=positive_int,
        metavar="N",
        help="letters of a window (default: those of the training sequences, if all have as many)",
    )
    parser.add_argument(
        "--step",
        type=positive_int,
        metavar="N",
        help="letters from the start of a window to that of the next (default: half a window)",
    )
    parser.add_argument(
        "--strands",
        choices=("forward", "both", "symmetric"),
        help="forward; both, with a row for each; symmetric, with one row that has the mean "
        "(default: symmetric for a model that is so by --reverse-complement, both for others of "
        "DNA, forward for RNA and proteins)",
    )
    parser.add_argument(
        "--regions",
        metavar="BED",
        help="score only windows that share a letter with one of these regions",
    )
    parser.add_argument(
        "--max-unknown",
        type=closed_share,
        default=0.5,
        metavar="X",
        help="largest share of unknown letters (N, X) in a window with row (default: %(default)s)",
    )
    parser.add_argument(
        "--max-masked",
        type=closed_share,
        default=1.0,
        metavar="X",
        help="largest share of lower-case letters in a window with row (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Write table, tracks and calls, and return the exit code."""
    from fastgru.cli.progress import show_progress
    from fastgru.data.bigwig import require_bigwig
    from fastgru.data.scan_input import ScanInput
    from fastgru.data.track_files import TrackFiles
    from fastgru.data.window_table import write_window_header, write_window_rows
    from fastgru.data.writing import atomic_write
    from fastgru.estimators.loading import load_fitted
    from fastgru.estimators.scanning import scan_input

    choice = chosen_tracks(args)
    if choice.paths():
        refuse_shard(args, "tracks and calls are made from the tables of all shards")
    require_new_output(args, *choice.paths())
    refuse_overwritten_input(args, choice.paths())
    if choice.bigwig is not None:
        require_bigwig("--bigwig")
    model = load_fitted(args.model)
    scanner = _new_scanner(args, model)
    choice.check(scanner.columns, scanner.strands)
    warn_of_shuffled_labels(model, args.model)
    if args.window is not None:
        _warn_of_length(model, args.window)
    given = shard_of_windows(args, scanner) or ScanInput(
        args.fasta, scanner.alphabet, scanner.grid, args.regions
    )
    with (
        atomic_write(args.output) as table,
        TrackFiles(choice, scanner.columns) as tracks,
        show_progress("letters scanned", given.n_letters) as progress,
    ):
        pace = _Pace(scanner.counts, progress)
        write_window_header(table, scanner.columns)
        for rows in scan_input(scanner, given):
            write_window_rows(table, rows)
            tracks.add(rows)
            pace.show()
        tracks.finish(given.lengths)
    _tell(scanner, len(given.lengths))
    return 0


def _new_scanner(args: argparse.Namespace, model: FittedModel) -> Scanner:
    """Return what scans with a model: here the task decides."""
    from fastgru.estimators.fitted_tagger import FittedTagger
    from fastgru.estimators.scanning import WindowScanner
    from fastgru.estimators.tile_scanning import TileScanner

    how = {
        "strands": args.strands,
        "max_unknown": args.max_unknown,
        "max_masked": args.max_masked,
        "threads": args.threads,
    }
    if isinstance(model, FittedTagger):
        return TileScanner(model, **chosen_tiles(args), **how)
    refuse_tiles(args)
    return WindowScanner(model, window=args.window, step=args.step, **how)


class _Pace:
    """How many letters are done, and how many a second."""

    def __init__(self, counts: ScanCounts, progress: Progress) -> None:
        self._counts, self._progress = counts, progress
        self._done, self._begin = 0, time.monotonic()

    def show(self) -> None:
        rate = self._counts.letters / max(time.monotonic() - self._begin, 1e-9)
        self._progress.advance(self._counts.letters - self._done, f"{short_number(rate)} letters/s")
        self._done = self._counts.letters


def _warn_of_length(model: FittedModel, window: int) -> None:
    """Say if no training sequence was as short or as long as the windows."""
    from fastgru.estimators.window_choice import training_lengths

    lengths = training_lengths(model)
    if lengths is not None and not lengths[0] <= window <= lengths[1]:
        _LOGGER.warning(
            "warning: windows have %s, and the model was trained on sequences of %d to %d",
            counted(window, "letter"),
            *lengths,
        )


def _tell(scanner: Scanner, n_sequences: int) -> None:
    """Say what has become of all windows."""
    counts, grid = scanner.counts, scanner.grid
    _LOGGER.info(
        "%s: %s of %d letters, step %d; %s",
        counted(n_sequences, "sequence"),
        counted(counts.windows, "window"),
        grid.window,
        grid.step,
        counted(counts.rows, "row"),
    )
    if counts.unknown or counts.masked:
        _LOGGER.info(
            "windows without row: %d with more unknown letters than --max-unknown, %d of the "
            "others with more lower-case letters than --max-masked",
            counts.unknown,
            counts.masked,
        )
    if counts.short:
        _LOGGER.warning(
            "warning: shorter than a window, and scored as a whole: %s",
            counted(counts.short, "sequence"),
        )
    if counts.unread:
        _LOGGER.warning(
            "warning: shorter than what the model can read, and without row: %s",
            counted(counts.unread, "sequence"),
        )
