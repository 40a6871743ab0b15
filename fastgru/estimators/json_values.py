"""Values as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def as_json(value: Any) -> Any:
    """Return a value as JSON has it: plain numbers, lists, null for what is not a number."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): as_json(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(entry) for entry in value]
    return value


def saved_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what files keep of parameters.

    The number of threads changes no bit of the result.  The precision came later, and is kept where
    there is one, so that all other files are what they were.
    """
    return {
        name: as_json(value)
        for name, value in parameters.items()
        if name != "threads" and not (name == "precision" and value is None)
    }
