"""From a trained model to its file, whatever its task."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastgru.errors import ConfigurationError, shorten
from fastgru.estimators.ensemble import Ensemble
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.model_card import network_card
from fastgru.models.card_schema import MEMBERS_SHARE
from fastgru.models.model_file import member_prefix, write_model

__all__ = ["card_of", "save_fitted", "tensors_of"]


def save_fitted(
    path: str | os.PathLike[str], fitted: FittedModel, extra: Mapping[str, Any] | None
) -> None:
    """Write a model file; see :meth:`fastgru.SequenceClassifier.save`.

    Parameters
    ----------
    path, fitted
    extra
        Entries to add to the card.

    Raises
    ------
    LabelError
        If the labels cannot be written.
    ConfigurationError
        If `extra` cannot be added.
    """
    card = card_of(fitted)
    reserved = sorted({*card, "members", "format_version", "sha256"} & (extra or {}).keys())
    if reserved:
        raise ConfigurationError(
            f"extra: {shorten(reserved)} are entries of every card. Use other names."
        )
    write_model(path, {**(extra or {}), **card}, tensors_of(fitted))


def tensors_of(fitted: FittedModel) -> dict[str, np.ndarray]:
    """Return the weights of a model by their names in its file.

    Parameters
    ----------
    fitted
    """
    if isinstance(fitted, Ensemble):
        return {
            f"{member_prefix(number)}{name}": tensor
            for number, member in enumerate(fitted.members)
            for name, tensor in tensors_of(member).items()
        }
    assert isinstance(fitted, FittedNetwork)
    return fitted.network.parameters.views()


def card_of(fitted: FittedModel) -> dict[str, Any]:
    """Return the card of a trained model, without what its file adds.

    Raises
    ------
    LabelError
        If the labels cannot be written.
    """
    if not isinstance(fitted, Ensemble):
        assert isinstance(fitted, FittedNetwork)
        return network_card(fitted)
    cards = [network_card(member) for member in fitted.members]
    own = [{key: card[key] for key in card.keys() - set(MEMBERS_SHARE)} for card in cards]
    shared = {key: cards[0][key] for key in MEMBERS_SHARE}
    return {**shared, **fitted.card_entries(), "members": own}
