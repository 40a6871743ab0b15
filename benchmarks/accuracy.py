"""Writes the README's table of accuracy: ``python -m benchmarks.accuracy results/summary.tsv``.

The summary of a run of the default workflow is stored beside the timings, and the table made from
it; a test makes the table again.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
STORED = ROOT / "benchmarks" / "results" / "accuracy.tsv"
BEGIN, END = "<!-- accuracy -->\n", "<!-- /accuracy -->"
_HEADER = (
    "| data set | model | tested on | accuracy (95 % interval) | ROC AUC |\n"
    "| --- | --- | --- | --- | --- |\n"
)
_FOOT = (
    "\nMeasured by `make run` on the test fifth of each set, which shares no sequence with "
    "training. Splice\nwindows are aligned, so a model that knows positions is better.\n"
)


def as_markdown(stored: Path) -> str:
    """Return the table of a stored summary."""
    with stored.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    lines = []
    for row in rows:
        accuracy, low, high, auc = (
            float(row[name]) for name in ("accuracy", "accuracy_low", "accuracy_high", "roc_auc")
        )
        lines.append(
            f"| {row['dataset']} | {row['model']} | {row['n_test']} sequences "
            f"| {accuracy:.3f} ({low:.3f} to {high:.3f}) | {auc:.3f} |\n"
        )
    return _HEADER + "".join(lines) + _FOOT


def replace_table(page: str, table: str) -> str:
    """Return a page with the table between its marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table + END + after


def store(summary: Path) -> None:
    """Keep a summary and put its figures into the README."""
    STORED.write_bytes(summary.read_bytes())
    page = ROOT / "README.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(replace_table(text, as_markdown(STORED)), encoding="utf-8")


if __name__ == "__main__":
    store(Path(sys.argv[1]))
