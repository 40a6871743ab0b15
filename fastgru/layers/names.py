"""Names of parameters, PyTorch's."""

from __future__ import annotations

import numpy as np


def direction_suffixes(num_layers: int, bidirectional: bool) -> list[list[str]]:
    """Return PyTorch's suffixes of each layer's parameters: ``_l0``, ``_l0_reverse``, ..."""
    ends = ["", "_reverse"] if bidirectional else [""]
    return [[f"_l{layer}{end}" for end in ends] for layer in range(num_layers)]


def without_suffix(arrays: dict[str, np.ndarray], suffix: str) -> dict[str, np.ndarray]:
    """Return the arrays of one direction by their names in every direction."""
    return {name.removesuffix(suffix): arrays[name] for name in arrays if name.endswith(suffix)}
