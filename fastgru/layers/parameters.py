"""All parameters of a network in one flat array, so that one loop updates them.

Buffers, PyTorch's word for what belongs to a network but is not learned, stand behind them in the
same array: what copies, keeps or restores the values then has all that a network consists of.
Nothing writes their gradients, so the optimiser leaves them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from fastgru.kernels.registers import lanes_of
from fastgru.layers.packing import round_up
from fastgru.layers.workspace import aligned_empty


class ParameterStore:
    """Flat values and gradients with a named view of each parameter.

    Parameters
    ----------
    parts
        ``{prefix: (parameters, grads)}`` of dictionaries; their arrays are replaced by views.
        An entry is called ``prefix.name``.
    dtype
    buffers
        ``{prefix: buffers}``, likewise.

    Attributes
    ----------
    values, grads : np.ndarray
        float (n,), zero padded to whole vectors.
    size : int
        Numbers before the padding.
    n_learned : int
        How many of them are of parameters.
    """

    def __init__(
        self,
        parts: Mapping[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]],
        dtype: np.dtype,
        buffers: Mapping[str, dict[str, np.ndarray]] | None = None,
    ) -> None:
        buffers = buffers or {}
        self.n_learned = _size_of(parameters for parameters, _ in parts.values())
        self.size = self.n_learned + _size_of(buffers.values())
        padded = round_up(max(self.size, 1), lanes_of(dtype))
        self.values = aligned_empty((padded,), dtype)
        self.grads = aligned_empty((padded,), dtype)
        self.values.fill(0)
        self.grads.fill(0)
        self._views: dict[str, np.ndarray] = {}
        self._places: dict[str, slice] = {}
        at = 0
        for prefix, (parameters, grads) in parts.items():
            for name, place in self._take(at, prefix, parameters):
                grads[name] = self.grads[place].reshape(parameters[name].shape)
                self._places[f"{prefix}.{name}"] = place
                at = place.stop
        for prefix, arrays in buffers.items():
            for _, place in self._take(at, prefix, arrays):
                at = place.stop

    def _take(
        self, at: int, prefix: str, arrays: dict[str, np.ndarray]
    ) -> Iterator[tuple[str, slice]]:
        """Replace arrays by views from ``at`` on; yield the name and the place of each."""
        for name, value in arrays.items():
            place = slice(at, at + value.size)
            self.values[place] = value.ravel()
            arrays[name] = self._views[f"{prefix}.{name}"] = self.values[place].reshape(value.shape)
            at = place.stop
            yield name, place

    @property
    def names(self) -> list[str]:
        """Names of all parameters and buffers, in order."""
        return list(self._views)

    def views(self) -> dict[str, np.ndarray]:
        """Return the parameters and buffers themselves by name."""
        return dict(self._views)

    def places(self) -> dict[str, slice]:
        """Return where each parameter stands in the flat arrays."""
        return dict(self._places)


def _size_of(parts: Iterable[Mapping[str, np.ndarray]]) -> int:
    return sum(value.size for arrays in parts for value in arrays.values())
