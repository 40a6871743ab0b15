"""The formats of predictions: which is asked for, and how one row looks in it.

Every number is written as the decimal of the table, so that all formats hold equal values.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from typing import Protocol

from fastgru.cli.overwriting import is_device, refuse_compressed
from fastgru.cli.prediction_table import OK, ColumnKind, PredictionColumns, tsv_line
from fastgru.errors import ConfigurationError

__all__ = [
    "FORMATS",
    "RowFormat",
    "add_format",
    "as_unicode",
    "is_number",
    "row_format",
    "settle_format",
]

FORMATS = ("tsv", "jsonl", "parquet")
_SUFFIXES = {".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}

# What `open_text` makes of bytes that are not UTF-8: one of these code points for each.
_FROM_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


class RowFormat(Protocol):
    """How rows become lines of a file."""

    header: str
    """What the file begins with."""

    def line(self, row: Sequence[str]) -> str:
        """Return one row as a line, its end included."""

    def encode(self, lines: str) -> bytes:
        """Return the bytes of lines."""


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add ``--format``."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="of the predictions: a table, JSON lines, or Parquet (default: by the name of the "
        "output, .jsonl, .ndjson or .parquet, perhaps with .gz; else tsv)",
    )


def settle_format(args: argparse.Namespace) -> None:
    """Put the format of the predictions into `args`, where the name of the output decides.

    Parameters
    ----------
    args
        Parsed options `format` and `output`.

    Raises
    ------
    ConfigurationError
        If the name says something else than the option, or there can be no such file.
    FastgruError
        If a package is missing that writes it.
    """
    name = args.output.removesuffix(".gz").lower()
    of_name = next((kind for suffix, kind in _SUFFIXES.items() if name.endswith(suffix)), None)
    if args.format is not None and of_name not in (None, args.format):
        raise ConfigurationError(
            f"--format {args.format}: the name {args.output} is one of the format {of_name}, "
            f"expected {args.format} or no --format. Choose another name, or leave the option out."
        )
    args.format = args.format or of_name or "tsv"
    if args.format != "parquet":
        return
    if args.output == "-" or is_device(args.output):
        raise ConfigurationError(
            "--format parquet: the output is no file, expected one: Parquet has its index at its "
            "end, and is written when all rows are known. Name a file with -o, or use --format "
            "jsonl."
        )
    refuse_compressed(args.output, "Parquet files", "predictions.parquet")
    from fastgru.packages import require_package

    require_package(["pyarrow"], "--format parquet", "pip install 'fastgru[parquet]'")


def row_format(name: str, columns: PredictionColumns) -> RowFormat:
    """Return how rows are written.

    Parameters
    ----------
    name
        One of `FORMATS`; Parquet is made from a table, and has the lines of one until then.
    columns
    """
    return _JsonLines(columns) if name == "jsonl" else _Table(columns)


def as_unicode(text: str) -> str:
    """Return text without the surrogates that stand for bytes that are not UTF-8.

    Such bytes are nearly always Latin-1, and become its letters.
    """
    return text if text.isascii() else text.translate(_FROM_LATIN_1)


def is_number(cell: str) -> bool:
    """Whether a cell of a column of numbers holds a finite one; else it counts as missing."""
    return cell != "" and math.isfinite(float(cell))


class _Table:
    def __init__(self, columns: PredictionColumns) -> None:
        self.header = tsv_line(columns.header())
        self.line = tsv_line

    def encode(self, lines: str) -> bytes:
        return lines.encode("utf-8", "surrogateescape")


class _JsonLines:
    header = ""

    def __init__(self, columns: PredictionColumns) -> None:
        kinds = columns.kinds
        n_fixed = len(columns.fixed)
        self._writers = [_JSON_WRITERS[kind] for kind in kinds.values()]
        self._keys = [f"{_quote(name)}: " for name in kinds]
        if columns.named:
            self._keys[n_fixed] = f"{_quote(columns.nested)}: {{{self._keys[n_fixed]}"
        self._end = "}}\n" if columns.named else "}\n"
        names = [*columns.fixed[2:], *([columns.nested] if columns.named else [])]
        self._nothing = "".join(f", {_quote(name)}: null" for name in names) + "}\n"

    def line(self, row: Sequence[str]) -> str:
        if row[1] != OK:
            known = zip(self._keys, row[:2], strict=False)
            return "{" + ", ".join(key + _quote(cell) for key, cell in known) + self._nothing
        cells = zip(self._keys, self._writers, row, strict=True)
        return "{" + ", ".join([key + write(cell) for key, write, cell in cells]) + self._end

    def encode(self, lines: str) -> bytes:
        return lines.encode("utf-8")


_ENCODER = json.JSONEncoder(ensure_ascii=False)


def _quote(text: str) -> str:
    return _ENCODER.encode(as_unicode(text))


def _number(cell: str) -> str:
    # the decimals of Python's formats are numbers of JSON, but for inf and nan
    return cell if is_number(cell) else "null"


def _flags(cell: str) -> str:
    return json.dumps(cell.split(";") if cell else [])


_JSON_WRITERS: dict[ColumnKind, Callable[[str], str]] = {
    "text": _quote,
    "list": _flags,
    "integer": _number,
    "number": _number,
}
