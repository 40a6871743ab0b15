"""``fastgru variants``: score substitutions with a language model."""

from __future__ import annotations

import argparse

from fastgru.cli.options import add_output, add_threads, require_new_output
from fastgru.errors import ConfigurationError

_DESCRIPTION = """\
Say how much less likely sequences become by substitutions of single letters. The table with the
columns id (of a record) and variant (such as A12G: the letter of the record, its place from 1, and
the letter in its stead) gets the column log_likelihood_ratio: the natural logarithm of the
probability of the changed sequence over that of the record, below 0 where the change is unlikely.
"""
_EPILOG = """\
example:
  fastgru variants lm.safetensors proteins.fa --variants variants.tsv -o scores.tsv
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "variants",
        help="score substitutions with a language model",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "model", metavar="MODEL", help="model file from 'fastgru train --task language_model'"
    )
    parser.add_argument("fasta", metavar="FASTA", help="the sequences as they are; - is stdin")
    parser.add_argument(
        "--variants",
        required=True,
        metavar="TSV",
        help="table with the columns id and variant",
    )
    add_output(parser, what="table of scores (TSV)")
    add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Write the table and return the exit code."""
    from fastgru.data.alphabets import get_alphabet
    from fastgru.data.labelled import read_labelled
    from fastgru.data.variants import read_variants
    from fastgru.data.writing import atomic_write
    from fastgru.estimators.fitted_language_model import FittedLanguageModel
    from fastgru.estimators.loading import load_fitted

    require_new_output(args)
    if args.fasta == args.variants == "-":
        raise ConfigurationError("standard input (-) can be read only once. Use a file instead.")
    fitted = load_fitted(args.model, "language_model")
    assert isinstance(fitted, FittedLanguageModel)
    alphabet = get_alphabet(fitted.parameters["alphabet"])
    data = read_labelled(alphabet, fasta=args.fasta, unlabelled=True)
    references = dict(zip(data.ids, data.sequences, strict=True))
    rows = read_variants(args.variants, alphabet, references)
    ratios: dict[tuple[str, str], float] = {}
    by_record: dict[str, list[str]] = {}
    for row in rows:
        by_record.setdefault(row.id, []).append(row.variant)
    for record_id, own in by_record.items():
        found = fitted.score_variants(references[record_id], own, args.threads)
        ratios |= {(record_id, name): ratio for name, ratio in zip(own, found, strict=True)}
    with atomic_write(args.output) as file:
        file.write("id\tvariant\tlog_likelihood_ratio\n")
        for row in rows:
            file.write(f"{row.id}\t{row.variant}\t{ratios[row.id, row.variant]:.8g}\n")
    return 0
