"""The stored results: which file, what is in it, and the rows of a table in it.

A file is what pytest-benchmark writes, without its settings: the machine, the commit, the command,
and for each benchmark all times of fastgru (``stats.data``) and of PyTorch
(``extra_info.pytorch``), taken in turns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

FOLDER = Path(__file__).parent / "results"

Document = Mapping[str, Any]


def load(path: Path) -> Document:
    """Read a stored file."""
    document: Document = json.loads(path.read_text(encoding="utf-8"))
    return document


def save(document: Document, path: Path) -> None:
    """Write a file, one benchmark's times on one line."""
    text = json.dumps(document, indent=1, sort_keys=True)
    text = re.sub(r"(?<=[\[\d,])\n +(?=[\d\]])", "", text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def path_for(document: Document) -> Path:
    """Return where a run is kept: one file for each version, CPU model and number of threads."""
    machine = document["machine_info"]
    plain = re.sub(r"\((r|tm)\)|\bcpu\b|@", " ", machine["cpu"].lower())
    cpu = re.sub(r"[^a-z0-9.]+", "-", plain).strip("-")
    return FOLDER / f"{machine['fastgru']}-{cpu}-{machine['threads']}-threads.json"


def tidy(raw: Document, command: str) -> Document:
    """Return what is worth keeping of a file of pytest-benchmark."""
    commit = {key: raw["commit_info"].get(key) for key in ("id", "dirty", "time")}
    benchmarks = [
        {
            "name": entry["name"],
            "group": entry["group"],
            "extra_info": entry["extra_info"]
            | {"pytorch": _rounded(entry["extra_info"]["pytorch"])},
            "stats": {"data": _rounded(entry["stats"]["data"])},
        }
        for entry in raw["benchmarks"]
    ]
    return {
        "benchmarks": benchmarks,
        "command": command,
        "commit_info": commit,
        "datetime": raw["datetime"],
        "machine_info": raw["machine_info"],
        "version": raw["version"],
    }


def _rounded(times: list[float]) -> list[float]:
    return [round(seconds, 7) for seconds in times]


@dataclass(frozen=True)
class Row:
    """One benchmark.

    Attributes
    ----------
    what, label
        What was timed, and of which case.
    ours, theirs
        Seconds of each turn; ``theirs`` is empty without a rival.
    work, unit
        Amount done in a turn, and the unit of that amount per second; None if there is no measure.
    floor
        Least ratio promised, None for no promise.
    in_readme
        Whether the short table shows it in any case.
    """

    what: str
    label: str
    ours: list[float]
    theirs: list[float]
    work: float | None
    unit: str | None
    floor: float | None
    in_readme: bool

    @property
    def ratio(self) -> float | None:
        """PyTorch's median time in terms of fastgru's."""
        return median(self.theirs) / median(self.ours) if self.theirs else None

    @property
    def spread(self) -> tuple[float, float] | None:
        """Quartiles of the ratios of the single turns, None for fewer than three."""
        ratios = [b / a for a, b in zip(self.ours, self.theirs, strict=False)]
        if len(ratios) < 3:
            return None
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return low, high

    @property
    def speed(self) -> float | None:
        """Work per second."""
        return None if self.work is None else self.work / median(self.ours)


def rows_of(document: Document) -> list[Row]:
    """Return the rows of a stored file, in the order of the run."""
    rows = []
    for entry in document["benchmarks"]:
        extra = entry["extra_info"]
        rows.append(
            Row(
                what=entry["group"],
                label=extra["label"],
                ours=entry["stats"]["data"],
                theirs=extra["pytorch"],
                work=extra.get("work"),
                unit=extra.get("unit"),
                floor=extra.get("floor"),
                in_readme=extra.get("in_readme", False),
            )
        )
    return rows
