"""Sequences for a language model, which needs no labels but may be given some."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastgru.cli.options import read_labelled_input
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences

__all__ = ["read_input"]


def read_input(args: argparse.Namespace) -> LabelledSequences:
    """Read a FASTA file, or labelled sequences: to learn from the parts of a classifier's split.

    Parameters
    ----------
    args
        Parsed options of `fastgru.cli.options.add_labelled_input`.

    Raises
    ------
    ConfigurationError
        If no file is named, or labels in more than one form.
    FastgruError
        If the files hold anything that cannot be used.
    """
    has_labels = bool(args.classes) or args.labels is not None or args.label_field is not None
    if not has_labels and args.fasta is None:
        raise ConfigurationError(
            "no sequences were named, expected a FASTA file. Give its name, or - for standard "
            "input."
        )
    return read_labelled_input(argparse.Namespace(**{**vars(args), "unlabelled": not has_labels}))
