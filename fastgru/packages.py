"""Packages that the core install leaves out: whether they are there, and how they come."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence

from fastgru.errors import FastgruError

__all__ = ["require_package", "require_torch"]

_TORCH = "pip install 'torch>=2.6'"

_OLDEST_TORCH = (2, 6)
"""The first whose ``torch.load(..., weights_only=True)`` runs no code (CVE-2025-32434)."""


def require_package(names: Sequence[str], what: str, install: str) -> None:
    """Import packages, which the caller may then import by a plain statement.

    Parameters
    ----------
    names
        As they are imported.
    what
        What messages say needs them.
    install
        The command that installs them.

    Raises
    ------
    FastgruError
        If one cannot be imported; the message names all of those.
    """
    faults = {}
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            faults[name] = str(error)
    if faults:
        raise FastgruError(
            f"{what}: needs {' and '.join(faults)}, which cannot be imported "
            f"({'; '.join(faults.values())}). Install with: {install}"
        )


def require_torch(what: str) -> None:
    """Import PyTorch.

    Parameters
    ----------
    what
        What messages say needs it.

    Raises
    ------
    FastgruError
        If it cannot be imported, or is older than 2.6.
    """
    require_package(["torch"], what, _TORCH)
    import torch

    version = re.match(r"(\d+)\.(\d+)", torch.__version__)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST_TORCH:
        raise FastgruError(
            f"{what}: needs PyTorch 2.6 or newer, found {torch.__version__}, whose torch.load can "
            f"run code from a file of weights. Upgrade with: {_TORCH}"
        )
