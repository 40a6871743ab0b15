"""Numbers as the page writes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

LABELS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "mcc": "MCC",
    "f1_macro": "F1 (macro)",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "log_loss": "Log loss",
}
_SHARES = ("accuracy", "balanced_accuracy")

MISSING = "\N{EN DASH}"
_SPACE = "\N{NO-BREAK SPACE}"


def count(number: int | None) -> str:
    """Write a whole number with separated thousands: 3,190."""
    return MISSING if number is None else f"{number:,}"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: 1 model, 2 models."""
    return f"{number:,}{_SPACE}{noun}{'' if number == 1 else 's'}"


def percent(share: float | None) -> str:
    """Write a share in [0, 1] as a percentage with one decimal."""
    return MISSING if share is None else f"{100 * share:.1f}{_SPACE}%"


def interval(ends: list[float] | None) -> str:
    """Write the ends of an interval of shares: 94.1 to 97.2 %."""
    return MISSING if ends is None else f"{100 * ends[0]:.1f} to {percent(ends[1])}"


def score(value: float | None) -> str:
    """Write a score with three decimals."""
    return MISSING if value is None else f"{value:.3f}"


def measure(value: float | None, metric: str) -> str:
    """Write the value of a metric: shares as percentages, the others with three decimals."""
    return percent(value) if metric in _SHARES else score(value)


def span(ends: list[float] | None, metric: str) -> str:
    """Write the ends of an interval of a metric: 0.941 to 0.972."""
    if ends is None or metric in _SHARES:
        return interval(ends)
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def p_value(value: float | None) -> str:
    """Write a p value: p = 0.021, or p < 0.001."""
    if value is None:
        return "p unknown"
    return f"p{_SPACE}<{_SPACE}0.001" if value < 0.001 else f"p{_SPACE}={_SPACE}{value:.3f}"


def listed(words: Iterable[str]) -> str:
    """Write a list as in a sentence: a, b and c."""
    *some, last = words
    return f"{', '.join(some)} and {last}" if some else last


def goal(name: str) -> str:
    """Say what a threshold was chosen for."""
    kind, _, number = name.partition("_")
    if kind == "fpr":
        return f"false-positive rate of at most {100 * float(number):g}{_SPACE}%"
    if kind == "precision":
        return f"precision of at least {100 * float(number):g}{_SPACE}%"
    best = {"youden": "sensitivity plus specificity", "f1": "F1", "mcc": "MCC"}
    return f"highest {best.get(kind, name)}"


def option(value: Any) -> str:
    """Write the value of an option as configuration files do."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(option, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def sentence(text: str) -> str:
    """Begin with a capital letter and end with a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
