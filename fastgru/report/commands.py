"""The commands that made the results, as their log files tell them.

The first line of every log is the version and the command.  The workflow keeps the logs of a data
set in ``{command}/{dataset}.log`` and those of a run in ``{command}/{dataset}/{model}.log``.
"""

from __future__ import annotations

import re
from pathlib import Path

from fastgru.errors import FastgruError

__all__ = ["Commands"]

_DATASET_STEPS = ("audit", "split")
_RUN_STEPS = ("train", "predict", "evaluate")
_FIRST_LINE = re.compile(r"fastgru \S+: (fastgru .+)")
# The number of threads changes nothing but the time.
_THREADS = re.compile(r" (?:--threads|-t)[ =]\d+")


class Commands:
    """The commands in a folder of logs; without a folder there are none."""

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None and not folder.is_dir():
            raise FastgruError(f"{folder}: there is no such folder, expected log files.")
        self._folder = folder

    def of_dataset(self, dataset: str, models: list[str]) -> list[str]:
        """Return the commands of a data set and its runs, in the order of the steps."""
        if self._folder is None:
            return []
        logs = [self._folder / step / f"{dataset}.log" for step in _DATASET_STEPS]
        logs += [
            self._folder / step / dataset / f"{model}.log"
            for model in models
            for step in _RUN_STEPS
        ]
        return [command for log in logs if (command := _command(log))]


def _command(log: Path) -> str:
    try:
        with log.open(encoding="utf-8", errors="replace") as stream:
            found = _FIRST_LINE.match(stream.readline().rstrip())
    except OSError:
        return ""  # A step that was not logged is left out.
    return _THREADS.sub("", found[1]) if found else ""
