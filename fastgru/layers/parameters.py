"""All parameters of a network in one flat array, so that one loop updates them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fastgru.kernels.registers import lanes_of
from fastgru.layers.packing import aligned_empty, round_up


class ParameterStore:
    """Flat values and gradients with a named view of each parameter.

    Parameters
    ----------
    parts
        ``{prefix: (parameters, grads)}`` of dictionaries; their arrays are replaced by views.
        An entry is called ``prefix.name``.
    dtype

    Attributes
    ----------
    values, grads : np.ndarray
        float (n,), zero padded to whole vectors.
    """

    def __init__(
        self,
        parts: Mapping[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]],
        dtype: np.dtype,
    ) -> None:
        size = sum(value.size for parameters, _ in parts.values() for value in parameters.values())
        self.size = size
        padded = round_up(max(size, 1), lanes_of(dtype))
        self.values = aligned_empty((padded,), dtype)
        self.grads = aligned_empty((padded,), dtype)
        self.values.fill(0)
        self.grads.fill(0)
        self._views: dict[str, np.ndarray] = {}
        self._places: dict[str, slice] = {}
        at = 0
        for prefix, (parameters, grads) in parts.items():
            for name, value in parameters.items():
                place = slice(at, at + value.size)
                self.values[place] = value.ravel()
                parameters[name] = self.values[place].reshape(value.shape)
                grads[name] = self.grads[place].reshape(value.shape)
                self._views[f"{prefix}.{name}"] = parameters[name]
                self._places[f"{prefix}.{name}"] = place
                at += value.size

    @property
    def names(self) -> list[str]:
        """Names of all parameters, in order."""
        return list(self._views)

    def views(self) -> dict[str, np.ndarray]:
        """Return the parameters themselves by name."""
        return dict(self._views)

    def places(self) -> dict[str, slice]:
        """Return where each parameter stands in the flat arrays."""
        return dict(self._places)
