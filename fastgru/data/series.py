"""Series of real numbers in place of letters: checked, standardised, and what is usual in them.

A series is an array (L, F): F features, such as mean and duration of a nanopore event, at each of
L steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastgru.errors import ConfigurationError, LabelError, counted

__all__ = [
    "SERIES",
    "SeriesProfile",
    "SeriesScale",
    "describe_series",
    "encode_one",
    "encode_series",
    "refuse_dates",
]

SERIES = "series"
"""What stands for the alphabet of series."""

_LARGEST = 1e100
"""Squares of larger numbers, and their sums, may overflow."""

Array = NDArray[np.float64]


def encode_series(
    series: Sequence[Any],
    name: str = "series",
    *,
    n_features: int | None = None,
    timed: bool = False,
) -> list[Array]:
    """Return each series as float64 (L, F).

    Parameters
    ----------
    series
        Arrays of numbers (L, F), or (L,) for one feature.
    name
        What messages call one of them; its number from 0 follows.
    n_features
        F that a model was trained with; None for that of the first.
    timed
        Whether the first feature is the time of each step, in whose place the time since the step
        before comes, 0 for the first.

    Raises
    ------
    ConfigurationError
        For what is no array of numbers.
    LabelError
        For one that is empty, has another number of features, numbers that are not finite, or
        times that fall.
    """
    encoded: list[Array] = []
    for number, given in enumerate(series):
        values = encode_one(given, f"{name} {number}", n_features=n_features, timed=timed)
        n_features = values.shape[1]
        encoded.append(values)
    return encoded


def encode_one(given: Any, place: str, *, n_features: int | None, timed: bool) -> Array:
    """Return a series as float64 (L, F).

    Parameters
    ----------
    given
        Array of numbers.
    place
        What messages call it.
    n_features, timed
        As for :func:`encode_series`; None for any number.

    Raises
    ------
    ConfigurationError, LabelError
        As there.
    """
    values = _as_steps(given, place)
    if n_features not in (None, values.shape[1]):
        raise LabelError(
            f"{place}: has {counted(values.shape[1], 'feature')}, expected {n_features} as the "
            "series of training. Give the same features in the same order."
        )
    with np.errstate(invalid="ignore"):
        bad = np.argwhere(~(np.abs(values) <= _LARGEST))
    if len(bad):
        step, feature = bad[0].tolist()
        raise LabelError(
            f"{place}: feature {feature} of step {step} is {values[step, feature]}, expected "
            f"a number of at most {_LARGEST:g}. Fill it in, or leave the step out."
        )
    if timed:
        _times_to_gaps(values, place)
    return values


def _times_to_gaps(values: Array, place: str) -> None:
    """Put the time since the step before in the place of each time."""
    gaps = np.diff(values[:, 0])
    bad = (gaps < 0) | (gaps > _LARGEST)
    if bad.any():
        step = int(np.argmax(bad)) + 1
        before, time = values[step - 1 : step + 1, 0]
        raise LabelError(
            f"{place}: step {step} has the time {time:g} behind {before:g}, expected times "
            f"(feature 0) that never fall nor leap by more than {_LARGEST:g}. Sort the steps by "
            "time."
        )
    values[1:, 0] = gaps
    values[0, 0] = 0


def refuse_dates(given: Any, place: str) -> None:
    """Refuse dates and spans of time, which NumPy would take for numbers in units of its own.

    Parameters
    ----------
    given
        An array, or a data frame.
    place
        What messages call it.

    Raises
    ------
    ConfigurationError
        For an array of these types, or a data frame with a column of them.
    """
    columns = getattr(given, "columns", None)
    types = [("", getattr(given, "dtype", None))]
    if columns is not None:
        types = [
            (f"column {name!r} ", one) for name, one in zip(columns, given.dtypes, strict=True)
        ]
    for which, dtype in types:
        if getattr(dtype, "kind", "") in ("M", "m"):
            raise ConfigurationError(
                f"{place}: {which}holds dates or spans of time ({dtype}), expected numbers. "
                "Convert them to the numbers that you mean, such as days since the first."
            )


def _as_steps(given: Any, place: str) -> Array:
    try:
        array = np.asarray(given)
        values = np.array(array, np.float64, order="C")
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"{place}: must be an array of numbers (length, features), got {type(given).__name__}."
        ) from None
    refuse_dates(array, place)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or 0 in values.shape:
        raise LabelError(
            f"{place}: has the shape {np.shape(given)}, expected (length, features) or (length,), "
            "each at least 1. Reshape it, or leave it out."
        )
    return values


@dataclass(frozen=True, eq=False)
class SeriesScale:
    """Mean and deviation of each feature over the steps of a training set.

    Attributes
    ----------
    mean, deviation
        float64 (F,); the deviation of a feature that never changes is 1.
    """

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, encoded: Sequence[Array], weights: Array) -> SeriesScale:
        """Return the scale of some series.

        Parameters
        ----------
        encoded
            From :func:`encode_series`, at least one.
        weights
            float64 (n,), how much the steps of each count, above 0.
        """
        weighted = list(zip(weights, encoded, strict=True))
        n_steps = sum(weight * len(values) for weight, values in weighted)
        mean = sum(weight * values.sum(axis=0) for weight, values in weighted) / n_steps
        squares = sum(weight * np.square(values - mean).sum(axis=0) for weight, values in weighted)
        deviation = np.sqrt(squares / n_steps)
        # the mean of equal numbers may miss them by a rounding
        varies = deviation > 1e-12 * np.abs(mean)
        return cls(np.asarray(mean), np.where(varies, deviation, 1.0))

    def to_dict(self) -> dict[str, list[float]]:
        """Return the fields as JSON has them."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}

    @classmethod
    def from_dict(cls, fields: dict[str, list[float]], n_features: int) -> SeriesScale:
        """Undo `to_dict`.

        Raises
        ------
        ValueError
            If there is not one number for each of `n_features`, or a deviation is not positive.
        """
        scale = cls(*(np.array(fields[name], np.float64) for name in ("mean", "deviation")))
        if not len(scale.mean) == len(scale.deviation) == n_features:
            raise ValueError(f"series has not one mean and deviation for each of {n_features}")
        if not (scale.deviation > 0).all():
            raise ValueError("series.deviation is not positive")
        return scale


@dataclass(frozen=True, eq=False)
class SeriesProfile:
    """What is usual among some series.

    Attributes
    ----------
    shortest, longest
        Range of their lengths.
    lowest, highest
        float64 (F,), range of each feature.
    """

    shortest: int
    longest: int
    lowest: Array
    highest: Array

    def flags(self, encoded: Sequence[Array]) -> list[tuple[str, ...]]:
        """Return in which ways each series is unusual; empty if in none.

        ``length``: shorter or longer than all.  ``values``: has a feature below or above all.

        Parameters
        ----------
        encoded
            From :func:`encode_series`.
        """
        found = []
        for values in encoded:
            is_so = {
                "length": not self.shortest <= len(values) <= self.longest,
                "values": bool(((values < self.lowest) | (values > self.highest)).any()),
            }
            found.append(tuple(name for name, flagged in is_so.items() if flagged))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return {
            "shortest": self.shortest,
            "longest": self.longest,
            "lowest": self.lowest.tolist(),
            "highest": self.highest.tolist(),
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any], n_features: int) -> SeriesProfile:
        """Undo `to_dict`.

        Raises
        ------
        ValueError
            If there is not one range for each of `n_features`.
        """
        lowest, highest = (np.array(fields[name], np.float64) for name in ("lowest", "highest"))
        if not len(lowest) == len(highest) == n_features:
            raise ValueError(f"inputs has not one range for each of {n_features} features")
        return cls(fields["shortest"], fields["longest"], lowest, highest)


def describe_series(encoded: Sequence[Array]) -> SeriesProfile:
    """Return the profile of some series from :func:`encode_series`, at least one."""
    lengths = [len(values) for values in encoded]
    return SeriesProfile(
        shortest=min(lengths),
        longest=max(lengths),
        lowest=np.min([values.min(axis=0) for values in encoded], axis=0),
        highest=np.max([values.max(axis=0) for values in encoded], axis=0),
    )
