"""From a trained model to its file, whatever its task."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fastgru.errors import ConfigurationError, shorten
from fastgru.estimators.ensemble import Ensemble
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.fitted_network import FittedNetwork
from fastgru.estimators.model_card import network_card
from fastgru.models.card_schema import MEMBERS_SHARE
from fastgru.models.model_file import member_prefix, write_model

__all__ = ["save_fitted"]


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
    if isinstance(fitted, Ensemble):
        card, networks = _ensemble_card(fitted), _by_prefix(fitted)
    else:
        assert isinstance(fitted, FittedNetwork)
        card, networks = network_card(fitted), {"": fitted}
    reserved = sorted({*card, "members", "format_version", "sha256"} & (extra or {}).keys())
    if reserved:
        raise ConfigurationError(
            f"extra: {shorten(reserved)} are entries of every card. Use other names."
        )
    tensors = {
        f"{prefix}{name}": view
        for prefix, network in networks.items()
        for name, view in network.network.parameters.views().items()
    }
    write_model(path, {**(extra or {}), **card}, tensors)


def _ensemble_card(fitted: Ensemble) -> dict[str, Any]:
    cards = [network_card(member) for member in fitted.members]
    own = [{key: card[key] for key in card.keys() - set(MEMBERS_SHARE)} for card in cards]
    shared = {key: cards[0][key] for key in MEMBERS_SHARE}
    return {**shared, **fitted.card_entries(), "members": own}


def _by_prefix(fitted: Ensemble) -> dict[str, FittedNetwork]:
    return {member_prefix(number): member for number, member in enumerate(fitted.members)}
