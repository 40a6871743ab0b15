"""The table of a stored run, as text or as Markdown: ``python -m benchmarks.table FILE.json``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks.results import Document, Row, load, rows_of

NAMES = {
    "step": "training step",
    "forward": "inference",
    "backward": "gradients",
    "epoch": "training epoch",
    "start": "first step",
}
"""The groups of benchmarks as readers call them, in the order of the table."""

BUSY = 0.1
"""CPUs that others may keep busy; a run with more is not worth showing."""

HEADER = ["", "", "fastgru", "", "PyTorch", "ratio", "quartiles", "promised"]


def duration(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms" if seconds < 0.9995 else "1 s"


def ratio_text(row: Row) -> str:
    """Return the ratio with two digits, or three above ten."""
    if row.ratio is None:
        return ""
    return f"{row.ratio:.0f}x" if row.ratio >= 9.95 else f"{row.ratio:#.2g}x"


def speed_text(row: Row) -> str:
    """Return the work per second with its unit."""
    return "" if row.speed is None else f"{row.speed:,.0f} {row.unit}"


def spread_text(row: Row) -> str:
    """Return the quartiles of the ratio."""
    return "" if row.spread is None else "{:.3g} to {:.3g}".format(*row.spread)


def promise_text(row: Row) -> str:
    """Return the promised ratio and whether it was held."""
    if row.floor is None or row.ratio is None:
        return ""
    return f"{row.floor:.3g}x, {'held' if row.ratio >= row.floor else 'MISSED'}"


def cells(row: Row) -> list[str]:
    """Return a row as text, in the order of :data:`HEADER`."""
    theirs = duration(median(row.theirs)) if row.theirs else ""
    return [
        NAMES[row.what],
        row.label,
        duration(median(row.ours)),
        speed_text(row),
        theirs,
        ratio_text(row),
        spread_text(row),
        promise_text(row),
    ]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows by group, and in the order of the run within a group."""
    order = list(NAMES)
    return sorted(rows, key=lambda row: order.index(row.what))


def worth_a_readme(row: Row) -> bool:
    """Whether the short table shows a row: a chosen one, or one where PyTorch is faster."""
    return row.in_readme or (row.ratio is not None and row.ratio < 1)


def circumstances(document: Document) -> str:
    """Return in a sentence or two where the figures come from."""
    machine, commit = document["machine_info"], document["commit_info"]
    torch, company = machine["libraries"]["torch"], machine["cpus_busy_elsewhere"]
    state = " with changes" if commit["dirty"] else ""
    text = (
        f"{machine['cpu']}, {machine['threads']} threads on {machine['cpus']} CPUs, float32; "
        f"medians of fastgru {machine['fastgru']} ({commit['id'][:10]}{state})"
    )
    if torch:
        denormals = "flushed to zero" if machine["torch_flushes_denormals"] else "kept"
        text += f" and PyTorch {torch} (denormals {denormals}), taken in turns"
    if company is not None and company > BUSY:
        text += f". Others kept {company} CPUs busy meanwhile: do not trust these figures"
    return f"{text}."


def as_text(document: Document) -> str:
    """Return the whole table for a terminal."""
    lines = [HEADER, *map(cells, in_order(rows_of(document)))]
    used = [column for column in zip(*lines, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in used]
    table = [
        "  ".join(
            text.ljust(width) if number < 2 else text.rjust(width)
            for number, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in zip(*used, strict=True)
    ]
    return "\n".join([*(line.rstrip() for line in table), "", circumstances(document)])


def as_markdown(document: Document, *, whole: bool) -> str:
    """Return the table for a page: all rows, or those that a README shows."""
    rows = [row for row in in_order(rows_of(document)) if whole or worth_a_readme(row)]
    columns = len(HEADER) if whole else HEADER.index("ratio") + 1
    lines = [HEADER[:columns], ["---", "---"] + ["--:"] * (columns - 2)]
    lines += [cells(row)[:columns] for row in rows]
    table = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([*table, "", circumstances(document)])


if __name__ == "__main__":
    sys.stdout.write(as_text(load(Path(sys.argv[1]))) + "\n")
