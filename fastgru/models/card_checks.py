"""Checks of parsed JSON that say what is wrong, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

# Looks at a value and its place in the card; yields what is wrong.
Check = Callable[[Any, str], Iterator[str]]


def value_check(expected: str, accepts: Callable[[Any], bool]) -> Check:
    """Return a check of one value, in the words of ``expected``."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not accepts(value):
            shown = repr(value) if len(repr(value)) <= 40 else type(value).__name__
            yield f"{place} is {shown}, expected {expected}"

    return check


def whole(minimum: int, maximum: int | None = None) -> Check:
    """Return a check of a whole number, both bounds included."""
    # the bound of those that have none keeps products of sizes exact
    bound = (1 << 31) - 1 if maximum is None else maximum
    at_most = "" if maximum is None else f" and at most {maximum}"
    return value_check(
        f"a whole number of at least {minimum}{at_most}",
        # type(), since True is an int to isinstance
        lambda value: type(value) is int and minimum <= value <= bound,
    )


def choice(*names: str) -> Check:
    """Return a check of one of several names."""
    return value_check(f"one of {', '.join(names)}", lambda value: value in names)


def list_of(check_entry: Check, *, distinct: bool = False, at_least: int = 0) -> Check:
    """Return a check of a list, entry by entry."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, list) or len(value) < at_least:
            yield f"{place} is no list of at least {at_least} entries"
            return
        for number, entry in enumerate(value):
            yield from check_entry(entry, f"{place}[{number}]")
        if distinct and len(set(map(repr, value))) < len(value):
            yield f"{place} has an entry twice"

    return check


def record(
    required: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
    *,
    closed: bool = False,
) -> Check:
    """Return a check of an object.

    Entries with other names are let through unless `closed`: they say nothing that matters.
    """
    known = {**required, **(optional or {})}

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place} is no object"
            return
        inside = "" if place == "the card" else f"{place}."
        yield from (f"{inside}{name} is missing" for name in required if name not in value)
        if closed:
            yield from (f"{inside}{name!r} is unknown" for name in value if name not in known)
        for name, check_entry in known.items():
            if name in value:
                yield from check_entry(value[name], f"{inside}{name}")

    return check


def nullable(check_entry: Check) -> Check:
    """Return a check of null, or of what another check accepts."""

    def check(value: Any, place: str) -> Iterator[str]:
        if value is not None:
            yield from check_entry(value, place)

    return check


def between(minimum: float, maximum: float) -> Check:
    """Return a check of a number, both bounds included."""
    return value_check(
        f"a number from {minimum:g} to {maximum:g}",
        lambda value: type(value) in (int, float) and minimum <= value <= maximum,
    )


TEXT = value_check("text", lambda value: isinstance(value, str))
SWITCH = value_check("true or false", lambda value: isinstance(value, bool))
FLOAT = value_check("a number", lambda value: type(value) is float)
NUMBER = value_check("a number or null", lambda value: value is None or type(value) in (int, float))
