"""Regressors in model files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.estimators.model_card import (
    damaged,
    network_card,
    network_fields,
    require_entries,
    require_free,
)
from fastgru.models.model_file import SavedModel, write_model
from fastgru.training.regression import Regression

__all__ = ["read_regressor", "save_regressor"]


def save_regressor(
    path: str | os.PathLike[str], fitted: FittedRegressor, extra: Mapping[str, Any] | None
) -> None:
    """Write a model file; see :meth:`fastgru.SequenceRegressor.save`.

    Parameters
    ----------
    path, fitted
    extra
        Entries to add to the card.
    """
    own = {
        "targets": fitted.targets.tolist(),
        "target_mean": fitted.objective.mean.tolist(),
        "target_deviation": fitted.objective.deviation.tolist(),
        "residuals": [sizes.tolist() for sizes in fitted.residuals],
    }
    card = network_card(fitted, own)
    require_free(extra, card)
    write_model(path, {**(extra or {}), **card}, fitted.network.parameters.views())


def read_regressor(saved: SavedModel, name: str) -> FittedRegressor:
    """Return the regressor that a model file holds.

    Parameters
    ----------
    saved
    name
        Of the file, for messages.

    Raises
    ------
    ModelFileError
        If its card contradicts itself.
    """
    (network,) = saved.networks
    card, fields = network.card, network_fields(network, name, "regression")
    entries = ("targets", "target_mean", "target_deviation", "residuals")
    require_entries(network, name, entries)
    mean, deviation = np.array(card["target_mean"]), np.array(card["target_deviation"])
    residuals = [np.array(sizes, np.float64) for sizes in card["residuals"]]
    if any((np.diff(sizes) < 0).any() for sizes in residuals):
        raise damaged(name, "residuals do not rise")
    return FittedRegressor(
        **fields,
        targets=np.array(card["targets"]),
        objective=Regression(mean.astype(np.float64), deviation.astype(np.float64)),
        residuals=residuals,
    )
