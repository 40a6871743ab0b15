"""The table of translations that ``predict`` and ``evaluate`` of a translator write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fastgru.cli.prediction_table import PredictionColumns

if TYPE_CHECKING:
    from fastgru.estimators.fitted_translator import TranslatedSequence

__all__ = ["TRANSLATION_COLUMNS", "UNFINISHED", "translation_cells"]

UNFINISHED = "unfinished"
"""The flag of a translation that did not come to an end."""

TRANSLATION_COLUMNS = PredictionColumns(("id", "status", "flags", "log_probability", "sequence"))


def translation_cells(
    flags: Sequence[tuple[str, ...]], written: Sequence[TranslatedSequence]
) -> Iterator[list[str]]:
    """Yield the cells of each record below `TRANSLATION_COLUMNS`.

    Parameters
    ----------
    flags, written
        n entries.
    """
    for names, one in zip(flags, written, strict=True):
        named = names if one.ended else (*names, UNFINISHED)
        yield [";".join(named), f"{one.log_probability:.8g}", one.sequence]
