"""Where trained models of public packages are: installed, or unpacked below FASTGRU_PRETRAINED."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest


def package_files(package: str, pattern: str) -> list[Path]:
    """The files of a package that match; without any the test is skipped.

    Nothing of the package is imported.
    """
    roots = []
    spec = importlib.util.find_spec(package)
    if spec is not None and spec.submodule_search_locations:
        roots += [Path(place) for place in spec.submodule_search_locations]
    if "FASTGRU_PRETRAINED" in os.environ:
        # Several versions of a package may lie in folders beside each other.
        roots += sorted(Path(os.environ["FASTGRU_PRETRAINED"]).glob(f"**/{package}"))
    found = sorted(path for root in roots for path in root.glob(pattern))
    if not found:
        pytest.skip(f"no {pattern} of {package}: install it, or unpack it below FASTGRU_PRETRAINED")
    return found
