"""Sequences with labels, from any of the three forms of input, or without.

The forms are one FASTA file per class, one FASTA file with a table of labels, and one FASTA file
with labels in its headers.  The result is the same whichever form the data came in.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fastgru.data.alphabets import Alphabet, get_alphabet
from fastgru.data.fasta import Record
from fastgru.data.files import Digest
from fastgru.data.label_forms import (
    label_always,
    label_from_header,
    label_from_table,
    require_one_form,
)
from fastgru.data.label_table import (
    UNLABELLED,
    LabelTable,
    SplitOrigin,
    SplitSource,
    read_label_table,
)
from fastgru.data.problems import Problem, Problems, check_record
from fastgru.data.records import read_records
from fastgru.data.series_files import SeriesKind, SeriesRecord, read_series
from fastgru.data.target_columns import TargetColumns, Targets
from fastgru.errors import ConfigurationError, LabelError, display_name, location

__all__ = ["UNLABELLED", "InputFile", "LabelledSequences", "read_labelled"]

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class InputFile:
    """A file that was read, as the audit and the model file remember it.

    Attributes
    ----------
    name
        Name without folders.
    sha256
        Checksum of the file as it is stored, so that ``sha256sum`` gives the same.
    n_records
        Number of records, 0 for a table of labels.
    """

    name: str
    sha256: str
    n_records: int


@dataclass
class LabelledSequences:
    """Sequences and what is known about each; all lists have the same length.

    Attributes
    ----------
    ids
        First words of the headers.  A repeated id belongs to a repeated sequence.
    sequences
        Normalised by the alphabet, checked, not empty; or of the class
        :class:`fastgru.data.series_files.Series`.
    labels
        Names of the classes.
    splits
        ``"train"``, ``"validation"`` or ``"test"`` as given with the labels, or None.
    groups
        Groups that a split must not divide, as given with the labels, or None.
    sources
        Places such as ``"file.fa, line 12"``, for messages.
    files
        The files in the order of reading.
    respelled
        How many records were written in another spelling and read as usual: ``lower_case``,
        ``u_and_t`` (U in DNA or T in RNA) and ``trailing_stop``.
    targets
        Numbers of each record in place of a label, or None.
    split_file
        The file that the splits come from, or None.
    split_origin
        How splits that were given with the labels were made, or None.
    """

    ids: list[str]
    sequences: list[Any]
    labels: list[str]
    splits: list[str] | None = None
    groups: list[str] | None = None
    sources: list[str] = field(default_factory=list)
    files: list[InputFile] = field(default_factory=list)
    respelled: dict[str, int] = field(default_factory=dict)
    targets: list[Targets] | None = None
    split_file: SplitSource | None = None
    split_origin: SplitOrigin | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def classes(self) -> list[str]:
        """The labels that occur, sorted."""
        return sorted(set(self.labels))

    def subset(self, indices: Iterable[int]) -> LabelledSequences:
        """Return the records at the given places, in the given order."""
        places = [int(index) for index in indices]

        def pick(values: list[Any]) -> list[Any]:
            return [values[place] for place in places]

        return LabelledSequences(
            pick(self.ids),
            pick(self.sequences),
            pick(self.labels),
            None if self.splits is None else pick(self.splits),
            None if self.groups is None else pick(self.groups),
            pick(self.sources) if self.sources else [],
            self.files,
            self.respelled,
            None if self.targets is None else [self.targets[place] for place in places],
            self.split_file,
            self.split_origin,
        )


def read_labelled(
    alphabet: Alphabet | str | SeriesKind,
    *,
    classes: Mapping[str, Path] | None = None,
    fasta: Path | None = None,
    labels: Path | None = None,
    label_field: str | None = None,
    unlabelled: bool = False,
    targets: TargetColumns | None = None,
) -> LabelledSequences:
    """Read labelled sequences and check all of them.

    Give exactly one of the three forms: `classes`; `fasta` and `labels`; `fasta` and
    `label_field`.  Or `fasta` and `unlabelled`, perhaps with a table `labels` of splits and groups.

    Parameters
    ----------
    alphabet
        Alphabet of the sequences, or its name; or what series have to be like, whose files then
        take the place of FASTA.
    classes
        One FASTA file per class, by the name of the class.
    fasta
        One FASTA file for all classes.
    labels
        TSV with the columns id and label (not for `unlabelled`), optionally split and group.
    label_field
        The label of a record is the word ``label_field=LABEL`` of its header; a label with
        spaces is put in double quotes.
    unlabelled
        Whether there are no labels: all records then have the label :data:`UNLABELLED`.
    targets
        Columns of the table `labels` that hold targets in place of a label, or None.

    Returns
    -------
    LabelledSequences
        In the order of the files and their records, duplicates included.

    Raises
    ------
    ConfigurationError
        If the arguments do not make one of the forms.
    FastaFormatError, LabelError
        If anything in the files cannot be used; all bad records are listed together.
    """
    if isinstance(alphabet, str):
        alphabet = get_alphabet(alphabet)
    require_one_form(classes, fasta, labels, label_field, unlabelled=unlabelled)
    if targets is not None and labels is None:
        raise ConfigurationError(
            "targets stand in the columns of a table, but there is none. Give one FASTA with a "
            "table (FASTA --labels TSV)."
        )
    if isinstance(alphabet, SeriesKind) and label_field is not None:
        raise ConfigurationError(
            "series have no headers, so there is no --label-field. Give a table (--labels TSV)."
        )
    reader = _Reader(alphabet)
    if unlabelled and fasta is not None and labels is None:
        reader.read(fasta, label_always(UNLABELLED))
    elif classes is not None:
        for name, path in classes.items():
            reader.read(path, label_always(name))
    elif labels is not None and fasta is not None:
        table_digest = hashlib.sha256()
        table = read_label_table(
            *(labels, reader.problems),
            digest=table_digest,
            targets=targets,
            unlabelled=unlabelled,
        )
        reader.read(fasta, lambda record: label_from_table(record, table))
        reader.require_sequences(table)
        reader.add_columns(table, targets=targets is not None)
        reader.add_file(labels, table_digest.hexdigest(), 0)
    elif label_field is not None and fasta is not None:
        reader.read(fasta, label_from_header(label_field))
    reader.problems.raise_if_any()
    return reader.data


class _Reader:
    """Reads files one after the other and collects both the records and the problems."""

    def __init__(self, alphabet: Alphabet | SeriesKind) -> None:
        self.data = LabelledSequences([], [], [])
        self.problems = Problems()
        self._alphabet = alphabet
        self._first_by_id: dict[str, int] = {}
        self._seen_ids: set[str] = set()

    def _records(self, path: Path, digest: Digest) -> Iterator[tuple[Record | SeriesRecord, Any]]:
        """Yield each record with its sequence, or with what is wrong with it."""
        if not isinstance(self._alphabet, SeriesKind):
            for record in read_records(path, digest=digest):
                yield record, check_record(record, self._alphabet)
            return
        for series in read_series(path, self._alphabet, digest=digest):
            n_features = series.sequence.values.shape[1]
            self._alphabet = replace(self._alphabet, n_features=n_features)
            yield series, series.sequence

    def read(self, path: Path, label_of: Callable[..., str | Problem]) -> None:
        name = display_name(path)
        digest = hashlib.sha256()
        respelled: Counter[str] = Counter(self.data.respelled)
        n_records = 0
        for record, sequence in self._records(path, digest):
            n_records += 1
            self._seen_ids.add(record.id)
            if isinstance(sequence, Problem):
                self.problems.add(name, sequence)
                continue
            label = label_of(record)
            if isinstance(label, Problem):
                self.problems.add(name, label, LabelError)
                continue
            self._add(record, sequence, label, name)
            if isinstance(record, Record) and record.sequence != sequence:
                respelled.update(_spellings(record.sequence, sequence))
        self.data.respelled = dict(respelled)
        self.add_file(path, digest.hexdigest(), n_records)

    def _add(self, record: Record | SeriesRecord, sequence: Any, label: str, name: str) -> None:
        data = self.data
        if record.id.startswith("#"):
            text = "the id begins with '#', which makes its row in a split a comment"
            self.problems.add(name, Problem(text, "Rename the record.", record.line, record.id))
            return
        first = self._first_by_id.setdefault(record.id, len(data))
        if first < len(data) and data.sequences[first] != sequence:
            text = f"the id is that of another sequence ({data.sources[first]})"
            cure = "Give every sequence an id of its own, for example with the name of its file."
            self.problems.add(name, Problem(text, cure, record.line, record.id))
            return
        data.ids.append(record.id)
        data.sequences.append(sequence)
        data.labels.append(label)
        data.sources.append(location(name, record.line))

    def add_file(self, path: Path, sha256: str, n_records: int) -> None:
        name = os.path.basename(display_name(path))
        self.data.files.append(InputFile(name, sha256, n_records))

    def require_sequences(self, table: LabelTable) -> None:
        """Note the rows of the table whose sequence was in no file."""
        for record_id, row in table.rows.items():
            if record_id not in self._seen_ids:
                text = "there is no sequence with this id"
                cure = "Remove the row, or add the sequence; ids are the first word of a header."
                self.problems.add(table.name, Problem(text, cure, row.line, record_id), LabelError)

    def add_columns(self, table: LabelTable, *, targets: bool) -> None:
        """Take the optional columns of the table over, and those of targets if there are any."""
        rows = [table.rows[record_id] for record_id in self.data.ids]
        if table.has_split:
            self.data.splits = [row.split or "" for row in rows]
            if table.split_method is not None:
                self.data.split_origin = SplitOrigin(table.split_method, table.split_seed)
        if table.has_group:
            self.data.groups = [row.group or "" for row in rows]
        if targets:
            self.data.targets = [row.targets for row in rows]


def _spellings(written: str, normalised: str) -> list[str]:
    """Name the ways in which a record was written otherwise than it is read."""
    upper = written.upper()
    found = []
    if upper != written:
        found.append("lower_case")
    if len(normalised) < len(upper):
        found.append("trailing_stop")
    elif upper != normalised:
        found.append("u_and_t")
    return found
