"""``fastgru predict``: say of each record of FASTA files what the model has learned to say."""

from __future__ import annotations

import argparse
import io
import logging
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TextIO

from fastgru.cli.decision_options import add_decision
from fastgru.cli.features import add_features, read_chosen_features, require_features
from fastgru.cli.options import add_output, add_threads, require_new_output
from fastgru.cli.prediction_table import CellsOf, PredictionColumns
from fastgru.cli.predictions import are_nucleotides, may_be_nucleotides, warn_of_shuffled_labels
from fastgru.cli.selection import empty_part
from fastgru.cli.shard_options import add_shard, refuse_shard, shard_of_records
from fastgru.cli.tasks.translation.options import add_search, refuse_search
from fastgru.errors import ConfigurationError, LabelError, counted, shorten

if TYPE_CHECKING:
    from fastgru.cli.stream_progress import BytesRead, StreamProgress
    from fastgru.data.unlabelled import CheckedSequence
    from fastgru.estimators.fitted_model import FittedModel
    from fastgru.estimators.streaming import PredictedChunk

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Classify the records of FASTA files. The table has one row per record in the order of the input:
id, status (ok), label (the most probable class unless --threshold or --abstain says otherwise),
flags (in which ways the sequence is unlike those of training; empty for none) and one column with
the probability of each class. A model of several labels has no column label; one of regression
has three columns for each target, with its 90 % interval; a tagger has labels; a language model
log_likelihood (in nats) and bits_per_letter; a translator log_probability and sequence. Records
that cannot be used end the command with a list of all of them; with --on-invalid status they get a
row that says why instead.
"""
_EPILOG = """\
examples:
  fastgru predict model.safetensors new.fa.gz -o predictions.tsv
  fastgru predict model.safetensors new.fa.gz --prevalence 0.01 --threshold fpr_0.01
  zcat reads.fa.gz | fastgru predict model.safetensors - | head
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "predict",
        help="classify, score or translate the records of FASTA files",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model file from 'fastgru train'")
    parser.add_argument(
        "fasta",
        nargs="+",
        metavar="FASTA",
        help="sequences, perhaps compressed; - is stdin. For a model of series tables (TSV), .npz "
        "files or folders of these",
    )
    parser.add_argument(
        "--on-invalid",
        choices=("error", "status"),
        default="error",
        help="what to do with records that cannot be used (default: %(default)s)",
    )
    parser.add_argument(
        "--split", metavar="TSV", help="predict only the records of a part of this split"
    )
    parser.add_argument(
        "--subset",
        choices=("train", "validation", "test"),
        help="the part, with --split (default: test)",
    )
    add_features(parser)
    add_decision(parser)
    add_search(parser)
    add_shard(parser)
    add_output(parser, what="table of predictions (TSV)")
    add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Write the table and return the exit code."""
    from fastgru.cli.stream_progress import BytesRead, show_stream_progress
    from fastgru.cli.tasks import task_module
    from fastgru.data.files import atomic_write
    from fastgru.estimators.loading import load_fitted  # starts faster than the estimator

    if args.subset is not None and args.split is None:
        raise ConfigurationError(
            f"--subset {args.subset}: there is no split, expected one to take that part of. "
            "Give --split as well."
        )
    if args.split is not None:
        refuse_shard(args, "--split chooses records of all files")
    require_new_output(args)
    model = load_fitted(args.model)
    refuse_search(args, model)
    require_features(args, model)
    warn_of_shuffled_labels(model, args.model)
    args.fasta = shard_of_records(args)
    position = BytesRead()
    records = _read_records(args, model, position)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape") as table:
        columns, cells_of = task_module(model.task, "predict").begin(args, model)
        columns.write_header(table)
        with show_stream_progress("predicting", args.fasta) as progress:
            n_invalid = _write_predictions(
                *(table, columns, cells_of),
                records=records,
                model=model,
                threads=args.threads,
                progress=progress,
                position=position,
            )
        table.seek(0)
        # only now: an error on the way leaves no partial output, not even on standard output
        with atomic_write(args.output) as file:
            shutil.copyfileobj(table, file)
    if n_invalid:
        _LOGGER.warning(
            "warning: %s could not be used; see column status", counted(n_invalid, "record")
        )
    return 0


def _read_records(
    args: argparse.Namespace, model: FittedModel, position: BytesRead
) -> Iterator[CheckedSequence]:
    """Return the records to predict, one by one."""
    from fastgru.data.series import SERIES
    from fastgru.estimators.streaming import read_for

    kind = model.parameters["alphabet"]
    if kind == SERIES and args.on_invalid != "error":
        raise ConfigurationError(
            f"--on-invalid {args.on_invalid}: {args.model} reads series, of which all have to be "
            "usable. Leave it out."
        )
    if kind == SERIES:
        refuse_shard(args, f"{args.model} reads series, which are not cut")
    records = read_for(
        *(model, args.fasta),
        on_invalid=args.on_invalid,
        advice=f"{args.model} was trained on {kind} sequences. To predict the other "
        "records all the same, use --on-invalid status.",
        digest=position,
    )
    args.n_features = model.n_features
    return _in_part(args, records if kind == SERIES else _with_features(args, records))


def _with_features(
    args: argparse.Namespace, records: Iterator[CheckedSequence]
) -> Iterator[CheckedSequence]:
    """Yield the records with their features, if there are any."""
    from fastgru.data.problems import Problem, Problems

    features, problems = read_chosen_features(args), Problems()
    for record in records:
        if features is None or record.problem is not None:
            yield record
            continue
        joined = features.join(record.id, record.sequence)
        if not isinstance(joined, Problem):
            if not problems:
                yield replace(record, sequence=joined)
        elif args.on_invalid == "status":
            yield replace(record, sequence="", problem=joined.text)
        else:
            problems.add(features.name, joined, LabelError)
    problems.raise_if_any()


def _in_part(
    args: argparse.Namespace, records: Iterator[CheckedSequence]
) -> Iterator[CheckedSequence]:
    return records if args.split is None else _in_subset(records, args.split, args.subset or "test")


def _write_predictions(
    table: TextIO,
    columns: PredictionColumns,
    cells_of: CellsOf,
    *,
    records: Iterable[CheckedSequence],
    model: FittedModel,
    threads: int | None,
    progress: StreamProgress,
    position: BytesRead,
) -> int:
    """Predict chunk by chunk; return the number of records that could not be used."""
    from fastgru.estimators.overlapping import run_behind
    from fastgru.estimators.streaming import overlaps, predict_chunks

    n_records, n_invalid, n_flagged = 0, 0, 0
    letters = _LettersOfProteins(model)
    chunks = predict_chunks(records, model, cells_of, threads=threads, position=position)
    rows_of = partial(_rows_of, columns)
    for chunk, rows in run_behind(chunks, rows_of, threaded=overlaps(threads)):
        table.write(rows)
        n_records += len(chunk.records)
        n_invalid += len(chunk.records) - len(chunk.flags)
        n_flagged += sum(map(bool, chunk.flags))
        letters.note(chunk.records)
        n_letters = sum(len(record.sequence) for record in chunk.records)
        progress.advance(len(chunk.records), n_letters, chunk.position)
    if n_flagged:
        _LOGGER.info(
            "records unlike those of training: %d of %d; see column flags", n_flagged, n_records
        )
    letters.warn_of_nucleotides()
    return n_invalid


def _rows_of(columns: PredictionColumns, chunk: PredictedChunk[Iterable[Sequence[str]]]) -> str:
    """Return the lines of the table for some records."""
    lines = io.StringIO()
    columns.write_rows(
        lines,
        [record.id for record in chunk.records],
        [record.problem for record in chunk.records],
        chunk.predicted,
    )
    return lines.getvalue()


class _LettersOfProteins:
    """Which letters were given to a model of proteins, to notice nucleotides."""

    def __init__(self, model: FittedModel) -> None:
        self._of_proteins = model.parameters["alphabet"] == "protein"
        self._letters: set[str] = set()
        self._n_letters = 0

    def note(self, records: Sequence[CheckedSequence]) -> None:
        """Look at records, unless it is clear already."""
        if self._of_proteins and may_be_nucleotides(self._letters):
            sequences = [record.sequence for record in records]
            self._letters.update(*sequences)
            self._n_letters += sum(map(len, sequences))

    def warn_of_nucleotides(self) -> None:
        if self._of_proteins and are_nucleotides(self._letters, self._n_letters):
            _LOGGER.warning(
                "warning: all letters are A, C, G, T, U or N, but the model was trained on proteins"
            )


def _in_subset(
    records: Iterable[CheckedSequence], split: str, subset: str
) -> Iterator[CheckedSequence]:
    """Yield the records that a split puts into one part, each id once."""
    from fastgru.data.splits import read_split

    wanted = {key for key, row in read_split(split).rows.items() if row.split == subset}
    if not wanted:
        raise empty_part(subset, split)
    for record in records:
        if record.id in wanted:
            wanted.discard(record.id)
            yield record
    if wanted:
        raise LabelError(
            f"{split}: no sequence for {shorten(sorted(wanted))} in the input, expected all "
            f"records of the part {subset!r}. Give the files that the split was made from."
        )
