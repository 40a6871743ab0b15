"""What is to be learned of the data, as the audit describes it: a table for each kind of answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastgru.report.shortcuts import score_of_shortcut
from fastgru.report.wording import count, percent, score

__all__ = ["Table", "answer_table", "shortcut_table"]

_NUMBERS = {"min": "Smallest", "median": "Median", "max": "Largest"}
_SCORES = {"roc_auc": "ROC AUC", "pearson": "Correlation"}
_SHORTCUTS_SHOWN = 10


@dataclass(frozen=True)
class Table:
    """A table of the page: the first cell of a row is its heading."""

    caption: str
    columns: list[str]
    rows: list[list[str]]


def answer_table(audit: Mapping[str, Any]) -> Table | None:
    """Return the table of targets, labels or translations; None for classes, and without any.

    Parameters
    ----------
    audit
        Content of ``audit.json``.
    """
    if audit.get("targets"):
        return _targets(audit["targets"])
    if audit.get("step_labels"):
        found = audit["step_labels"]
        total = max(sum(found["n"].values()), 1)
        rows = [[name, count(n), percent(n / total)] for name, n in found["n"].items()]
        if found["n_masked"]:
            rows.append(["not known", count(found["n_masked"]), ""])
        return Table("Letters by label", ["Label", "Letters", "Share"], rows)
    if audit.get("translations"):
        length = audit["translations"]["length"]
        row = ["letters of a translation", *(f"{length[name]:,g}" for name in _NUMBERS)]
        return Table("Translations", ["", *_NUMBERS.values()], [row])
    return None


def _targets(targets: Mapping[str, Mapping[str, Any]]) -> Table:
    if "n_positive" in next(iter(targets.values())):
        rows = [
            [name, *map(count, (row["n"], row["n_missing"], row["n_positive"]))]
            for name, row in targets.items()
        ]
        return Table("Labels", ["Label", "Known", "Missing", "With it"], rows)
    rows = [
        [
            name,
            *map(count, (row["n"], row["n_missing"])),
            *(f"{row[key]:,.4g}" for key in _NUMBERS),
        ]
        for name, row in targets.items()
    ]
    return Table("Targets", ["Target", "Known", "Missing", *_NUMBERS.values()], rows)


def shortcut_table(experiment: Mapping[str, Any]) -> Table | None:
    """Return how far trivial features go for each target, the most telling ones; None without.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    found = experiment.get("target_shortcuts", [])
    if not found:
        return None
    measured = score_of_shortcut(found[0])
    found = sorted(found, key=lambda entry: -float(entry[measured]))[:_SHORTCUTS_SHOWN]
    rows = [
        [entry["target"], entry["feature"], score(entry[measured]), _share(entry), entry["detail"]]
        for entry in found
    ]
    columns = ["Target", "Feature alone", _SCORES[measured], "Share of the model"]
    return Table("Trivial features", [*columns, "What differs most"], rows)


def _share(entry: Mapping[str, Any]) -> str:
    share = entry["share"]
    return "more than the model" if share is not None and share > 1 else percent(share)
