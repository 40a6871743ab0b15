"""``fastgru label``: cut a genome into windows to learn from, with labels from its annotation."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.options import add_output, positive_int, require_new_output
from fastgru.cli.overwriting import refuse_overwritten_input
from fastgru.errors import LabelError, counted, shorten

if TYPE_CHECKING:
    from fastgru.data.fasta import Record

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Cut a genome into windows side by side, each as both strands read it, and label every letter by the
coding sequences (CDS) of an annotation: 1, 2 or 3 for its place in a codon of the strand that is
read, N for any other. The two FASTA files are what 'fastgru train --task tagging' learns from. Give
--regions where only a part is annotated, and leave the part out that the model is to be judged on.
"""
_EPILOG = """\
examples:
  fastgru label genome.fa --annotation genes.gff3 --regions train.bed -o windows.fa \\
      --labels-output windows.labels.fa
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "label",
        help="label the letters of a genome by its annotation",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "fasta", nargs="+", metavar="FASTA", help="DNA, perhaps compressed; - is stdin"
    )
    parser.add_argument(
        "--annotation", required=True, metavar="GFF", help="GFF3 or GTF, perhaps compressed"
    )
    parser.add_argument(
        "--regions", metavar="BED", help="cut up these only (default: whole sequences)"
    )
    parser.add_argument(
        "--window",
        type=positive_int,
        default=2000,
        metavar="N",
        help="letters of a window; what is left of a sequence or region, shorter than one, is left "
        "out (default: %(default)s)",
    )
    parser.add_argument(
        "--labels-output", required=True, metavar="FILE", help="labels of the windows (FASTA)"
    )
    add_output(parser, what="windows (FASTA)")


def run(args: argparse.Namespace) -> int:
    """Write windows and labels, and return the exit code."""
    from fastgru.data.writing import atomic_write

    require_new_output(args, args.labels_output)
    refuse_overwritten_input(args, [args.labels_output])
    # the labels get their name first: without them nobody should take the windows for whole
    with atomic_write(args.output) as windows, atomic_write(args.labels_output) as labels:
        n_windows, n_coding = _write_pairs(_windows(args), windows, labels)
        if not n_windows:
            raise LabelError(
                f"--window {args.window}: no sequence or region is as long, expected one at least. "
                "Cut shorter windows."
            )
    _LOGGER.info(
        "%s of %d letters, both strands of each; %.1f %% of the letters are coding",
        counted(n_windows, "window"),
        args.window,
        100 * n_coding / (n_windows * args.window),
    )
    return 0


def _write_pairs(
    pairs: Iterable[tuple[Record, Record]], windows: TextIO, labels: TextIO
) -> tuple[int, int]:
    """Write windows and their labels as they come; return how many, and their coding letters."""
    from fastgru.data.fasta import write_record

    n_windows = n_coding = 0
    for window, of_window in pairs:
        write_record(window, windows)
        write_record(of_window, labels)
        n_windows += 1
        n_coding += len(of_window.sequence) - of_window.sequence.count("N")
    return n_windows, n_coding


def _windows(args: argparse.Namespace) -> Iterator[tuple[Record, Record]]:
    """Yield the windows and their labels."""
    from fastgru.data.alphabets import get_alphabet
    from fastgru.data.annotations import cut_labelled_windows, read_coding
    from fastgru.data.fasta import Record
    from fastgru.data.scan_input import ScanInput
    from fastgru.data.tiles import RowGrid

    segments = read_coding(args.annotation)
    given = ScanInput(args.fasta, get_alphabet("dna"), RowGrid(1), args.regions)
    found = False
    for sequence, ranges in given:
        known = segments.get(sequence.id, [])
        found |= bool(known)
        last = max((segment.end for segment in known), default=0)
        if last > sequence.length:
            raise LabelError(
                f"{args.annotation}: {sequence.id} has a coding sequence up to {last}, expected "
                f"none behind the end of its {counted(sequence.length, 'letter')}. Give the "
                "annotation of this assembly."
            )
        for start, end in ranges:
            pairs = cut_labelled_windows(sequence.letters, known, start, end, args.window)
            for number, pair in enumerate(pairs):
                first = start + number // 2 * args.window
                name = f"{sequence.id}:{first}-{first + args.window}:{'+-'[number % 2]}"
                window, labels = (Record(name, "", text) for text in pair)
                yield window, labels
    if not found:
        raise LabelError(
            f"{args.annotation}: has coding sequences of {shorten(sorted(segments))}, expected "
            f"names among {shorten(given.lengths)}. Give the annotation of these sequences."
        )
