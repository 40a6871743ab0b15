"""Which values a search may choose for the parameters of a classifier."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastgru.errors import ConfigurationError, shorten
from fastgru.estimators.parameters import check_parameters, parameters_of

__all__ = ["SPACE", "Choice", "Range", "Space", "make_space", "parse_dimension"]

_DEFAULTS = {parameter.name: parameter.default for parameter in parameters_of("classification")}
_KINDS = {parameter.name: parameter for parameter in parameters_of("classification")}
# what is left out says for how long, or how to judge: class weights are in the validation loss too
_SEARCHABLE = (
    "embedding_size",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "position_embedding",
    "pooling",
    "dropout",
    "batch_size",
    "learning_rate",
    "weight_decay",
    "clip_norm",
    "warmup_fraction",
)


@dataclass(frozen=True)
class Choice:
    """One of some values.

    Attributes
    ----------
    values
        In the order in which they are numbered.
    """

    values: tuple[Any, ...]

    def to_json(self) -> Any:
        """Return the values as JSON has them."""
        return [list(value) if isinstance(value, tuple) else value for value in self.values]


@dataclass(frozen=True)
class Range:
    """A number between two others, both included.

    Attributes
    ----------
    low, high
    step
        Distance of neighbours; None for any number between.
    log
        Whether each doubling is as likely as the next.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def to_json(self) -> Any:
        """Return the fields as JSON has them."""
        return {"low": self.low, "high": self.high, "step": self.step, "log": self.log}


Space = dict[str, Choice | Range]

SPACE: Space = {
    "embedding_size": Choice((8, 16, 32)),
    "hidden_size": Range(32, 128, step=32),
    "num_layers": Range(1, 2, step=1),
    "pooling": Choice(
        (("last", "mean", "max"), ("mean", "max"), ("last",), ("max",), ("attention",))
    ),
    "dropout": Range(0.0, 0.5, step=0.05),
    "batch_size": Choice((32, 64, 128)),
    "learning_rate": Range(1e-3, 1e-2, log=True),
    "weight_decay": Range(1e-4, 1e-1, log=True),
}
"""What is searched unless a user says otherwise: around the defaults of the classifier, and no
network that takes ten times as long."""


def make_space(changes: Mapping[str, Choice | Range], fixed: Mapping[str, Any]) -> Space:
    """Return the space of a search.

    Parameters
    ----------
    changes
        Replace entries of :data:`SPACE`, or are added.
    fixed
        Parameters that are not searched.

    Raises
    ------
    ConfigurationError
        If a parameter does not exist, cannot have one of the values, or is both fixed and searched,
        or if there is nothing to search.
    """
    both = sorted(changes.keys() & fixed.keys())
    if both:
        raise ConfigurationError(
            f"search: {shorten(both)} is both fixed and searched, expected one of these. Leave out "
            "the option or the entry of the space."
        )
    space = {name: entry for name, entry in {**SPACE, **changes}.items() if name not in fixed}
    if not space:
        raise ConfigurationError(
            "search: all parameters are fixed, expected some to search. Leave an option out."
        )
    for name, entry in space.items():
        _check(name, entry)
    return dict(sorted(space.items()))


def parse_dimension(name: str, text: str) -> Choice | Range:
    """Read the values of a parameter as the command line has them.

    Parameters
    ----------
    name
        Of the parameter.
    text
        ``A,B,...`` for a choice, or ``LOW:HIGH``, ``LOW:HIGH:STEP`` or ``LOW:HIGH:log``.  Values of
        a parameter that has several at a time are joined by ``+``.

    Raises
    ------
    ConfigurationError
        If it is written otherwise.
    """
    _require_searchable(name)
    kind = _KINDS[name].kind
    try:
        if ":" in text:
            low, high, *how = text.split(":")
            if len(how) > 1 or kind not in (int, float):
                raise ValueError(text)
            log = how == ["log"]
            step = kind(how[0]) if how and not log else 1 if kind is int and not log else None
            return Range(kind(low), kind(high), step=step, log=log)
        return Choice(tuple(_parse(name, word) for word in text.split(",")))
    except ValueError:
        raise ConfigurationError(
            f"--space {name}={text}: is no choice of values, expected A,B,... or, for a number, "
            "LOW:HIGH, LOW:HIGH:STEP or LOW:HIGH:log. Correct it."
        ) from None


def _parse(name: str, word: str) -> Any:
    parameter = _KINDS[name]
    if parameter.several:
        return tuple(word.split("+"))
    if parameter.kind is bool:
        return {"true": True, "false": False}.get(word.lower(), word)
    return parameter.kind(word)


def _require_searchable(name: str) -> None:
    if name not in _SEARCHABLE:
        raise ConfigurationError(
            f"search space: {name!r} cannot be searched, expected one of {', '.join(_SEARCHABLE)}. "
            "Correct the name."
        )


def _check(name: str, entry: Choice | Range) -> None:
    _require_searchable(name)
    if isinstance(entry, Choice):
        if len(set(entry.values)) < len(entry.values):
            raise ConfigurationError(
                f"search space: {name} has a value twice, expected each once. Leave one out."
            )
        values = entry.values
    else:
        _check_range(name, entry)
        values = (entry.low, entry.high)
    for value in values:
        try:
            check_parameters({**_DEFAULTS, name: value})
        except ConfigurationError as error:
            raise ConfigurationError(f"search space: {error}") from None


def _check_range(name: str, entry: Range) -> None:
    fault = None
    if not (math.isfinite(entry.low) and math.isfinite(entry.high) and entry.low <= entry.high):
        fault = f"from {entry.low} to {entry.high}, expected finite numbers in rising order"
    elif entry.log and entry.low <= 0:
        fault = f"from {entry.low} on a logarithmic scale, expected a start above 0"
    elif entry.log and entry.step not in (None, 1):
        fault = "both logarithmic and in steps, expected one of these"
    elif entry.step is not None and not 0 < entry.step < math.inf:
        fault = f"in steps of {entry.step}, expected steps above 0"
    if fault is not None:
        raise ConfigurationError(f"search space: {name} goes {fault}. Correct it.")
