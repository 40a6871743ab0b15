"""What a benchmark tells about itself beside its times, and what was not measured and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import pytest

from benchmarks.agreement import disagreements

NOT_MEASURED: dict[str, str] = {}
"""The reason for each target that a row of this run was skipped of."""


def skip(targets: Iterable[str], reason: str) -> NoReturn:
    """Skip a row, and keep the reason for the table."""
    NOT_MEASURED.update(dict.fromkeys(targets, reason))
    pytest.skip(reason)


def refuse_disagreement(differences: Mapping[str, float], name: str) -> None:
    """Fail where results differ by more than rounding: what is wrong is not timed."""
    if bad := disagreements(differences):
        pytest.fail(f"{name} is not timed: " + "; ".join(bad), pytrace=False)


def describe(
    benchmark: Any,
    *,
    what: str,
    label: str,
    measure: str = "ratio",
    rival: str | None = None,
    targets: Iterable[str] = (),
    work: float | None = None,
    rival_work: float | None = None,
    unit: str | None = None,
    amount: float | None = None,
    differences: Mapping[str, float] | None = None,
) -> None:
    """Set the group and the extra information of a benchmark.

    Parameters
    ----------
    benchmark
        The fixture of pytest-benchmark.
    what, label
        What is timed, and of which case.
    measure, targets
        Keys of :mod:`benchmarks.targets`.
    rival
        What it is timed against; None for nothing.
    work, rival_work
        Amount done in a turn; that of the rival only where it differs.
    unit
        Of ``work`` per second.
    amount
        The value itself, for a measure that is no time.
    differences
        Found between the results of the two.
    """
    benchmark.group = what
    given = {
        "label": label,
        "measure": measure,
        "rival": rival,
        "targets": list(targets),
        "work": work,
        "rival_work": rival_work,
        "unit": unit,
        "amount": amount,
        "largest_difference": max(differences.values()) if differences else None,
    }
    benchmark.extra_info |= {name: value for name, value in given.items() if value is not None}
