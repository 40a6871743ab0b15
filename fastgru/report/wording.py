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
    "roc_auc_macro": "ROC AUC (macro)",
    "pr_auc_macro": "PR AUC (macro)",
    "roc_auc_micro": "ROC AUC (micro)",
    "pr_auc_micro": "PR AUC (micro)",
    "r2": "R\N{SUPERSCRIPT TWO}",
    "pearson": "Pearson",
    "spearman": "Spearman",
    "rmse": "RMSE",
    "mae": "MAE",
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "sov": "Segment overlap",
    "bits_per_letter": "Bits per letter",
    "perplexity": "Perplexity",
    "written_token_accuracy": "Accuracy as written",
    "token_accuracy": "Accuracy of the next token",
    "exact_match": "Exact translations",
    "log_likelihood_per_token": "Log-likelihood per token",
}
TASKS = {
    "classification": "Classes",
    "multilabel": "Several labels",
    "regression": "Numbers",
    "tagging": "Labels of letters",
    "language_model": "Language models",
    "translation": "Translations",
}
"""What each task predicts, as a heading."""
_STEPS = {"series": "steps"}
_SHARES = (
    *("accuracy", "balanced_accuracy", "written_token_accuracy", "token_accuracy", "exact_match"),
    *("precision", "recall"),
)
_WITH_UNIT = ("rmse", "mae")
_PHRASES = {
    "roc_auc": "a ROC AUC of {}",
    "accuracy": "an accuracy of {}",
    "roc_auc_macro": "a macro ROC AUC of {}",
    "pr_auc_macro": "a macro PR AUC of {}",
    "r2": "an R\N{SUPERSCRIPT TWO} of {}",
    "pearson": "a correlation of {}",
    "f1_macro": "a macro F1 of {}",
    "bits_per_letter": "{} bits per letter",
    "perplexity": "a perplexity of {}",
    "written_token_accuracy": "an accuracy as written of {}",
    "exact_match": "a share of exact translations of {}",
}

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


def phrase(metric: str, value: str) -> str:
    """Write a score as part of a sentence: a ROC AUC of 0.912."""
    return _PHRASES[metric].format(value)


def score(value: float | None) -> str:
    """Write a score with three decimals."""
    return MISSING if value is None else f"{value:.3f}"


def measure(value: float | None, metric: str) -> str:
    """Write the value of a metric: shares as percentages, the others with three decimals.

    What has the unit of a target has four digits.
    """
    if value is not None and metric in _WITH_UNIT:
        return f"{value:.4g}"
    return percent(value) if metric in _SHARES else score(value)


def span(ends: list[float] | None, metric: str) -> str:
    """Write the ends of an interval of a metric: 0.941 to 0.972."""
    if ends is None or metric in _SHARES:
        return interval(ends)
    return f"{measure(ends[0], metric)} to {measure(ends[1], metric)}"


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


def steps_of(alphabet: str) -> str:
    """Return what sequences are made of: ``letters``, or ``steps`` of series."""
    return _STEPS.get(alphabet, "letters")
