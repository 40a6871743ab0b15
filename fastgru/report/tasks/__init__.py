"""What the report has to know of each task: a module for each, named after it, and its figures.

``{task}.py`` has the class of the task, an instance of it called `TASK`, and nothing that draws;
``{task}_figures.py`` has what is drawn, which wants packages that the core install leaves out.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from fastgru.report.tasks.task import Task

__all__ = ["find_task", "task_figures"]


def find_task(name: str) -> Task:
    """Return what the report has to know of a task.

    Parameters
    ----------
    name
        One of :data:`fastgru.report.results.KEYS`.
    """
    found: Task = importlib.import_module(f"fastgru.report.tasks.{name}").TASK
    return found


def task_figures(name: str) -> ModuleType:
    """Return the module that draws what is a task's own.

    Parameters
    ----------
    name
        One of :data:`fastgru.report.results.KEYS`.
    """
    return importlib.import_module(f"fastgru.report.tasks.{name}_figures")
