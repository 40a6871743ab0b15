"""The tables of a stored run, as text or as Markdown: ``python -m benchmarks.table FILE.json``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks.results import Document, Row, load, rows_of
from benchmarks.targets import MEASURES, TARGETS
from benchmarks.verdicts import verdicts

NAMES = {
    "step": "training step",
    "forward": "inference",
    "backward": "gradients",
    "memory": "memory",
    "epoch": "training epoch",
    "start": "first step",
    "predict": "prediction",
    "scan": "scan",
}
"""The groups of benchmarks as readers call them, in the order of the table."""

LIBRARIES = {"torch": "PyTorch", "onednn-cpu-gomp": "oneDNN", "onnxruntime": "ONNX Runtime"}
"""Rivals by the names of their packages."""

BUSY = 0.1
"""CPUs that others may keep busy; a run with more is not worth showing."""

TARGET_HEADER = ["", "target", "measured", ""]
HEADER = ["", "", "fastgru", "", "against", "", "measured", "quartiles", "target"]

Table = list[list[str]]


def duration(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms" if seconds < 0.9995 else "1 s"


def value_text(row: Row) -> str:
    """Return what was measured."""
    return "" if row.value is None else row.measure.text(row.value)


def speed_text(row: Row) -> str:
    """Return the work per second with its unit."""
    return "" if row.speed is None else f"{row.speed:,.0f} {row.unit}"


def rival_text(row: Row) -> str:
    """Return the rival's time, or its speed where it does other work."""
    if not row.theirs:
        return ""
    if row.rival_work != row.work and row.rival_speed is not None:
        return f"{row.rival_speed:,.0f} {row.unit}"
    return duration(median(row.theirs))


def spread_text(row: Row) -> str:
    """Return the quartiles of the measured ratio, the smaller first."""
    if row.spread is None or row.measure_name not in {"ratio", "share", "cost"}:
        return ""
    low, high = row.spread
    if row.measure_name == "cost":
        low, high = 1 / high, 1 / low
    return f"{row.measure.text(low)} to {row.measure.text(high)}"


def target_text(row: Row) -> str:
    """Return the bound that this very row has to keep, and whether it did."""
    bounds = [TARGETS[name] for name in row.targets if not TARGETS[name].of_mean]
    if not bounds or row.value is None:
        return ""
    (target,) = bounds
    held = row.measure.holds(row.value, target.bound)
    return f"{MEASURES[target.measure].text(target.bound)}, {'held' if held else 'missed'}"


def cells(row: Row) -> list[str]:
    """Return a row as text, in the order of :data:`HEADER`."""
    return [
        NAMES[row.what],
        row.label,
        duration(median(row.ours)),
        speed_text(row),
        row.rival or "",
        rival_text(row),
        value_text(row),
        spread_text(row),
        target_text(row),
    ]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows by group, and in the order of the run within a group."""
    order = list(NAMES)
    return sorted(rows, key=lambda row: order.index(row.what))


def target_table(document: Document, *, whole: bool) -> Table:
    """Return the targets beside what was measured: all, or those that a README shows."""
    found = [
        verdict
        for verdict in verdicts(document)
        if whole or (verdict.target.in_readme and verdict.value is not None)
    ]
    return [TARGET_HEADER, *(verdict.cells() for verdict in found)]


def row_table(document: Document) -> Table:
    """Return all rows."""
    return [HEADER, *map(cells, in_order(rows_of(document)))]


def slower(document: Document) -> str:
    """Return a sentence about the rows in which another library is faster, "" for none."""
    lost = [
        f"{NAMES[row.what]} {row.label} ({MEASURES['ratio'].text(row.ratio)} against {row.rival})"
        for row in in_order(rows_of(document))
        if row.rival in LIBRARIES.values() and row.ratio is not None and row.ratio < 1
    ]
    return f"Slower than another library: {'; '.join(lost)}." if lost else ""


def circumstances(document: Document) -> str:
    """Return in a sentence or two where the figures come from."""
    machine, commit = document["machine_info"], document["commit_info"]
    company = machine["cpus_busy_elsewhere"]
    state = " with changes" if commit["dirty"] else ""
    text = (
        f"{machine['cpu']} ({machine['compiled_for']}), {machine['threads']} threads on "
        f"{machine['cpus']} CPUs, float32; "
        f"medians of fastgru {machine['fastgru']} ({commit['id'][:10]}{state})"
    )
    versions = [
        f"{name} {machine['libraries'][package]}"
        for package, name in LIBRARIES.items()
        if machine["libraries"].get(package)
    ]
    if versions:
        denormals = "flushed to zero" if machine["rivals_flush_denormals"] else "kept"
        text += f" and {', '.join(versions)} (denormals {denormals}), taken in turns"
    if between := sorted(machine.get("line_transfer_ns", [])):
        low, middle, high = (between[round(q * (len(between) - 1))] for q in (0.05, 0.5, 0.95))
        text += f". A line took {middle} ns ({low} to {high}) between two CPUs"
    if company is not None and company > BUSY:
        text += f". Others kept {company} CPUs busy meanwhile: do not trust these figures"
    return f"{text}."


def _aligned(table: Table) -> list[str]:
    """Return lines for a terminal; columns without content are left out."""
    used = [column for column in zip(*table, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in used]
    return [
        "  ".join(
            text.ljust(width) if number < 2 or number == len(widths) - 1 else text.rjust(width)
            for number, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in zip(*used, strict=True)
    ]


def _marked_up(table: Table, words: set[int]) -> list[str]:
    """Return lines of Markdown; columns of words are aligned to the left, figures to the right."""
    header, *rows = table
    rule = ["---" if number in words else "--:" for number in range(len(header))]
    return ["| " + " | ".join(line) + " |" for line in (header, rule, *rows)]


def as_text(document: Document) -> str:
    """Return all rows, and then the targets, for a terminal."""
    blocks = [_aligned(row_table(document)), _aligned(target_table(document, whole=True))]
    return "\n\n".join(["\n".join(lines) for lines in blocks] + [circumstances(document)])


def as_markdown(document: Document, *, whole: bool) -> str:
    """Return the tables for a page: all targets and rows, or the targets that a README shows."""
    blocks = [_marked_up(target_table(document, whole=whole), {0, 3})]
    if whole:
        blocks.append(_marked_up(row_table(document), {0, 1, 4, 8}))
    foot = " ".join(filter(None, [slower(document), circumstances(document)]))
    return "\n\n".join(["\n".join(lines) for lines in blocks] + [foot])


if __name__ == "__main__":
    sys.stdout.write(as_text(load(Path(sys.argv[1]))) + "\n")
