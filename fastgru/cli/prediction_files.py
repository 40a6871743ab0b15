"""What ``fastgru predict`` writes to: a stream, or a file that a later run may go on with."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fastgru.cli.overwriting import is_device
from fastgru.cli.prediction_formats import row_format
from fastgru.cli.prediction_table import PredictionColumns

if TYPE_CHECKING:
    from fastgru.cli.stream_progress import StreamProgress
    from fastgru.data.unlabelled import CheckedSequence

__all__ = ["FormattedRecord", "PredictionWriter", "is_stream", "open_predictions"]

_PIECE = 1 << 16


def is_stream(output: str) -> bool:
    """Whether an output takes rows as they come: standard output, a pipe, a device."""
    return output == "-" or is_device(output)


class FormattedRecord(NamedTuple):
    """The rows of one record.

    Attributes
    ----------
    lines
        As they stand in the file.
    has_flag
        Whether the record is unlike those of training.
    """

    lines: bytes
    has_flag: bool


class PredictionWriter:
    """Writes the rows of one record after the other to a stream.

    Parameters
    ----------
    columns
    format_name
        One of :data:`fastgru.cli.prediction_formats.FORMATS`.
    file
        Takes the bytes.

    Attributes
    ----------
    n_records, n_invalid, n_flagged
        Records until now; how many of them could not be used, and how many have a flag.
    """

    def __init__(self, columns: PredictionColumns, format_name: str, file: Any) -> None:
        self._columns = columns
        self._format = row_format(format_name, columns)
        self._flags = columns.fixed.index("flags")
        self._file = file
        self._waiting = bytearray(self._format.encode(self._format.header))
        self.n_records = self.n_invalid = self.n_flagged = 0

    def skip_done(
        self, records: Iterable[CheckedSequence], progress: StreamProgress
    ) -> Iterator[CheckedSequence]:
        """Yield the records that have no rows yet.

        Parameters
        ----------
        records
            All of the input.
        progress
        """
        yield from records

    def format(
        self, records: Sequence[CheckedSequence], predicted: Iterable[Any]
    ) -> list[FormattedRecord]:
        """Return the rows of some records; may run in another thread than the other methods.

        Parameters
        ----------
        records
        predicted
            As for :meth:`PredictionColumns.rows`.
        """
        ids, problems = [one.id for one in records], [one.problem for one in records]
        formatted = []
        for rows in self._columns.rows(ids, problems, predicted):
            lines, flags = [], ""
            for row in rows:
                lines.append(self._format.line(row))
                flags = row[self._flags]
            formatted.append(FormattedRecord(self._format.encode("".join(lines)), flags != ""))
        return formatted

    def write(
        self, records: Sequence[CheckedSequence], formatted: Sequence[FormattedRecord]
    ) -> None:
        """Write the rows of the next records.

        Parameters
        ----------
        records
        formatted
            Of these, from :meth:`format`.
        """
        for record, (lines, has_flag) in zip(records, formatted, strict=True):
            self._waiting += lines
            if len(self._waiting) >= _PIECE:
                self._hand_on()
            self.n_records += 1
            self.n_invalid += record.problem is not None
            self.n_flagged += has_flag
            self._end_record(record)
        self._end_batch()

    def finish(self) -> None:
        """Write what is left."""
        self._end_batch()

    def _hand_on(self) -> None:
        if self._waiting:
            self._file.write(self._waiting)
            self._waiting = bytearray()

    def _end_record(self, record: CheckedSequence) -> None:
        """Do what follows a record."""

    def _end_batch(self) -> None:
        self._hand_on()
        self._file.flush()


@contextlib.contextmanager
def open_predictions(
    args: argparse.Namespace, columns: PredictionColumns, task: str
) -> Iterator[PredictionWriter]:
    """Open what the options name as the output of predictions.

    A stream gets them as they come.  A file appears under its name when the block ends without an
    error.  What is left of it otherwise, a later run with ``--resume`` goes on with.

    Parameters
    ----------
    args
        Parsed options of ``fastgru predict``.
    columns
    task
        Of the model.

    Raises
    ------
    CheckpointError
        If what is left does not belong to this run.
    """
    if is_stream(args.output):
        from fastgru.data.writing import atomic_write_bytes

        with atomic_write_bytes(args.output) as file:
            stream = PredictionWriter(columns, args.format, file)
            yield stream
            stream.finish()
        return
    from fastgru.cli.resuming import ResumableWriter

    writer = ResumableWriter(args, columns, task)
    try:
        writer.begin(args.resume)
        yield writer
        writer.finish()
    except BaseException as error:
        writer.abandon(error)
        raise
    finally:
        writer.close()
