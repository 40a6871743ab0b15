"""The table of likelihoods that ``predict`` and ``evaluate`` of a language model write."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import numpy as np

__all__ = ["write_header", "write_rows"]

_COLUMNS = ("id", "status", "flags", "log_likelihood", "bits_per_letter")


def write_header(file: TextIO, known: Sequence[str] = ()) -> None:
    """Write the line with the names of the columns.

    Parameters
    ----------
    file
    known
        Columns of what else is known of each record.
    """
    file.write("\t".join([*_COLUMNS, *known]) + "\n")


def write_rows(
    file: TextIO,
    ids: Sequence[str],
    problems: Sequence[str | None],
    *,
    flags: Sequence[tuple[str, ...]],
    nats: np.ndarray,
    n_predicted: np.ndarray,
    known: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write one line per record.

    Parameters
    ----------
    file
    ids, problems
        n entries; where there is a problem it becomes the status, and all other cells stay empty.
    flags
        Of the records without problem, in their order.
    nats, n_predicted
        float64 and int64 (number of records without problem,): log-likelihoods, and of how many
        letters they are.
    known
        n entries for each of the header's columns of what else is known.
    """
    rows = iter(zip(flags, nats.tolist(), n_predicted.tolist(), strict=True))
    for number, (record_id, problem) in enumerate(zip(ids, problems, strict=True)):
        cells = [problem or "", "", "", ""]
        if problem is None:
            names, value, n = next(rows)
            bits = -value / n / math.log(2)
            cells = ["ok", ";".join(names), f"{value:.8g}", f"{bits:.6g}"]
        beside = [column[number] for column in (known or {}).values()]
        file.write("\t".join([record_id, *cells, *beside]) + "\n")
