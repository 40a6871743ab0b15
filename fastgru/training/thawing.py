"""Which parameters stay as they were pre-trained, epoch by epoch: gradual unfreezing.

Howard and Ruder 2018, arXiv 1801.06146, section 3.3: what is new learns first, then one part after
the other from the outputs down, until all do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Thawing", "parts_from_the_top"]


@dataclass(frozen=True)
class Thawing:
    """When parts of a network begin to learn.

    Attributes
    ----------
    parts
        Names of the parameters of each part, the one that begins first before the others.
    n_epochs
        Epochs before the first part begins, and from one to the next; 0 for none.
    """

    parts: tuple[tuple[str, ...], ...]
    n_epochs: int

    def frozen(self, epoch: int) -> tuple[str, ...]:
        """Return the parameters that do not change in an epoch, counted from 1."""
        n_learning = (epoch - 1) // self.n_epochs if self.n_epochs else len(self.parts)
        return tuple(name for part in self.parts[n_learning:] for name in part)

    def begins_with(self, epoch: int) -> bool:
        """Whether a part begins to learn with an epoch after the first."""
        return epoch > 1 and self.frozen(epoch) != self.frozen(epoch - 1)


def parts_from_the_top(names: Iterable[str], num_layers: int) -> tuple[tuple[str, ...], ...]:
    """Return recurrent layers from the last to the first, and the embedding, without empty ones.

    Parameters
    ----------
    names
        Of parameters of a :class:`fastgru.models.network.SequenceNetwork`, those of the embedding
        and the recurrent layers.
    num_layers
    """
    known = list(names)
    parts = [
        [name for name in known if name.removesuffix("_reverse").endswith(f"_l{layer}")]
        for layer in reversed(range(num_layers))
    ]
    parts.append([name for name in known if name.startswith("embedding.")])
    return tuple(tuple(part) for part in parts if part)
