"""``fastgru predict``: say of each record of FASTA files what the model has learned to say."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastgru.cli.decision_options import add_decision
from fastgru.cli.features import add_features, read_chosen_features, require_features
from fastgru.cli.options import add_output, add_threads, require_new_output
from fastgru.cli.prediction_files import open_predictions
from fastgru.cli.prediction_formats import add_format, settle_format
from fastgru.cli.prediction_table import CellsOf
from fastgru.cli.predictions import are_nucleotides, may_be_nucleotides, warn_of_shuffled_labels
from fastgru.cli.resuming import add_resume, find_state
from fastgru.cli.selection import empty_part
from fastgru.cli.shard_options import add_shard, refuse_shard, shard_of_records
from fastgru.cli.tasks.tagging.options import add_per_position, refuse_per_position
from fastgru.cli.tasks.translation.options import add_search, refuse_search
from fastgru.data.files import is_read_once
from fastgru.errors import (
    CheckpointError,
    ConfigurationError,
    LabelError,
    counted,
    display_name,
    shorten,
)

if TYPE_CHECKING:
    from os import PathLike

    from fastgru.cli.prediction_files import FormattedRecord, PredictionWriter
    from fastgru.cli.stream_progress import InputRead, StreamProgress
    from fastgru.data.unlabelled import CheckedSequence
    from fastgru.estimators.fitted_model import FittedModel
    from fastgru.estimators.streaming import PredictedChunk

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Classify the records of FASTA or FASTQ files of any size. The table has one row per record in the
order of the input: id, status (ok), label (the most probable class unless --threshold or
--abstain says otherwise), flags (in which ways the sequence is unlike those of training; empty
for none) and one column with the probability of each class. A model of several labels has no
column label; one of regression has three columns for each target, with its 90 % interval; a
tagger has labels, or with --per-position a row for each letter; a language model log_likelihood
(in nats) and bits_per_letter; a translator log_probability and sequence. Records that cannot be
used end the command with a list of all of them; with --on-invalid status they get a row that says
why instead. Rows go to standard output as they are made; a file appears when it is complete, and
--resume goes on with one that was interrupted.
"""
_EPILOG = """\
examples:
  fastgru predict model.safetensors new.fa.gz -o predictions.tsv
  fastgru predict model.safetensors new.fa.gz --prevalence 0.01 --threshold fpr_0.01
  fastgru predict model.safetensors reads.fa.gz -o predictions.parquet --resume
  fastgru predict tagger.safetensors genes.fa --per-position -o letters.tsv.gz
  zcat reads.fa.gz | fastgru predict model.safetensors - --format jsonl | head
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "predict",
        help="classify, score or translate the records of FASTA or FASTQ files",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model file from 'fastgru train'")
    parser.add_argument(
        "fasta",
        nargs="+",
        metavar="FASTA",
        help="sequences (FASTA or FASTQ), perhaps compressed; - is stdin. For a model of series "
        "tables (TSV), .npz files or folders of these",
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
    add_per_position(parser)
    add_output(parser, what="predictions")
    add_format(parser)
    add_resume(parser)
    add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Write the predictions and return the exit code."""
    from fastgru.estimators.loading import load_fitted  # starts faster than the estimator

    if args.subset is not None and args.split is None:
        raise ConfigurationError(
            f"--subset {args.subset}: there is no split, expected one to take that part of. "
            "Give --split as well."
        )
    if args.split is not None:
        refuse_shard(args, "--split chooses records of all files")
    settle_format(args)
    state = find_state(args)
    if state == "complete":
        return 0
    # an interrupted run was allowed to write what it has begun
    require_new_output(args, replaceable={args.output} if state == "begun" else ())
    model = load_fitted(args.model)
    refuse_search(args, model)
    refuse_per_position(args, model)
    require_features(args, model)
    warn_of_shuffled_labels(model, args.model)
    try:
        _predict(args, model)
    except CheckpointError as error:
        if not args.force:
            raise
        if once := [path for path in args.fasta if is_read_once(path)]:
            raise CheckpointError(
                f"{error} As {display_name(once[0])} cannot be read twice, leave --resume out then."
            ) from error
        _LOGGER.warning("warning: %s With --force, prediction starts anew.", error)
        args.resume = False
        _predict(args, model)
    return 0


def _predict(args: argparse.Namespace, model: FittedModel) -> None:
    """Write the predictions, and say what was unusual about the records."""
    from fastgru.cli.stream_progress import BytesRead, LettersRead, show_stream_progress
    from fastgru.cli.tasks import task_module

    columns, cells_of = task_module(model.task, "predict").begin(args, model)
    letters = _LettersOfProteins(model)
    files, n_letters = shard_of_records(args)
    position: InputRead = BytesRead(files) if n_letters is None else LettersRead(n_letters)
    with (
        open_predictions(args, columns, model.task) as writer,
        show_stream_progress("predicting", position.total) as progress,
    ):
        records = letters.noted(position.noted(_read_records(args, model, files, position)))
        _write_predictions(
            *(writer, cells_of),
            records=writer.skip_done(records, progress),
            model=model,
            threads=args.threads,
            progress=progress,
            position=position,
        )
    if writer.n_flagged:
        _LOGGER.info(
            "records unlike those of training: %d of %d; see column flags",
            *(writer.n_flagged, writer.n_records),
        )
    letters.warn_of_nucleotides()
    if writer.n_invalid:
        _LOGGER.warning(
            "warning: %s could not be used; see column status",
            counted(writer.n_invalid, "record"),
        )


def _read_records(
    args: argparse.Namespace,
    model: FittedModel,
    files: Sequence[str | PathLike[str]],
    position: InputRead,
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
        *(model, files),
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
    writer: PredictionWriter,
    cells_of: CellsOf,
    *,
    records: Iterable[CheckedSequence],
    model: FittedModel,
    threads: int | None,
    progress: StreamProgress,
    position: InputRead,
) -> None:
    """Predict chunk by chunk."""
    from fastgru.estimators.overlapping import run_behind
    from fastgru.estimators.streaming import overlaps, predict_chunks

    def formatted(chunk: PredictedChunk[Iterable[Any]]) -> list[FormattedRecord]:
        return writer.format(chunk.records, chunk.predicted)

    chunks = predict_chunks(records, model, cells_of, threads=threads, position=position)
    for chunk, rows in run_behind(chunks, formatted, threaded=overlaps(threads)):
        writer.write(chunk.records, rows)
        n_letters = sum(len(record.sequence) for record in chunk.records)
        progress.advance(len(chunk.records), n_letters, chunk.position)


class _LettersOfProteins:
    """Which letters were given to a model of proteins, to notice nucleotides."""

    def __init__(self, model: FittedModel) -> None:
        self._of_proteins = model.parameters["alphabet"] == "protein"
        self._letters: set[str] = set()
        self._n_letters = 0

    def noted(self, records: Iterable[CheckedSequence]) -> Iterator[CheckedSequence]:
        """Yield the records, and look at their letters unless it is clear already."""
        for record in records:
            if self._of_proteins and may_be_nucleotides(self._letters):
                self._letters.update(record.sequence)
                self._n_letters += len(record.sequence)
            yield record

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
