"""Options of the files that are made from a table of windows."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.overwriting import refuse_compressed

if TYPE_CHECKING:
    from fastgru.data.track_files import TrackChoice

__all__ = ["add_tracks", "chosen_tracks", "closed_share"]

_ABOUT = """\
Each letter has the score of the window of its strand whose centre is nearest. With {strand} in the
name of a track there are two files, for plus and minus. Calls (BED6) are neighbouring windows of
one class and strand that reach --extend-above, and one of them --call-above."""


def add_tracks(parser: argparse.ArgumentParser) -> None:
    """Add the options of tracks and calls."""
    group = parser.add_argument_group("tracks and calls", _ABOUT)
    group.add_argument("--bedgraph", metavar="FILE", help="scores of one class as bedGraph")
    group.add_argument("--bigwig", metavar="FILE", help="scores of one class as bigWig")
    group.add_argument("--calls", metavar="FILE", help="calls as BED6")
    group.add_argument(
        "--class",
        dest="track_class",
        metavar="NAME",
        help="class of tracks and calls (default: the second of two; calls of more have all)",
    )
    group.add_argument(
        "--call-above",
        type=closed_share,
        default=0.9,
        metavar="X",
        help="score that a window of a call reaches (default: %(default)s)",
    )
    group.add_argument(
        "--extend-above",
        type=closed_share,
        default=0.5,
        metavar="X",
        help="score that all windows of a call reach (default: %(default)s)",
    )


def chosen_tracks(args: argparse.Namespace) -> TrackChoice:
    """Return the files that the options name."""
    from fastgru.data.track_files import TrackChoice

    refuse_compressed(args.bigwig, "bigWig files", "scores.bw")
    return TrackChoice(
        bedgraph=args.bedgraph,
        bigwig=args.bigwig,
        calls=args.calls,
        name=args.track_class,
        call_above=args.call_above,
        extend_above=args.extend_above,
    )


def closed_share(text: str) -> float:
    """Convert an argument to a share in [0, 1]."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return value
