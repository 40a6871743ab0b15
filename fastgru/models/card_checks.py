"""Checks of parsed JSON that say what is wrong, and where, and the same as JSON Schema.

A schema lets through what it has no words for: to it, 5.0 is a whole number.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
"""JSON Schema, draft 2020-12."""


@dataclass(frozen=True)
class Check:
    """What a value may be.

    Attributes
    ----------
    find
        Looks at a value and its place in the card; yields what is wrong.
    schema
        The same as JSON Schema.
    """

    find: Callable[[Any, str], Iterator[str]]
    schema: Schema

    def __call__(self, value: Any, place: str) -> Iterator[str]:
        """Yield what is wrong with a value.

        Parameters
        ----------
        value
            From JSON.
        place
            Its place in the card, for messages.
        """
        return self.find(value, place)


def value_check(expected: str, accepts: Callable[[Any], bool], schema: Schema) -> Check:
    """Return a check of one value, in the words of ``expected``."""

    def find(value: Any, place: str) -> Iterator[str]:
        if not accepts(value):
            shown = repr(value) if len(repr(value)) <= 40 else type(value).__name__
            yield f"{place} is {shown}, expected {expected}"

    return Check(find, schema)


def whole(minimum: int, maximum: int | None = None) -> Check:
    """Return a check of a whole number, both bounds included."""
    # the bound of those that have none keeps products of sizes exact
    bound = (1 << 31) - 1 if maximum is None else maximum
    at_most = "" if maximum is None else f" and at most {maximum}"
    return value_check(
        f"a whole number of at least {minimum}{at_most}",
        # type(), since True is an int to isinstance
        lambda value: type(value) is int and minimum <= value <= bound,
        {"type": "integer", "minimum": minimum, "maximum": bound},
    )


def choice(*names: str) -> Check:
    """Return a check of one of several names."""
    return value_check(
        f"one of {', '.join(names)}", lambda value: value in names, {"enum": list(names)}
    )


def list_of(
    check_entry: Check, *, distinct: bool = False, at_least: int = 0, at_most: int | None = None
) -> Check:
    """Return a check of a list, entry by entry."""

    def find(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, list) or len(value) < at_least:
            yield f"{place} is no list of at least {at_least} entries"
            return
        if at_most is not None and len(value) > at_most:
            yield f"{place} has {len(value)} entries, expected at most {at_most}"
        for number, entry in enumerate(value):
            yield from check_entry(entry, f"{place}[{number}]")
        if distinct and len(set(map(repr, value))) < len(value):
            yield f"{place} has an entry twice"

    schema: Schema = {"type": "array", "items": check_entry.schema, "minItems": at_least}
    if at_most is not None:
        schema["maxItems"] = at_most
    return Check(find, {**schema, "uniqueItems": True} if distinct else schema)


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

    def find(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place} is no object"
            return
        inside = "" if place == "the card" else f"{place}."
        yield from (f"{inside}{name} is missing" for name in required if name not in value)
        if closed:
            # a name in a file may be of any length
            yield from (f"{inside}{name[:40]!r} is unknown" for name in value if name not in known)
        for name, check_entry in known.items():
            if name in value:
                yield from check_entry(value[name], f"{inside}{name}")

    schema: Schema = {
        "type": "object",
        "properties": {name: check_entry.schema for name, check_entry in known.items()},
        "required": list(required),
    }
    return Check(find, {**schema, "additionalProperties": False} if closed else schema)


def of_one_length(fields: Check, *names: str) -> Check:
    """Return a check of an object some of whose entries are lists with as many entries each."""

    def find(value: Any, place: str) -> Iterator[str]:
        faults = list(fields(value, place))
        yield from faults
        if not faults:
            counts = {name: len(value[name]) for name in names}
            if len(set(counts.values())) > 1:
                found = ", ".join(f"{name} {count}" for name, count in counts.items())
                yield f"lists differ in length ({found}), expected one length"

    return Check(find, fields.schema)


def either(chooses_first: Callable[[Any], bool], first: Check, second: Check) -> Check:
    """Return the first of two checks for the values that it is meant for, else the second."""

    def find(value: Any, place: str) -> Iterator[str]:
        yield from (first if chooses_first(value) else second)(value, place)

    return Check(find, {"anyOf": [first.schema, second.schema]})


def nullable(check_entry: Check) -> Check:
    """Return a check of null, or of what another check accepts."""

    def find(value: Any, place: str) -> Iterator[str]:
        if value is not None:
            yield from check_entry(value, place)

    return Check(find, {"anyOf": [{"type": "null"}, check_entry.schema]})


def between(minimum: float, maximum: float) -> Check:
    """Return a check of a number, both bounds included."""
    return value_check(
        f"a number from {minimum:g} to {maximum:g}",
        lambda value: type(value) in (int, float) and minimum <= value <= maximum,
        {"type": "number", "minimum": minimum, "maximum": maximum},
    )


TEXT = value_check("text", lambda value: isinstance(value, str), {"type": "string"})
SWITCH = value_check("true or false", lambda value: isinstance(value, bool), {"type": "boolean"})
FLOAT = value_check("a number", lambda value: type(value) is float, {"type": "number"})
NUMBER = nullable(
    value_check(
        "a number or null",
        # JSON has whole numbers that are too large to compute with
        lambda value: type(value) in (int, float) and abs(value) <= sys.float_info.max,
        {"type": "number"},
    )
)
