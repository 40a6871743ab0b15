"""ONNX: models that leave for other runtimes and come from them, and its recurrent operators.

Needs the package ``onnx``, the extra ``onnx``.  Public names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fastgru.packages import require_package

if TYPE_CHECKING:
    from fastgru.onnx.backend import Backend, run_node
    from fastgru.onnx.exporting import export
    from fastgru.onnx.importing import import_model, load
    from fastgru.onnx.node import Node

__all__ = ["Backend", "Node", "export", "import_model", "load", "run_node"]

_HOMES = {
    "Backend": "fastgru.onnx.backend",
    "Node": "fastgru.onnx.node",
    "export": "fastgru.onnx.exporting",
    "import_model": "fastgru.onnx.importing",
    "load": "fastgru.onnx.importing",
    "run_node": "fastgru.onnx.backend",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fastgru.onnx' has no attribute {name!r}")
    require_package(["onnx"], "fastgru.onnx", "pip install 'fastgru[onnx]'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
