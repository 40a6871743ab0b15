"""Names of parameters, PyTorch's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

DECAY_PARAMETERS = ("decay_rate", "decay_bias")
"""What the decay of each unit with time is learned as, each (H,)."""


def direction_suffixes(num_layers: int, bidirectional: bool) -> list[list[str]]:
    """Return PyTorch's suffixes of each layer's parameters: ``_l0``, ``_l0_reverse``, ..."""
    ends = ["", "_reverse"] if bidirectional else [""]
    return [[f"_l{layer}{end}" for end in ends] for layer in range(num_layers)]


class NamesOfDirection:
    """The names of one direction's parameters among those of all.

    Parameters
    ----------
    names
        Of all directions.
    suffix
        The direction's.
    """

    def __init__(self, names: Iterable[str], suffix: str) -> None:
        self._full = {name.removesuffix(suffix): name for name in names if name.endswith(suffix)}

    def pick(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the arrays of the direction by their names in every direction."""
        return {short: arrays[name] for short, name in self._full.items()}
