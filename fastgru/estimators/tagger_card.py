"""Taggers in model files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastgru.estimators.fitted_tagger import FittedTagger
from fastgru.estimators.model_card import damaged, network_card, network_fields, require_free
from fastgru.models.card_schema import is_ensemble
from fastgru.models.model_file import SavedModel, write_model

__all__ = ["read_tagger", "save_tagger"]


def save_tagger(
    path: str | os.PathLike[str], fitted: FittedTagger, extra: Mapping[str, Any] | None
) -> None:
    """Write a model file; see :meth:`fastgru.SequenceTagger.save`.

    Parameters
    ----------
    path, fitted
    extra
        Entries to add to the card.
    """
    own = {"classes": fitted.classes.tolist(), "labels_are_lists": fitted.labels_are_lists}
    card = network_card(fitted, own)
    require_free(extra, card)
    write_model(path, {**(extra or {}), **card}, fitted.network.parameters.views())


def read_tagger(saved: SavedModel, name: str) -> FittedTagger:
    """Return the tagger that a model file holds.

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
    if is_ensemble(saved.card):
        raise damaged(name, "there are several networks for a task that has no ensembles")
    (network,) = saved.networks
    fields = network_fields(network, name, "tagging")
    classes, sizes = saved.card["classes"], network.architecture
    if len(classes) != sizes.n_outputs:
        fault = f"there are {len(classes)} classes for a network with {sizes.n_outputs} outputs"
        raise damaged(name, fault)
    if {*sizes.conv_stride, *sizes.conv_pool} != {1}:
        raise damaged(name, "there is not one output for each letter")
    lists = saved.card["labels_are_lists"]
    if not lists and any(len(label) != 1 for label in classes):
        raise damaged(name, "the classes are no letters")
    return FittedTagger(**fields, classes=np.array(classes), labels_are_lists=lists)
