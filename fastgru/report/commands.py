"""The commands that made the results, as their log files tell them.

Every command writes its version and itself into its log.  The workflow keeps the logs of a data set
in ``{step}/{dataset}.log``, and those of its folds and runs below ``{step}/{dataset}/``.
"""

from __future__ import annotations

import re
from pathlib import Path

from fastgru.errors import FastgruError

__all__ = ["STEPS", "Commands"]

STEPS = (
    *("audit", "split", "search", "best", "train", "ensemble", "evaluate", "control"),
    *("baseline", "experiment"),
)
"""Folders of logs by data set, in the order of the work; others come last, by name."""
_COMMAND = re.compile(r"fastgru \S+: (fastgru .+)")
# The number of threads changes nothing but the time.
_THREADS = re.compile(r" (?:--threads|-t)[ =]\d+")


class Commands:
    """The commands in a folder of logs; without a folder there are none."""

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None and not folder.is_dir():
            raise FastgruError(f"{folder}: there is no such folder, expected log files.")
        self._folder = folder

    def of_dataset(self, dataset: str) -> list[tuple[str, list[str]]]:
        """Return the steps of a data set in their order, and the commands of each."""
        if self._folder is None:
            return []
        steps = sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        order = {name: place for place, name in enumerate(STEPS)}
        found = [
            (step, _commands(self._folder / step, dataset))
            for step in sorted(steps, key=lambda name: order.get(name, len(order)))
        ]
        return [(step, commands) for step, commands in found if commands]


def _commands(step: Path, dataset: str) -> list[str]:
    logs = [step / f"{dataset}.log", *sorted((step / dataset).rglob("*.log"), key=_by_number)]
    return [command for log in logs for command in _commands_in(log)]


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
