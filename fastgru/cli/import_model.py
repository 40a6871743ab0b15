"""``fastgru import``: read a model from ONNX."""

from __future__ import annotations

import argparse
import logging

from fastgru.cli.options import add_output, require_new_output
from fastgru.cli.overwriting import refuse_compressed

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Read a model from an ONNX file. One that 'fastgru export' has written becomes the model that it was,
with its card. One of another tool is read if it is a chain of layers that fastgru has: embedding or
one-hot rows, convolutions, GRU, LSTM or RNN, pooling, a linear layer, and softmax, sigmoid or
nothing; then say what its tokens and outputs mean. Otherwise the message names the first node that
does not fit. Nothing in the file is executed. Needs the package onnx: pip install 'fastgru[onnx]'.
"""
_EPILOG = """\
examples:
  fastgru import model.onnx -o model.safetensors
  fastgru import torch.onnx --alphabet dna --symbols ACGT- --classes decoy gene -o model.safetensors
  fastgru import torch.onnx --alphabet dna --targets expression -o model.safetensors
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "import",
        help="read a model from ONNX",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="FILE", help="ONNX file (.onnx)")
    other = parser.add_argument_group("files of other tools")
    other.add_argument(
        "--alphabet", choices=("dna", "rna", "protein"), help="kind of sequences that it reads"
    )
    other.add_argument(
        "--symbols",
        metavar="LETTERS",
        help="letter of each token from 0 on, - for padding (the letters of the alphabet in order)",
    )
    other.add_argument(
        "--classes",
        dest="class_names",
        nargs="+",
        metavar="NAME",
        help="name of each output (0, 1, ...); two for a single sigmoid, the second for 1",
    )
    other.add_argument(
        "--targets",
        nargs="+",
        metavar="NAME",
        help="name of each output where they are numbers: the model becomes a regressor",
    )
    add_output(parser, what="model file (.safetensors)", default=None)


def run(args: argparse.Namespace) -> int:
    """Write the model file and return the exit code."""
    refuse_compressed(args.output, "model files", "model.safetensors")
    require_new_output(args)
    from fastgru.onnx import import_model

    import_model(
        *(args.model, args.output),
        alphabet=args.alphabet,
        symbols=args.symbols,
        classes=args.class_names,
        targets=args.targets,
    )
    _LOGGER.info("%s imported", args.model)
    return 0
