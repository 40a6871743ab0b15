"""The table of predictions of a tagger: ``id``, ``status``, ``flags`` and ``labels``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastgru.cli.prediction_table import PredictionColumns

__all__ = ["LABEL_COLUMNS", "label_cells"]

LABEL_COLUMNS = PredictionColumns(("id", "status", "flags", "labels"))


def label_cells(
    flags: Sequence[tuple[str, ...]], labels: Sequence[str | list[str]]
) -> Iterator[list[str]]:
    """Yield the cells of each record below `LABEL_COLUMNS`.

    Parameters
    ----------
    flags, labels
        n entries; labels that are a list are joined by commas.
    """
    for names, row in zip(flags, labels, strict=True):
        yield [";".join(names), row if isinstance(row, str) else ",".join(map(str, row))]
