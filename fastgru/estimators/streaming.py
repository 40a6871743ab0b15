"""Predictions for any number of records, in memory that does not grow with them.

Records are taken in chunks of bounded length.  Reading and encoding one chunk overlaps with
computing the one before; within a chunk, sequences of similar length make the batches, and what
comes out is in the order of the input.  As a prediction depends on its sequence alone, neither
chunks nor threads change it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from fastgru._numba import default_threads
from fastgru.data.alphabets import get_alphabet
from fastgru.data.fasta import Record
from fastgru.data.files import Digest
from fastgru.data.series import SERIES
from fastgru.data.series_files import SeriesKind
from fastgru.data.unlabelled import (
    CheckedSequence,
    check_sequences,
    read_all_series,
    read_sequences,
)
from fastgru.errors import ConfigurationError
from fastgru.estimators.fitted_model import EncodedSequences, FittedModel
from fastgru.estimators.overlapping import run_ahead

__all__ = [
    "PredictedChunk",
    "StreamedPrediction",
    "overlaps",
    "predict_chunks",
    "read_for",
    "stream_predictions",
]

CHUNK_LETTERS = 1 << 20
"""Letters of a chunk; only a longer record makes it larger."""

_RECORD_LETTERS = 100
"""Letters that a record counts for beside its own, so that chunks of empty ones end as well."""

Path = str | os.PathLike[str]
P = TypeVar("P")
Flags = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PredictedChunk(Generic[P]):
    """Some records in a row, and what is predicted of them.

    Attributes
    ----------
    records
        In the order of the input, those that cannot be used included.
    flags
        Of the records without a problem, in their order.
    predicted
        What `predict` returned of the same.
    position
        What `position` returned once the chunk had been read.
    """

    records: Sequence[CheckedSequence]
    flags: Flags
    predicted: P
    position: int


def predict_chunks(
    records: Iterable[CheckedSequence],
    model: FittedModel,
    predict: Callable[[Any, Flags], P],
    *,
    threads: int | None = None,
    position: Callable[[], int] = lambda: 0,
) -> Generator[PredictedChunk[P], None, None]:
    """Yield the records chunk by chunk, with what is predicted of them.

    Parameters
    ----------
    records
        Any number; to go on where an earlier run has stopped, those behind it (``islice``).
    model
    predict
        Called in the caller's thread with sequences that can be read, encoded as
        :class:`fastgru.estimators.fitted_model.EncodedSequences`, and their flags.
    threads
        Most threads that compute; None for all CPUs that the process may use.  With one, records
        are read in the caller's thread, too.
    position
        How far the input has been read, for the display of progress.
    """

    def encoded(chunk: list[CheckedSequence]) -> _EncodedChunk:
        usable = model.encode_readable([one.sequence for one in chunk if one.problem is None])
        return _EncodedChunk(chunk, usable, model.flag_unusual(usable), position())

    chunks = run_ahead(map(encoded, _chunks(records)), threaded=overlaps(threads))
    with contextlib.closing(chunks):
        for chunk in chunks:
            predicted = predict(chunk.usable, chunk.flags)
            yield PredictedChunk(chunk.records, chunk.flags, predicted, chunk.position)


class StreamedPrediction(NamedTuple):
    """What is predicted of one record of a stream.

    Attributes
    ----------
    id : str
    prediction : object
        What the method gives for the sequence; None for a record that cannot be used.
    flags : tuple of str
        In which ways the sequence is unlike those of training.
    problem : str or None
        Why the record cannot be used.
    """

    id: str
    prediction: Any
    flags: tuple[str, ...] = ()
    problem: str | None = None


def stream_predictions(
    source: Path | Iterable[Path] | Iterable[tuple[str, str]],
    model: FittedModel,
    predict: Callable[[Any], Iterable[Any]],
    *,
    threads: int | None = None,
    on_invalid: Literal["error", "status"] = "error",
) -> Iterator[StreamedPrediction]:
    """Yield what is predicted of each record; see ``SequenceClassifier.predict_stream``.

    Parameters
    ----------
    source
    model
    predict
        From sequences to one prediction for each.
    threads
        As for :func:`predict_chunks`.
    on_invalid
    """
    records = _records_of(source, model, on_invalid)
    for chunk in predict_chunks(records, model, lambda given, _: predict(given), threads=threads):
        found = zip(chunk.predicted, chunk.flags, strict=True)
        for record in chunk.records:
            if record.problem is None:
                yield StreamedPrediction(record.id, *next(found))
            else:
                yield StreamedPrediction(record.id, None, (), record.problem)


def read_for(
    model: FittedModel,
    paths: Iterable[Path],
    *,
    on_invalid: Literal["error", "status"] = "error",
    advice: str = "",
    digest: Digest | None = None,
) -> Iterator[CheckedSequence]:
    """Read the records of files one by one, and check whether a model can read them.

    Parameters
    ----------
    model
    paths, on_invalid, advice, digest
        As for :func:`fastgru.data.unlabelled.read_sequences`; series have to be usable.

    Raises
    ------
    FastaFormatError, LabelError
    """
    alphabet = model.parameters["alphabet"]
    if alphabet == SERIES:
        timed = model.parameters.get("time_decay", False)
        return read_all_series(paths, SeriesKind(model.n_features, timed=timed), digest=digest)
    return read_sequences(
        *(paths, get_alphabet(alphabet)),
        on_invalid=on_invalid,
        min_length=model.min_length,
        max_length=model.max_length,
        advice=advice,
        digest=digest,
    )


def _records_of(
    source: Path | Iterable[Path] | Iterable[tuple[str, str]],
    model: FittedModel,
    on_invalid: Literal["error", "status"],
) -> Iterator[CheckedSequence]:
    if isinstance(source, str | os.PathLike):
        return read_for(model, [source], on_invalid=on_invalid)
    given = iter(source)
    first = list(islice(given, 1))
    everything: Any = chain(first, given)
    if not first or isinstance(first[0], str | os.PathLike):
        return read_for(model, everything, on_invalid=on_invalid)
    if model.n_features:
        raise ConfigurationError(
            "predict_stream: was given records for a model of series or features, expected paths "
            "of series. Give lists of records to predict."
        )
    return check_sequences(
        *(map(_as_record, everything), get_alphabet(model.parameters["alphabet"])),
        on_invalid=on_invalid,
        min_length=model.min_length,
        max_length=model.max_length,
    )


def _as_record(given: Any) -> tuple[str, Record]:
    if not (isinstance(given, tuple) and len(given) == 2 and all(map(_is_text, given))):
        raise ConfigurationError(
            f"predict_stream: a record is {given!r:.60}, expected a tuple (id, sequence) of two "
            "strings. Give such tuples, or paths."
        )
    return "records", Record(given[0], "", given[1])


def _is_text(given: object) -> bool:
    return isinstance(given, str)


def overlaps(threads: int | None) -> bool:
    """Whether reading and writing have threads of their own beside this many that compute."""
    return min(threads or default_threads(), default_threads()) > 1


@dataclass(frozen=True, slots=True)
class _EncodedChunk:
    records: list[CheckedSequence]
    usable: EncodedSequences
    flags: Flags
    position: int


def _chunks(records: Iterable[CheckedSequence]) -> Iterator[list[CheckedSequence]]:
    """Yield lists of records of bounded total length."""
    chunk: list[CheckedSequence] = []
    letters = 0
    for record in records:
        chunk.append(record)
        letters += len(record.sequence) + _RECORD_LETTERS
        if letters >= CHUNK_LETTERS:
            yield chunk
            chunk, letters = [], 0
    if chunk:
        yield chunk
