"""Weights of PyTorch and Keras, to and from the layers and networks of fastgru.

Public names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastgru.interop.keras import from_keras, to_keras
    from fastgru.interop.pytorch import from_torch, to_torch

_HOMES = {
    "from_keras": "fastgru.interop.keras",
    "from_torch": "fastgru.interop.pytorch",
    "to_keras": "fastgru.interop.keras",
    "to_torch": "fastgru.interop.pytorch",
}

__all__ = ["from_keras", "from_torch", "to_keras", "to_torch"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fastgru.interop' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
