"""``fastgru export``: write a model as ONNX, for other runtimes."""

from __future__ import annotations

import argparse
import logging

from fastgru.cli.options import require_new_output
from fastgru.cli.overwriting import refuse_compressed

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Write a model of any task as ONNX, for ONNX Runtime and other runtimes. The file holds the whole
model, from encoded sequences and their lengths to what 'fastgru predict' gives, such as calibrated
probabilities, and the card of the model file in its metadata; batch and length are free. Needs the
package onnx: pip install 'fastgru[onnx]'.
"""
_EPILOG = """\
example:
  fastgru export model.safetensors model.onnx

docs/file-formats.md lists inputs and outputs, and runs a file with ONNX Runtime in Python.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "export",
        help="write a model as ONNX, for other runtimes",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model file (.safetensors)")
    parser.add_argument(
        "output", metavar="FILE", help="ONNX file (.onnx) to write; - is standard output"
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist already")


def run(args: argparse.Namespace) -> int:
    """Write the file and return the exit code."""
    refuse_compressed(args.output, "ONNX files", "model.onnx")
    require_new_output(args)
    from fastgru.onnx import export

    export(args.model, args.output)
    _LOGGER.info("%s written as ONNX", args.model)
    return 0
