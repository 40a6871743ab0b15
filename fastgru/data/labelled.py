"""Sequences with labels, from any of the three forms of input, or without.

The forms are one FASTA file per class, one FASTA file with a table of labels, and one FASTA file
with labels in its headers.  The result is the same whichever form the data came in.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fastgru.data.alphabets import Alphabet, get_alphabet
from fastgru.data.fasta import Record, read_fasta
from fastgru.data.label_table import UNLABELLED, LabelTable, read_label_table
from fastgru.data.problems import Problem, Problems, check_record
from fastgru.data.target_columns import TargetColumns, Targets
from fastgru.errors import ConfigurationError, LabelError, display_name

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
        Normalised by the alphabet, checked, not empty.
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
    """

    ids: list[str]
    sequences: list[str]
    labels: list[str]
    splits: list[str] | None = None
    groups: list[str] | None = None
    sources: list[str] = field(default_factory=list)
    files: list[InputFile] = field(default_factory=list)
    respelled: dict[str, int] = field(default_factory=dict)
    targets: list[Targets] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def classes(self) -> list[str]:
        """The labels that occur, sorted."""
        return sorted(set(self.labels))

    def subset(self, indices: Iterable[int]) -> LabelledSequences:
        """Return the records at the given places, in the given order."""
        places = [int(index) for index in indices]

        def pick(values: list[str]) -> list[str]:
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
        )


def read_labelled(
    alphabet: Alphabet | str,
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
        Alphabet of the sequences, or its name.
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
    _require_one_form(classes, fasta, labels, label_field, unlabelled=unlabelled)
    if targets is not None and labels is None:
        raise ConfigurationError(
            "targets stand in the columns of a table, but there is none. Give one FASTA with a "
            "table (FASTA --labels TSV)."
        )
    reader = _Reader(alphabet)
    if unlabelled and fasta is not None and labels is None:
        reader.read(fasta, _label_always(UNLABELLED))
    elif classes is not None:
        for name, path in classes.items():
            reader.read(path, _label_always(name))
    elif labels is not None and fasta is not None:
        table_digest = hashlib.sha256()
        table = read_label_table(
            *(labels, reader.problems),
            digest=table_digest,
            targets=targets,
            unlabelled=unlabelled,
        )
        reader.read(fasta, lambda record: _label_from_table(record, table))
        reader.require_sequences(table)
        reader.add_columns(table, targets=targets is not None)
        reader.add_file(labels, table_digest.hexdigest(), 0)
    elif label_field is not None and fasta is not None:
        reader.read(fasta, _label_from_header(label_field))
    reader.problems.raise_if_any()
    return reader.data


class _Reader:
    """Reads files one after the other and collects both the records and the problems."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.data = LabelledSequences([], [], [])
        self.problems = Problems()
        self._alphabet = alphabet
        self._first_by_id: dict[str, int] = {}
        self._seen_ids: set[str] = set()

    def read(self, path: Path, label_of: Callable[[Record], str | Problem]) -> None:
        name = display_name(path)
        digest = hashlib.sha256()
        respelled: Counter[str] = Counter(self.data.respelled)
        n_records = 0
        for record in read_fasta(path, digest=digest):
            n_records += 1
            self._seen_ids.add(record.id)
            sequence = check_record(record, self._alphabet)
            if isinstance(sequence, Problem):
                self.problems.add(name, sequence)
                continue
            label = label_of(record)
            if isinstance(label, Problem):
                self.problems.add(name, label, LabelError)
                continue
            self._add(record, sequence, label, name)
            if record.sequence != sequence:
                respelled.update(_spellings(record.sequence, sequence))
        self.data.respelled = dict(respelled)
        self.add_file(path, digest.hexdigest(), n_records)

    def _add(self, record: Record, sequence: str, label: str, name: str) -> None:
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
        data.sources.append(f"{name}, line {record.line}")

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
        if table.has_group:
            self.data.groups = [row.group or "" for row in rows]
        if targets:
            self.data.targets = [row.targets for row in rows]


def _require_one_form(
    classes: Mapping[str, Path] | None,
    fasta: Path | None,
    labels: Path | None,
    field: str | None,
    *,
    unlabelled: bool,
) -> None:
    if unlabelled and (fasta is None or classes or field is not None):
        raise ConfigurationError(
            "unlabelled sequences must be given as one FASTA (FASTA --unlabelled), without "
            "--class and --label-field, perhaps with a table of splits and groups (--labels TSV). "
            "Leave these out, or --unlabelled."
        )
    one_per_class = bool(classes) and fasta is None and labels is None and field is None
    one_file = not classes and fasta is not None and (labels is None) != (field is None)
    if not unlabelled and not one_per_class and not one_file:
        raise ConfigurationError(
            "labelled sequences must be given in exactly one of three forms: one FASTA per class "
            "(--class NAME=FASTA, once per class), one FASTA with a table (FASTA --labels TSV), "
            "or one FASTA with labels in its headers (FASTA --label-field NAME)."
        )
    for name in classes or ():
        if not name.isprintable():
            raise ConfigurationError(
                f"class name {name!r} holds a tab or another control character, expected text "
                "that fits into a cell of a table."
            )
    paths: Sequence[Path] = list(classes.values()) if classes else [fasta or "", labels or ""]
    if sum(os.fspath(path) == "-" for path in paths) > 1:
        raise ConfigurationError("standard input (-) can be read only once. Use a file instead.")


def _label_always(label: str) -> Callable[[Record], str | Problem]:
    return lambda record: label


def _label_from_table(record: Record, table: LabelTable) -> str | Problem:
    row = table.rows.get(record.id)
    if row is not None:
        return row.label
    text = f"the record has no label in {table.name}"
    cure = f"Add a row for it to {table.name}, or remove the record; ids are compared exactly."
    return Problem(text, cure, record.line, record.id)


def _label_from_header(label_field: str) -> Callable[[Record], str | Problem]:
    word = re.compile(rf'(?:^|\s){re.escape(label_field)}=(?:"([^"\t]*)"|(\S*))')

    def label_of(record: Record) -> str | Problem:
        found = word.search(record.description)
        label = (found[1] or found[2] or "").strip() if found else ""
        if label:
            return label
        text = f"the header has no word {label_field}=LABEL"
        cure = "Add the word to the header, or give the name of another field."
        return Problem(text, cure, record.line, record.id)

    return label_of


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
