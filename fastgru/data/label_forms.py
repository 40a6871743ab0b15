"""The three forms of labelled input: which is there, and where the label of a record stands."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence

from fastgru.data.fasta import Record
from fastgru.data.label_table import LabelTable
from fastgru.data.problems import Problem
from fastgru.data.series_files import SeriesRecord
from fastgru.errors import ConfigurationError

__all__ = ["label_always", "label_from_header", "label_from_table", "require_one_form"]

Path = str | os.PathLike[str]


def require_one_form(
    classes: Mapping[str, Path] | None,
    fasta: Path | None,
    labels: Path | None,
    field: str | None,
    *,
    unlabelled: bool,
) -> None:
    """Refuse input that has not exactly one of the forms.

    Parameters
    ----------
    classes, fasta, labels, field, unlabelled
        Those of :func:`fastgru.data.labelled.read_labelled`; `field` is its `label_field`.

    Raises
    ------
    ConfigurationError
    """
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


def label_always(label: str) -> Callable[..., str | Problem]:
    """Return what gives every record one label."""
    return lambda record: label


def label_from_table(record: Record | SeriesRecord, table: LabelTable) -> str | Problem:
    """Return the label of a record in a table, or what is wrong."""
    row = table.rows.get(record.id)
    if row is not None:
        return row.label
    text = f"the record has no label in {table.name}"
    cure = f"Add a row for it to {table.name}, or remove the record; ids are compared exactly."
    return Problem(text, cure, record.line, record.id)


def label_from_header(label_field: str) -> Callable[[Record], str | Problem]:
    """Return what finds the label of a record in its header."""
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
