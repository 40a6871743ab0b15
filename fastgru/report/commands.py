"""The commands that made the results, as their log files tell them.

Every command writes its version and itself into its log.  The workflow keeps the logs of a data set
in ``{step}/{dataset}.log``, and those of its folds and runs below ``{step}/{dataset}/``.  Logs of
an earlier configuration stay there: of those of a fold, only the experiment's own are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastgru.errors import FastgruError
from fastgru.report.contents import MAIN, SHUFFLED_LABELS, SHUFFLED_SEQUENCES

__all__ = ["STEPS", "Commands"]

STEPS = (
    *("audit", "split", "search", "best", "train", "ensemble", "evaluate", "control"),
    *("annotate", "baseline", "experiment"),
)
"""Folders of logs by data set, in the order of the work; others come last, by name."""
_FOLD = re.compile(r"fold\d+")
# The workflow's name of the model whose parameters a search has found.
_SEARCHED = "searched"
_COMMAND = re.compile(r"fastgru \S+: (fastgru .+)")
# The number of threads changes nothing but the time.
_THREADS = re.compile(r" (?:--threads|-t)[ =]\d+")


class Commands:
    """The commands in a folder of logs; without a folder there are none."""

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None and not folder.is_dir():
            raise FastgruError(f"{folder}: there is no such folder, expected log files.")
        self._folder = folder

    def of_experiment(self, experiment: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
        """Return the steps of an experiment in their order, and the commands of each.

        Parameters
        ----------
        experiment
            Content of ``experiment.json``.
        """
        if self._folder is None:
            return []
        steps = sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        order = {name: place for place, name in enumerate(STEPS)}
        folds: set[tuple[str, ...]] = {
            (f"fold{number}",) for number in range(1, experiment["n_folds"] + 1)
        }
        runs = _runs(experiment)
        found = [
            (step, _commands(self._folder / step, experiment["dataset"], runs.get(step, folds)))
            for step in sorted(steps, key=lambda name: order.get(name, len(order)))
        ]
        return [(step, commands) for step, commands in found if commands]


def _runs(experiment: Mapping[str, Any]) -> dict[str, set[tuple[str, ...]]]:
    """Return by step how the names of its logs, from the fold on, may begin."""
    models, baselines = (
        [entry["name"] for entry in experiment["contenders"] if entry["kind"] == kind]
        for kind in ("model", "baseline")
    )
    folds = [f"fold{number}" for number in range(1, experiment["n_folds"] + 1)]
    trained: set[tuple[str, ...]] = {(fold, name, MAIN) for fold in folds for name in models}
    for name in models:
        trained |= {("fold1", name, run["variant"]) for run in experiment["seeds"].get(name, [])}
        shares = [point["share"] for point in experiment["learning_curve"].get(name, [])]
        trained |= {("fold1", name, f"train{round(100 * share)}") for share in shares}
    of_kind = {
        kind: {control["of"] for control in experiment["controls"] if control["kind"] == kind}
        for kind in (SHUFFLED_LABELS, SHUFFLED_SEQUENCES)
    }
    trained |= {("fold1", name, SHUFFLED_LABELS) for name in of_kind[SHUFFLED_LABELS]}
    averaged = [name for name, scores in experiment["ensemble"].items() if scores is not None]
    searched: set[tuple[str, ...]] = {(fold,) for fold in folds if _SEARCHED in models}
    return {
        "search": searched,
        "best": searched,
        "train": trained,
        "ensemble": {("fold1", name) for name in averaged},
        "evaluate": trained | {("fold1", name, "ensemble") for name in averaged},
        "control": {("fold1", name, MAIN) for name in of_kind[SHUFFLED_SEQUENCES]},
        "annotate": {("fold1", name) for name in models},
        "baseline": {(fold, name) for fold in folds for name in baselines},
    }


def _commands(step: Path, dataset: str, runs: set[tuple[str, ...]]) -> list[str]:
    place = step / dataset
    logs = [step / f"{dataset}.log", *sorted(place.rglob("*.log"), key=_by_number)]
    return [
        command
        for log in logs
        if log.parent == step or _belongs(log.relative_to(place).with_suffix("").parts, runs)
        for command in _commands_in(log)
    ]


def _belongs(names: tuple[str, ...], runs: set[tuple[str, ...]]) -> bool:
    """Return whether a log is of one of the runs; what is not of a fold is not told apart."""
    return not _FOLD.fullmatch(names[0]) or any(names[: len(run)] == run for run in runs)


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Sort fold 10 after fold 9."""
    words = re.findall(r"\d+|\D+", str(path))
    return [(int(word), "") if word.isdigit() else (-1, word) for word in words]


def _commands_in(log: Path) -> list[str]:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []  # A step that was not logged is left out.
    found = filter(None, map(_COMMAND.match, lines))
    return [_THREADS.sub("", match[1].rstrip()) for match in found]
