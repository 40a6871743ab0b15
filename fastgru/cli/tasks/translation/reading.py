"""Sequences with their translations, from two FASTA files with the same ids."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from fastgru.cli.options import read_labelled_input
from fastgru.errors import ConfigurationError, LabelError, counted, shorten

if TYPE_CHECKING:
    from fastgru.data.labelled import LabelledSequences

__all__ = ["Translations", "pairs_of", "read_pairs"]

Translations = dict[str, str]
"""The translation of each record, by its id."""


def read_pairs(
    args: argparse.Namespace, target_alphabet: str, *, table: bool = False
) -> tuple[LabelledSequences, Translations]:
    """Read sequences and their translations.

    Parameters
    ----------
    args
        Parsed options of `fastgru.cli.options.add_labelled_input`, with `targets`.
    target_alphabet
        What translations are written in.
    table
        Whether ``--labels`` may name a table of splits and groups.

    Returns
    -------
    tuple
        The sequences, whose label says that they have none, with the files of both; and the
        translation of each.

    Raises
    ------
    ConfigurationError
        If a file is missing, or labels are given.
    FastgruError
        If the files hold anything that cannot be used, or not the same ids.
    """
    has_labels = args.labels is not None and not table
    if args.classes or has_labels or args.label_field is not None:
        raise ConfigurationError(
            "--class, --labels and --label-field: a translation has no labels, expected FASTA "
            "--translations FASTA. Leave them out."
        )
    if args.fasta is None or args.translations is None:
        raise ConfigurationError(
            "translations must be given as two FASTA files with the same ids (FASTA --translations "
            "FASTA). Name both."
        )
    if args.fasta == args.translations == "-":
        raise ConfigurationError("standard input (-) can be read only once. Use a file instead.")
    data = read_labelled_input(argparse.Namespace(**{**vars(args), "unlabelled": True}))
    found = _read_targets(args.translations, target_alphabet)
    translations = dict(zip(found.ids, found.sequences, strict=True))
    missing = [name for name in data.ids if name not in translations]
    if missing:
        raise LabelError(
            f"{args.translations}: no translation for {shorten(missing)} of {args.fasta}, expected "
            "one for each id (the first word of a header). Add them, or remove the sequences."
        )
    return replace(data, files=[*data.files, *found.files]), translations


def pairs_of(data: LabelledSequences, translations: Translations) -> tuple[list[str], list[str]]:
    """Return sequences and their translations, in the same order."""
    return data.sequences, [translations[name] for name in data.ids]


def _read_targets(path: str, target_alphabet: str) -> LabelledSequences:
    """Read translations, and refuse those that are no whole tokens."""
    from fastgru.data.labelled import read_labelled
    from fastgru.data.target_alphabets import get_target_alphabet

    written = get_target_alphabet(target_alphabet)
    found = read_labelled(written.letters, fasta=path, unlabelled=True)
    faults = [
        (source, name, fault)
        for source, name, letters in zip(found.sources, found.ids, found.sequences, strict=True)
        if (fault := written.find_fault(len(letters))) is not None
    ]
    if faults:
        source, name, fault = faults[0]
        n_others = len(faults) - 1
        others = f" ({counted(n_others, 'more record')} like it)" if n_others else ""
        raise LabelError(f"{source}, record {name!r}: {fault}{others}")
    return found
