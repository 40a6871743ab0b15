"""Predictions for any number of records, in memory that does not grow with them.

Records are taken in chunks of bounded length.  Reading and encoding one chunk overlaps with
computing the one before; within a chunk, sequences of similar length make the batches, and what
comes out is in the order of the input.  As a prediction depends on its sequence alone, neither
chunks nor threads change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastgru._numba import default_threads
from fastgru.data.unlabelled import CheckedSequence
from fastgru.estimators.fitted_model import EncodedSequences, FittedModel
from fastgru.estimators.overlapping import run_ahead

__all__ = ["PredictedChunk", "overlaps", "predict_chunks"]

CHUNK_LETTERS = 1 << 20
"""Letters of a chunk; only a longer record makes it larger."""

_RECORD_LETTERS = 100
"""Letters that a record counts for beside its own, so that chunks of empty ones end as well."""

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
) -> Iterator[PredictedChunk[P]]:
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

    chunks = map(encoded, _chunks(records))
    for chunk in run_ahead(chunks, threaded=overlaps(threads)):
        predicted = predict(chunk.usable, chunk.flags)
        yield PredictedChunk(chunk.records, chunk.flags, predicted, chunk.position)


def overlaps(threads: int | None) -> bool:
    """Whether reading and writing have threads of their own beside this many that compute."""
    return (default_threads() if threads is None else threads) > 1


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
