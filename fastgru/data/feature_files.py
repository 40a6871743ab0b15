"""Reading features that stand beside the letters of FASTA records, and joining both by id."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fastgru.data.labelled import InputFile, LabelledSequences
from fastgru.data.problems import Problem, Problems
from fastgru.data.series_files import Series, SeriesKind, read_series
from fastgru.errors import LabelError, counted, display_name

__all__ = ["FeatureFile", "FeaturedSequence", "read_features", "with_features"]


@dataclass(frozen=True, slots=True)
class FeaturedSequence:
    """Letters with features, which has the length and the letters of a string.

    Attributes
    ----------
    letters
    features
        With a step for each letter.
    """

    letters: str
    features: Series

    def __len__(self) -> int:
        return len(self.letters)

    def __iter__(self) -> Iterator[str]:
        return iter(self.letters)


@dataclass(frozen=True)
class FeatureFile:
    """What a file of features holds.

    Attributes
    ----------
    name
        Of the file, for messages.
    rows
        Features by id.
    file
        As the model file remembers it.
    """

    name: str
    rows: Mapping[str, Series]
    file: InputFile

    def join(self, record_id: str, letters: str) -> FeaturedSequence | Problem:
        """Return the letters of a record with their features, or what is wrong with these."""
        features = self.rows.get(record_id)
        if features is None:
            cure = f"Add them; ids are compared exactly with those of {self.name}."
            return Problem(f"the record has no features in {self.name}", cure, None, record_id)
        if len(features) != len(letters):
            text = (
                f"the record has {counted(len(letters), 'letter')}, but features of "
                f"{len(features)} in {self.name}, expected a row for each letter"
            )
            cure = "Align them; a final * of a protein is no letter."
            return Problem(text, cure, None, record_id)
        return FeaturedSequence(letters, features)


def read_features(path: str | os.PathLike[str], n_features: int | None = None) -> FeatureFile:
    """Read features, in the formats of series.

    Parameters
    ----------
    path
    n_features
        Of each letter, as a model was trained with; None for any.

    Raises
    ------
    FastaFormatError, LabelError
        As :func:`fastgru.data.series_files.read_series`.
    """
    digest = hashlib.sha256()
    records = read_series(path, SeriesKind(n_features), digest=digest)
    rows = {record.id: record.sequence for record in records}
    name = display_name(path)
    file = InputFile(os.path.basename(name.rstrip("/")), digest.hexdigest(), len(rows))
    return FeatureFile(name, rows, file)


def with_features(data: LabelledSequences, features: FeatureFile) -> LabelledSequences:
    """Return records whose sequences are joined with their features.

    Parameters
    ----------
    data
    features
        Of all records; those of others are left alone.

    Raises
    ------
    LabelError
        Listing the records without features, or with those of another number of letters.
    """
    problems, sequences = Problems(), []
    for record_id, letters, source in zip(data.ids, data.sequences, data.sources, strict=True):
        joined = features.join(record_id, letters)
        if isinstance(joined, Problem):
            problems.add(source.partition(", line ")[0], joined, LabelError)
        sequences.append(joined)
    problems.raise_if_any()
    return replace(data, sequences=sequences, files=[*data.files, features.file])
