"""The command ``fastgru``: its frame, from arguments to exit code.

Each sub-command is a module of this package with ``add_parser(subparsers)`` and
``run(args) -> int``.  Those modules import what they work with inside `run`, so that
``fastgru --help`` never loads the compiler.

Exit codes: 0 success, 1 data or files at fault, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

__all__ = ["main"]

# In the order of the help page: first what every user needs.
_COMMANDS = (
    "train",
    "ensemble",
    "predict",
    "scan",
    "tracks",
    "shards",
    "gather",
    "evaluate",
    "generate",
    "variants",
    "baseline",
    "compare",
    "experiment",
    "search",
    "best",
    "info",
    "annotate",
    "export",
    "import",
    "audit",
    "split",
    "label",
    "report",
    "summarise",
    "warmup",
    "selftest",
)

_MODULES = {"import": "import_model"}
"""Modules that cannot be called like their command."""

_DESCRIPTION = "Train and run recurrent classifiers for DNA, RNA and protein sequences on a CPU."
_EXAMPLES = """\
examples:
  fastgru audit --alphabet protein --class AMP=amp.fa.gz --class decoy=decoy.fa.gz -o audit.json
  fastgru split genes.fa --labels labels.tsv -o split.tsv
  fastgru train genes.fa --labels labels.tsv --split split.tsv -o model.safetensors
  fastgru predict model.safetensors new.fa.gz -o predictions.tsv

"fastgru COMMAND --help" shows the options of a command.
"""
_CITATION = """\
The fastgru developers.
fastgru: GRU classifiers for biological sequences on a CPU, version {version}.

@software{{fastgru,
  author  = {{{{The fastgru developers}}}},
  title   = {{fastgru: GRU classifiers for biological sequences on a CPU}},
  version = {{{version}}}
}}
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv
        Arguments without the name of the program; by default those of this process.

    Returns
    -------
    code
        0 success, 1 data or files at fault, 2 wrong usage, 130 interrupted.
    """
    from fastgru.cli.ranks import one_speaking
    from fastgru.cli.streams import open_missing_streams

    open_missing_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _make_parser()
    try:
        with one_speaking(arguments):
            args = _parse(parser, arguments)
        if not hasattr(args, "run"):
            parser.print_help()
            parser.exit()
    except SystemExit as request:  # argparse leaves this way after --help and on wrong usage
        return _after_showing(int(request.code or 0))
    except OSError as error:  # of what --citation and the like show
        return _not_shown(error)
    from fastgru.cli.running import run_command

    return run_command(args, arguments)


def _after_showing(code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError as error:
        return _not_shown(error)
    return code


def _not_shown(error: OSError) -> int:
    from fastgru.cli.running import explain_output

    return explain_output(error)


def _parse(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """Parse the arguments, with FASTA before or behind the options.

    argparse takes an optional positional for absent as soon as it meets the one before it, so that
    ``evaluate MODEL --label-field label FASTA`` would leave FASTA over (Python issue 59317).
    """
    args, left_over = parser.parse_known_args(arguments)
    is_path = len(left_over) == 1 and not left_over[0].startswith("-")
    if is_path and getattr(args, "fasta", "") is None:
        args.fasta = left_over.pop()
    if left_over:
        parser.error(f"unrecognized arguments: {' '.join(left_over)}")
    return args


def _make_parser() -> argparse.ArgumentParser:
    from fastgru import __version__
    from fastgru.cli.options import add_logging

    parser = argparse.ArgumentParser(
        prog="fastgru",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fastgru {__version__}")
    parser.add_argument("--citation", action=_ShowCitation, nargs=0, help="say how to cite fastgru")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name in _COMMANDS:
        module = importlib.import_module(f"fastgru.cli.{_MODULES.get(name, name)}")
        module.add_parser(subparsers)
        command = subparsers.choices[name]
        add_logging(command)
        command.set_defaults(run=module.run, command=name)
    return parser


class _ShowCitation(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from fastgru import __version__

        sys.stdout.write(_CITATION.format(version=__version__))
        parser.exit()
