"""The columns of a table that hold numbers to predict, or the answers 0 and 1 to labels."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from fastgru.errors import ConfigurationError

__all__ = ["TargetColumns", "Targets"]

Targets = tuple[float | None, ...]
"""Of one record, in the order of the columns; None where one is missing."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LARGEST = 1e100
_ID_COLUMNS = ("id", "label", "split", "group")


@dataclass(frozen=True)
class TargetColumns:
    """Which columns to read, and what their cells may hold.

    Attributes
    ----------
    names
        As the header of the table spells them.
    binary
        Whether cells are 0 or 1, else they are finite numbers; an empty cell is a missing value.

    Raises
    ------
    ConfigurationError
        If there is none, or one is named twice or as another column of the table.
    """

    names: tuple[str, ...]
    binary: bool = False

    def __post_init__(self) -> None:
        wrong = [name for name in self.names if not name or name.lower() in _ID_COLUMNS]
        if wrong or not self.names or len(set(self.names)) < len(self.names):
            raise ConfigurationError(
                f"--target {','.join(self.names)}: expected different names of columns, "
                f"separated by commas, none of them {', '.join(_ID_COLUMNS)}. Correct the names."
            )

    def read(self, name: str, cell: str) -> float | None:
        """Return the number in a cell, None where it is empty.

        Parameters
        ----------
        name
            Of the column.
        cell
            Without spaces around it.

        Raises
        ------
        ValueError
            Saying what was found and expected.
        """
        if not cell:
            return None
        if self.binary:
            if cell not in ("0", "1"):
                raise ValueError(f"{name} is {cell!r}, expected 0, 1, or nothing if it is unknown")
            return float(cell)
        value = float(cell) if _NUMBER.fullmatch(cell) else math.nan
        if not abs(value) <= _LARGEST:
            raise ValueError(
                f"{name} is {cell!r}, expected a number such as 0.5 or -1e3 (of at most "
                f"{_LARGEST:g}), or nothing if it is missing"
            )
        return value
