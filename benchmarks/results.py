"""The stored results: which file, what is in it, and the rows of a table in it.

A file is what pytest-benchmark writes, without its settings: the machine, the commit, the command,
and for each benchmark all times of fastgru (``stats.data``) and of its rival
(``extra_info.theirs``), taken in turns.  A run repeats all benchmarks in a process of its own; the
turns of the repeats follow each other, and ``extra_info.turns`` says how many each had.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.targets import MEASURES, Measure

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
    """Return where a run is kept: one file for each version, CPU model and number of threads.

    With the CPU that kernels are compiled for: a hypervisor may call two generations the same.
    """
    machine = document["machine_info"]
    plain = re.sub(r"\((r|tm)\)|\bcpu\b|@", " ", machine["cpu"].lower())
    cpu = re.sub(r"[^a-z0-9.]+", "-", f"{plain} {machine['compiled_for']}").strip("-")
    return FOLDER / f"{machine['fastgru']}-{cpu}-{machine['threads']}-threads.json"


def tidy(repeats: Sequence[Document], command: str) -> Document:
    """Return what is worth keeping of the files of pytest-benchmark, one for each repeat."""
    first = repeats[0]
    entries: dict[str, list[Any]] = {}
    for document in repeats:
        for entry in document["benchmarks"]:
            entries.setdefault(entry["name"], []).append(entry)
    machine = dict(first["machine_info"])
    company = [document["machine_info"]["cpus_busy_elsewhere"] for document in repeats]
    machine["cpus_busy_elsewhere"] = None if None in company else max(company)
    machine["line_transfer_ns"] = [
        time for document in repeats for time in document["machine_info"]["line_transfer_ns"]
    ]
    return {
        "benchmarks": [_joined(parts) for parts in entries.values()],
        "command": command,
        "commit_info": {key: first["commit_info"].get(key) for key in ("id", "dirty", "time")},
        "datetime": first["datetime"],
        "not_measured": machine.pop("not_measured"),
        "machine_info": machine,
        "version": first["version"],
    }


def _joined(parts: Sequence[Document]) -> Document:
    """Return the repeats of one benchmark as one."""
    ours = [part["stats"]["data"] for part in parts]
    extra = dict(parts[0]["extra_info"])
    extra["turns"] = [len(times) for times in ours]
    extra["theirs"] = _rounded(t for part in parts for t in part["extra_info"]["theirs"])
    if extra.get("rival_work") is not None and parts[1:]:
        _scale_to_first(extra, parts)
    return {
        "name": parts[0]["name"],
        "group": parts[0]["group"],
        "extra_info": extra,
        "stats": {"data": _rounded(t for times in ours for t in times)},
    }


def _scale_to_first(extra: dict[str, Any], parts: Sequence[Document]) -> None:
    """Bring a rival's times to the work of the first repeat: the FMA loop sets its own length."""
    times = [
        seconds * extra["rival_work"] / part["extra_info"]["rival_work"]
        for part in parts
        for seconds in part["extra_info"]["theirs"]
    ]
    extra["theirs"] = _rounded(times)


def _rounded(times: Iterable[float]) -> list[float]:
    return [round(seconds, 7) for seconds in times]


@dataclass(frozen=True)
class Row:
    """One benchmark.

    Attributes
    ----------
    name
        What distinguishes it from all others, in every run.
    what, label
        What was timed, and of which case.
    rival
        What it was timed against, None for nothing.
    ours, theirs
        Seconds of each turn; ``theirs`` is empty without a rival.
    turns
        How many turns each repeat had.
    work, rival_work
        Amount done in a turn, by each; None if there is no measure.
    unit
        Of that amount per second.
    measure_name
        Key of :data:`benchmarks.targets.MEASURES`.
    amount
        The value itself, for a measure that is no time.
    targets
        Keys of :data:`benchmarks.targets.TARGETS`.
    """

    name: str
    what: str
    label: str
    rival: str | None
    ours: list[float]
    theirs: list[float]
    turns: list[int]
    work: float | None
    rival_work: float | None
    unit: str | None
    measure_name: str
    amount: float | None
    targets: list[str]

    @property
    def measure(self) -> Measure:
        """What is read off the times."""
        return MEASURES[self.measure_name]

    def _ratio_of(self, ours: float, theirs: float) -> float:
        """Return our work per second in terms of the rival's."""
        share = self.work / self.rival_work if self.work and self.rival_work else 1.0
        return share * theirs / ours

    @property
    def ratio(self) -> float | None:
        """Our work per second in terms of the rival's, by median times."""
        return self._ratio_of(median(self.ours), median(self.theirs)) if self.theirs else None

    @property
    def value(self) -> float | None:
        """What the measure reads, None without the rival that it takes."""
        if self.measure_name in {"floats", "megabytes"}:
            return self.amount
        if self.measure_name == "seconds":
            return median(self.ours)
        if self.ratio is None:
            return None
        return 1 / self.ratio if self.measure_name == "cost" else self.ratio

    @property
    def spread(self) -> tuple[float, float] | None:
        """Quartiles of the ratios of the single turns, None for fewer than three."""
        ratios = [self._ratio_of(a, b) for a, b in zip(self.ours, self.theirs, strict=False)]
        if len(ratios) < 3:
            return None
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return low, high

    @property
    def speed(self) -> float | None:
        """Work per second."""
        return None if self.work is None else self.work / median(self.ours)

    @property
    def rival_speed(self) -> float | None:
        """The rival's work per second."""
        if self.rival_work is None or not self.theirs:
            return None
        return self.rival_work / median(self.theirs)

    def repeats(self) -> Iterator[Row]:
        """Yield a row for each repeat of the run."""
        start = 0
        for number in self.turns:
            part = slice(start, start + number)
            yield replace(self, ours=self.ours[part], theirs=self.theirs[part], turns=[number])
            start += number


def rows_of(document: Document) -> list[Row]:
    """Return the rows of a stored file, in the order of the run."""
    rows = []
    for entry in document["benchmarks"]:
        extra, ours = entry["extra_info"], entry["stats"]["data"]
        rows.append(
            Row(
                name=entry["name"],
                what=entry["group"],
                label=extra["label"],
                rival=extra.get("rival"),
                ours=ours,
                theirs=extra["theirs"],
                turns=extra.get("turns", [len(ours)]),
                work=extra.get("work"),
                rival_work=extra.get("rival_work", extra.get("work")),
                unit=extra.get("unit"),
                measure_name=extra.get("measure", "ratio"),
                amount=extra.get("amount"),
                targets=extra.get("targets", []),
            )
        )
    return rows
