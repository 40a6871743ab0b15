"""Writes the README's table of accuracy: ``python -m benchmarks.accuracy_table SUMMARY.tsv``.

The summary of a run of the default workflow is stored beside the timings, and the table made from
it; a test makes the table again.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STORED = ROOT / "benchmarks" / "results" / "accuracy.tsv"
_HEADER = (
    "| data set | model | tested on | accuracy (95 % interval) | ROC AUC (95 % interval) | |\n"
    "| --- | --- | --- | --- | --- | --- |\n"
)
_FOOT = (
    "\nMeasured by `make run` on a fifth of each set, split by homology: all models, and the best "
    "of its baselines. Splice\nwindows are aligned, so a model that knows positions is better.\n"
)


def as_markdown(stored: Path) -> str:
    """Return the table of a stored summary: models, and the best baseline of each data set."""
    with stored.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    baselines = [row for row in rows if row["kind"] == "baseline" and row["roc_auc"] != "NA"]
    best = {
        row["dataset"]: row["name"]
        for row in sorted(baselines, key=lambda row: float(row["roc_auc"]))
    }
    return (
        _HEADER
        + "".join(
            _line(row)
            for row in rows
            if row["kind"] == "model" or row["name"] == best[row["dataset"]]
        )
        + _FOOT
    )


def _line(row: dict[str, str]) -> str:
    accuracy, auc = (
        "{:.3f} ({:.3f} to {:.3f})".format(
            *(float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
        )
        for name in ("accuracy", "roc_auc")
    )
    return (
        f"| {row['dataset']} | {row['name']} | {row['n_test']} sequences | {accuracy} | {auc} "
        f"| {row['verdict']} |\n"
    )


def replace_table(page: str, table: str, name: str = "accuracy") -> str:
    """Return a page with the table between the marks of its name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return before + begin + table + end + after


def renew_table(page: Path, table: str, name: str = "accuracy") -> None:
    """Put a table between the marks of its name in a page."""
    text = page.read_text(encoding="utf-8")
    page.write_text(replace_table(text, table, name), encoding="utf-8")


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as a table (TSV) with a header."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def store(summary: Path) -> None:
    """Keep a summary and put its figures into the README."""
    STORED.write_bytes(summary.read_bytes())
    renew_table(ROOT / "README.md", as_markdown(STORED))


if __name__ == "__main__":
    store(Path(sys.argv[1]))
