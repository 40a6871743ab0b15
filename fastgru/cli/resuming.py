"""How ``fastgru predict`` goes on after whatever has ended it."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from fastgru.cli.prediction_files import PredictionWriter, is_stream
from fastgru.cli.prediction_journal import (
    Done,
    RecordDigest,
    RunJournal,
    describe_run,
    journal_path,
)
from fastgru.data.part_file import PartFile, part_path
from fastgru.data.writing import remove_unfinished, remove_written
from fastgru.errors import CheckpointError, ConfigurationError, FastgruError, counted

if TYPE_CHECKING:
    import argparse

    from fastgru.cli.prediction_table import PredictionColumns
    from fastgru.cli.stream_progress import StreamProgress
    from fastgru.data.unlabelled import CheckedSequence

__all__ = ["ResumableWriter", "add_resume", "find_state"]

_LOGGER = logging.getLogger(__name__)
_COMMIT_SECONDS = 5.0
"""How much of a run is lost by a kill that nothing can catch, beside what is being computed."""


def add_resume(parser: argparse.ArgumentParser) -> None:
    """Add ``--resume``."""
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with what an interrupted run has left beside the output (default: start anew)",
    )


def find_state(args: argparse.Namespace) -> Literal["new", "begun", "complete"]:
    """Return what earlier runs have left of an output, as far as ``--resume`` asks for it.

    Parameters
    ----------
    args
        Parsed options of ``fastgru predict``.

    Raises
    ------
    ConfigurationError
        For ``--resume`` with an output that is no file.
    """
    if not args.resume:
        return "new"
    if is_stream(args.output):
        raise ConfigurationError(
            "--resume: the output is no file, expected one that an interrupted run has begun. "
            "Name it with -o."
        )
    journal = journal_path(args.output)
    if os.path.exists(part_path(args.output)):
        return "begun" if os.path.exists(journal) else "new"
    if args.force or not os.path.exists(args.output):
        return "new"
    remove_written(journal)  # a run may have been killed before it did
    _LOGGER.info("%s: is complete, so nothing is left to do; --force makes it anew", args.output)
    return "complete"


class ResumableWriter(PredictionWriter):
    """Writes the rows to a file, and keeps a journal of those that are on the disk.

    Parameters
    ----------
    args
        Parsed options of ``fastgru predict``.
    columns
    task
        Of the model.
    """

    def __init__(self, args: argparse.Namespace, columns: PredictionColumns, task: str) -> None:
        self._run = describe_run(args)
        self._output, self._task = args.output, task
        self._part = PartFile(args.output)
        super().__init__(columns, args.format, self._part)
        self._is_parquet = args.format == "parquet"
        self._journal = RunJournal(args.output, self._run)
        self._digest = RecordDigest()
        self._done, self._committed = Done(), Done()
        self._to_skip = 0
        self._is_begun = False
        self._committed_at = time.monotonic()

    def begin(self, resume: bool) -> None:
        """Take up what an interrupted run has left, or replace it.

        Parameters
        ----------
        resume
            Whether to take it up.

        Raises
        ------
        CheckpointError
            If it is damaged, or was left by another run.
        """
        done = self._journal.read(self._part.n_bytes) if resume else None
        if done is not None:
            self._done = self._committed = done
            self._to_skip = done.n_records
            self._waiting.clear()  # the header is there
            self.n_flagged = done.n_flagged
        elif resume:
            _LOGGER.info(
                "%s: nothing of an interrupted run is there, so prediction starts anew",
                self._output,
            )
        elif os.path.exists(self._journal.path):
            _LOGGER.warning(
                "warning: %s: what an interrupted run has left of it is replaced; --resume would "
                "have gone on",
                self._output,
            )
        if done is None:
            self._journal.remove()
        self._part.cut(self._done.n_bytes)
        self._is_begun = True

    def skip_done(
        self, records: Iterable[CheckedSequence], progress: StreamProgress
    ) -> Iterator[CheckedSequence]:
        """Yield the records that have no rows yet.

        Parameters
        ----------
        records
            All of the input.
        progress

        Raises
        ------
        CheckpointError
            If the others are not those that rows were written of.
        """
        left = iter(records)
        if self._to_skip:
            for record in itertools.islice(left, self._to_skip):
                self._digest.add(record)
                self.n_records += 1
                self.n_invalid += record.problem is not None
            if self._digest.value() != self._done.digest:
                raise CheckpointError(
                    f"{self._journal.path}: was made of other records, expected the first "
                    f"{self._to_skip} of the input ({self.n_records} are there). Go on with the "
                    "same input, or use --force to start again."
                )
            progress.skip(self._to_skip)
            _LOGGER.info(
                "%s: prediction goes on after %s",
                self._output,
                counted(self._to_skip, "record"),
            )
            self._to_skip = 0
        yield from left

    def finish(self) -> None:
        """Give the output its name."""
        self._hand_on()
        self._part.end_member()
        if self._is_parquet:
            from fastgru.cli.parquet import write_parquet

            self._settle()
            self._commit()
            remove_unfinished(self._output)
            metadata = {name: self._run[name] for name in ("fastgru_version", "model_sha256")}
            metadata["task"] = self._task
            write_parquet(self._part.path, self._output, self._columns, metadata)
            self._part.remove()
        else:
            self._part.rename()
        self._journal.remove()

    def abandon(self, error: BaseException) -> None:
        """Keep what is done for a later run, but for data that no run could get over.

        Parameters
        ----------
        error
            What ended this run.
        """
        if isinstance(error, CheckpointError) or self._part.has_its_name:
            return
        if not self._is_begun:  # whatever is there is of an earlier run
            return
        if isinstance(error, FastgruError) and not isinstance(error.__cause__, OSError):
            if not self._to_skip:  # else these may not be the data that the rows are of
                self._remove()
            return
        with contextlib.suppress(OSError, FastgruError):
            self._part.cut(self._done.n_bytes)  # a full disk has room for the journal then
            self._commit()
        if not self._committed.n_records:
            self._remove()
            return
        _LOGGER.info(
            "%s: %s are done; the same command with --resume goes on",
            self._output,
            counted(self._committed.n_records, "record"),
        )

    def close(self) -> None:
        """Let other processes have the file."""
        self._part.close()

    def _end_record(self, record: CheckedSequence) -> None:
        self._digest.add(record)
        if self._part.is_full:
            self._settle()

    def _end_batch(self) -> None:
        if self._part.may_end_anywhere:
            self._settle()

    def _settle(self) -> None:
        self._hand_on()
        self._part.end_member()
        self._done = Done(self.n_records, self.n_flagged, self._part.n_bytes, self._digest.value())
        if time.monotonic() - self._committed_at >= _COMMIT_SECONDS:
            self._commit()

    def _commit(self) -> None:
        if self._done == self._committed:
            return
        self._part.sync()
        self._journal.write(self._done)
        self._committed, self._committed_at = self._done, time.monotonic()

    def _remove(self) -> None:
        self._part.remove()
        self._journal.remove()
