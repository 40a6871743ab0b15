"""Options that several sub-commands share, so that they look and work the same everywhere."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Container
from typing import TYPE_CHECKING

from fastgru.cli.alphabet import add_alphabet, chosen_alphabet
from fastgru.cli.features import add_features, read_chosen_features
from fastgru.cli.overwriting import is_device
from fastgru.cli.targets import add_target, chosen_targets
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences
    from fastgru.data.target_columns import TargetColumns

__all__ = [
    "add_labelled_input",
    "add_logging",
    "add_output",
    "add_resampling",
    "add_seed",
    "add_threads",
    "fraction",
    "named_path",
    "non_negative_int",
    "positive_int",
    "read_labelled_input",
    "require_new_output",
    "share",
]

_LABELLED_INPUT = """\
Labels come in one of three forms: one FASTA file per class (--class), one FASTA file with a
table of labels (--labels), or one FASTA file with labels in its headers (--label-field).
Files may be compressed with gzip, bzip2 or xz; "-" is standard input."""


def add_labelled_input(
    parser: argparse.ArgumentParser,
    *,
    unlabelled: bool = False,
    targets: bool = False,
    series: bool = False,
    features: bool = False,
) -> None:
    """Add the three ways to name sequences with labels.

    Parameters
    ----------
    parser
    unlabelled
        Whether to add ``--unlabelled``, for sequences without.
    targets
        Whether to add ``--target``, for what stands in place of a label.
    series
        Whether series may stand in place of FASTA.
    features
        Whether to add ``--features``.
    """
    group = parser.add_argument_group("labelled sequences", _LABELLED_INPUT)
    group.add_argument(
        "fasta",
        nargs="?",
        metavar="FASTA",
        help="sequences; needs --labels or --label-field",
    )
    group.add_argument(
        "--class",
        dest="classes",
        action="append",
        type=named_path("FASTA"),
        metavar="NAME=FASTA",
        help="all sequences of one class, whose name has no =; give it once per class",
    )
    group.add_argument(
        "--labels",
        metavar="TSV",
        help="table with the columns id and label, optionally split and group",
    )
    group.add_argument(
        "--label-field",
        metavar="NAME",
        help="the label is the word NAME=LABEL in each header",
    )
    if unlabelled:
        group.add_argument(
            "--unlabelled",
            action="store_true",
            help="the sequences of FASTA have no labels, as for tasks without classes",
        )
    if targets:
        add_target(group)
    if features:
        add_features(group)
    add_alphabet(group, series=series)


def read_labelled_input(
    args: argparse.Namespace, targets: TargetColumns | None = None
) -> LabelledSequences:
    """Read the sequences that the options of `add_labelled_input` name.

    Parameters
    ----------
    args
    targets
        Columns of targets that a model knows; None for those of the options.

    Raises
    ------
    ConfigurationError
        If the options do not make exactly one of the three forms.
    FastgruError
        If the files hold anything that cannot be used.
    """
    from fastgru.data.feature_files import with_features
    from fastgru.data.labelled import read_labelled

    classes: dict[str, str] = {}
    for name, path in args.classes or ():
        if name in classes:
            raise ConfigurationError(
                f"--class {name}=: given twice, expected one file per class. "
                "Join the files, for example with cat."
            )
        classes[name] = path
    data = read_labelled(
        chosen_alphabet(args),
        classes=classes or None,
        fasta=args.fasta,
        labels=args.labels,
        label_field=args.label_field,
        unlabelled=getattr(args, "unlabelled", False),
        targets=targets or chosen_targets(args),
    )
    features = read_chosen_features(args)
    return data if features is None else with_features(data, features)


def add_output(
    parser: argparse._ActionsContainer,
    *,
    what: str,
    default: str | None = "-",
    required: bool = True,
) -> None:
    """Add ``-o/--output`` and ``--force``.

    Parameters
    ----------
    parser
        Parser or argument group.
    what
        What is written, for the help text.
    default
        Path if the option is left out; None for no such path.
    required
        Whether the option is required where it has no default.
    """
    shown = {"-": " (default: standard output)", None: ""}.get(default, " (default: %(default)s)")
    parser.add_argument(
        "-o",
        "--output",
        default=default,
        required=required and default is None,
        metavar="FILE",
        help=f"{what}; - is standard output{shown}" if default != "-" else f"{what}{shown}",
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist already")


def require_new_output(
    args: argparse.Namespace, *paths: str | None, replaceable: Container[str | None] = ()
) -> None:
    """Refuse outputs that cannot be written or exist already, before any work is done.

    Parameters
    ----------
    args
        Parsed options with `output` and `force`.
    paths
        Further outputs of the command; None is skipped.
    replaceable
        Those that may exist without `force`.
    """
    from fastgru.data.writing import require_writable

    outputs = [path for path in (args.output, *paths) if path is not None]
    places = [path if path == "-" else os.path.realpath(path) for path in outputs]
    for path, place in zip(outputs, places, strict=True):
        # devices such as /dev/null can take any number of outputs
        if places.count(place) > 1 and (path == "-" or not is_device(place)):
            name = "standard output (-)" if path == "-" else path
            raise ConfigurationError(
                f"{name}: given for two outputs, expected a file for each. Choose another name."
            )
        require_writable(path, force=args.force or path in replaceable)


def add_seed(parser: argparse._ActionsContainer, *, default: int = 0) -> None:
    """Add ``--seed``; the same seed gives the same result, bit for bit."""
    parser.add_argument(
        "--seed",
        type=non_negative_int,
        default=default,
        metavar="N",
        help="source of all randomness; the same seed gives the same result (default: %(default)s)",
    )


def add_resampling(parser: argparse._ActionsContainer, *, default: int = 1000) -> None:
    """Add ``--n-resamples`` of the bootstrap, and ``--seed``."""
    parser.add_argument(
        "--n-resamples",
        type=positive_int,
        default=default,
        metavar="N",
        help="resamples of the bootstrap that intervals come from (default: %(default)s)",
    )
    add_seed(parser)


def add_threads(parser: argparse._ActionsContainer) -> None:
    """Add ``-t/--threads``; None means all processors that this process may use."""
    parser.add_argument(
        "-t",
        "--threads",
        type=positive_int,
        metavar="N",
        help="threads to use, never more (default: all processors this process may use)",
    )


def add_logging(parser: argparse.ArgumentParser) -> None:
    """Add the options about messages, which every sub-command has."""
    group = parser.add_argument_group("messages")
    volume = group.add_mutually_exclusive_group()
    volume.add_argument("-q", "--quiet", action="store_true", help="show warnings and errors only")
    volume.add_argument("-v", "--verbose", action="store_true", help="show more detail")
    group.add_argument("--log-file", metavar="FILE", help="write the messages to a file as well")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")


def positive_int(text: str) -> int:
    """Convert an argument to a whole number of at least 1."""
    return _number(text, minimum=1)


def non_negative_int(text: str) -> int:
    """Convert an argument to a whole number of at least 0."""
    return _number(text, minimum=0)


def fraction(text: str) -> float:
    """Convert an argument to a share in [0, 1)."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to below 1, got {text!r}")
    return value


def share(text: str) -> float:
    """Convert an argument to a share in (0, 1]."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0 and up to 1, got {text!r}")
    return value


def _number(text: str, minimum: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = minimum - 1
    if value < minimum:
        raise argparse.ArgumentTypeError(
            f"expected a whole number of at least {minimum}, got {text!r}"
        )
    return value


def named_path(what: str) -> Callable[[str], tuple[str, str]]:
    """Return a converter of an argument NAME=PATH to name and path.

    Parameters
    ----------
    what
        What messages call the path, such as ``"FASTA"``.
    """

    def convert(text: str) -> tuple[str, str]:
        name, separator, path = text.partition("=")
        if not (name.strip() and separator and path):
            hint = ""
            if os.path.exists(text):
                hint = f"; the name is missing: NAME={text}"
            raise argparse.ArgumentTypeError(f"expected NAME={what}, got {text!r}{hint}")
        if "=" in path and not os.path.exists(path):
            raise argparse.ArgumentTypeError(
                f"expected NAME={what} without = in the name, got {text!r}; there is no {path!r}"
            )
        return name.strip(), path

    return convert
