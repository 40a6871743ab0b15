"""Recurrent layers for PyTorch that run the kernels of fastgru.

Needs PyTorch, which is no extra.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fastgru.packages import require_torch

if TYPE_CHECKING:
    from fastgru.torch.modules import GRU, LSTM, RNN

__all__ = ["GRU", "LSTM", "RNN"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'fastgru.torch' has no attribute {name!r}")
    require_torch("fastgru.torch")
    return getattr(importlib.import_module("fastgru.torch.modules"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
