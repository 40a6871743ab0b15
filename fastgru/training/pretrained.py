"""Weights that a network begins with in place of random ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru.errors import ConfigurationError
from fastgru.models.network import SequenceNetwork

__all__ = ["Pretrained"]


@dataclass(frozen=True)
class Pretrained:
    """Weights of a language model for a network to begin with.

    Attributes
    ----------
    weights
        Of embedding and recurrent layers, by name.
    sha256
        Of the model file.
    freeze_epochs
        Epochs before the first part of them learns, and from one part to the next.
    """

    weights: Mapping[str, np.ndarray]
    sha256: str
    freeze_epochs: int

    def write_into(self, network: SequenceNetwork) -> tuple[str, ...]:
        """Give a network the weights whose names it has; return these names.

        Raises
        ------
        ConfigurationError
            If a shape differs.
        """
        views = network.parameters.views()
        shared = tuple(name for name in self.weights if name in views)
        for name in shared:
            found, expected = self.weights[name].shape, views[name].shape
            if found != expected:
                raise ConfigurationError(
                    f"pretrained: {name} of the language model has the shape {found}, expected "
                    f"{expected}. Above the first layer, both need the same number of directions."
                )
            views[name][...] = self.weights[name]
        return shared

    def to_card(self) -> dict[str, Any]:
        """Return what model files say of it."""
        return {"sha256": self.sha256, "freeze_epochs": self.freeze_epochs}
