"""Predictions as Parquet, which is made of their table when that is whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fastgru.cli.prediction_formats import as_unicode, is_number
from fastgru.cli.prediction_table import OK, ColumnKind, PredictionColumns

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_parquet"]

_MAX_ROWS = 1 << 16
_MAX_CHARACTERS = 1 << 25
"""Of the lines of a row group, which bound the memory of writing and of reading."""


def write_parquet(
    table: str, output: str, columns: PredictionColumns, metadata: Mapping[str, str]
) -> None:
    """Write the rows of a table to a Parquet file, which appears when it is complete.

    Parameters
    ----------
    table
        TSV file with a header.
    output
    columns
        Those of the table.
    metadata
        Entries for the metadata of the file.
    """
    import pyarrow as pa
    from pyarrow import parquet

    from fastgru.data.writing import atomic_write_bytes

    kinds = columns.kinds
    fields = [pa.field(name, _type_of(kind)) for name, kind in kinds.items()]
    schema = pa.schema(fields, metadata=dict(metadata))
    with (
        open(table, encoding="utf-8", errors="surrogateescape", newline="\n") as lines,
        atomic_write_bytes(output) as file,
        parquet.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        next(lines)
        for rows in _groups(lines):
            of_columns = zip(kinds.values(), zip(*rows, strict=True), fields, strict=True)
            arrays = [
                pa.array([_value(kind, cell) for cell in cells], field.type)
                for kind, cells, field in of_columns
            ]
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=_MAX_ROWS)


def _groups(lines: Iterator[str]) -> Iterator[list[list[str | None]]]:
    """Yield the rows of one row group after the other; what a bad record has not is None."""
    rows: list[list[str | None]] = []
    n_characters = 0
    for line in lines:
        cells: list[str | None] = [*line[:-1].split("\t")]
        if cells[1] != OK:
            cells[2:] = [None] * (len(cells) - 2)
        rows.append(cells)
        n_characters += len(line)
        if len(rows) == _MAX_ROWS or n_characters >= _MAX_CHARACTERS:
            yield rows
            rows, n_characters = [], 0
    if rows:
        yield rows


def _type_of(kind: ColumnKind) -> pa.DataType:
    import pyarrow as pa

    types = {"list": pa.list_(pa.string()), "integer": pa.int64(), "number": pa.float64()}
    return types.get(kind, pa.string())


def _value(kind: ColumnKind, cell: str | None) -> Any:
    if cell is None:
        return None
    if kind == "list":
        return cell.split(";") if cell else []
    if kind == "text":
        return as_unicode(cell)
    if not is_number(cell):
        return None
    return int(cell) if kind == "integer" else float(cell)
