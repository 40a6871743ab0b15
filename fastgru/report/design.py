"""How an experiment was made, in words that conclusion, page and DOME share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["VALIDATION_LOSS", "describe_choice"]

VALIDATION_LOSS = "validation_loss"
"""What `chosen_by` of an experiment is where its best model could be chosen."""


def describe_choice(experiment: Mapping[str, Any]) -> str:
    """Say how the best model was found, such as ``chosen of 2 models by validation loss``.

    Parameters
    ----------
    experiment
        Content of ``experiment.json``.
    """
    n_models = sum(entry["kind"] == "model" for entry in experiment["contenders"])
    if n_models == 1:
        return "the only model"
    if experiment["chosen_by"] == VALIDATION_LOSS:
        return f"chosen of {n_models} models by validation loss"
    return f"the first of {n_models} models by name, as not all have a validation loss"
