"""Names of parameters, PyTorch's."""

from __future__ import annotations


def direction_suffixes(num_layers: int, bidirectional: bool) -> list[list[str]]:
    """Return PyTorch's suffixes of each layer's parameters: ``_l0``, ``_l0_reverse``, ..."""
    ends = ["", "_reverse"] if bidirectional else [""]
    return [[f"_l{layer}{end}" for end in ends] for layer in range(num_layers)]
