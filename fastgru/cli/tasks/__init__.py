"""What the commands do for each task: a package for each, named after it.

Such a package has the modules

* ``train`` with ``run(args) -> int``,
* ``evaluate`` with ``run(args, fitted) -> int``, and
* ``predict`` with ``begin(args, fitted) -> (columns, cells_of)``: the columns of the table, and
  what fills them; see :mod:`fastgru.cli.prediction_table`,

and some also ``baseline`` with ``run(args, learned, chosen) -> int``, which scores on the records
`chosen` what it has learned from others,

behind the sub-commands of these names: `args` are their parsed options, `fitted` is the model that
was read from the file.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["task_module"]


def task_module(task: str, command: str) -> ModuleType:
    """Return the module behind a command.

    Parameters
    ----------
    task
        One of :data:`fastgru.models.architecture.TASKS`.
    command
        ``"train"``, ``"evaluate"``, ``"predict"`` or ``"baseline"``.
    """
    return importlib.import_module(f"fastgru.cli.tasks.{task}.{command}")
