"""The model file: safetensors with a JSON card in its header.

Weights stand under the names of :class:`fastgru.models.network.SequenceNetwork`, the card is the
entry ``fastgru``.  No size that it states is believed before it agrees with the tensors that are
there.  An ensemble has a card for each of its networks inside its own, and their weights under
``members.0.``, ``members.1.`` and so on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastgru.errors import ConfigurationError, ModelFileError, shorten
from fastgru.models.architecture import Architecture
from fastgru.models.card_schema import (
    ENSEMBLE_FORMAT_VERSION,
    MEMBERS_SHARE,
    find_fault,
    is_ensemble,
)
from fastgru.models.tensor_file import (
    FileKind,
    add_checksum,
    check_tensor,
    read_tensors,
    write_tensors,
)

FORMAT_VERSION = 1
_KIND = FileKind(
    noun="model file",
    name="model",
    key="fastgru",
    version=ENSEMBLE_FORMAT_VERSION,
    max_bytes=1 << 31,
    expected="a model written by 'fastgru train'",
    cure="Check the path, or copy the file again.",
    error=ModelFileError,
    find_fault=find_fault,
)


@dataclass(frozen=True)
class SavedNetwork:
    """One network of a model file.

    Attributes
    ----------
    card
        Of a model that has this network alone.
    architecture
    tensors
        Weights by name.
    """

    card: dict[str, Any]
    architecture: Architecture
    tensors: dict[str, np.ndarray]


@dataclass(frozen=True)
class SavedModel:
    """What a model file holds.

    Attributes
    ----------
    card
        The JSON card; see ``docs/file-formats.md``.
    tensors
        All weights, by their names in the file.
    networks
        One, or those of an ensemble in their order.
    """

    card: dict[str, Any]
    tensors: dict[str, np.ndarray]
    networks: tuple[SavedNetwork, ...]


def write_model(
    path: str | os.PathLike[str], card: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> None:
    """Write a model file; it appears under its name only when it is complete.

    The same card and weights give the same bytes.

    Parameters
    ----------
    path
    card
        All entries but the format version and the checksum, which are added.
    tensors

    Raises
    ------
    ConfigurationError
        If :func:`read_model` would refuse the card.
    """
    try:
        version = ENSEMBLE_FORMAT_VERSION if "members" in card else FORMAT_VERSION
        full = add_checksum(card, version, tensors)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"model card: cannot be written as JSON ({error}), expected text, finite numbers, "
            "lists and objects. Correct the extra entries."
        ) from error
    fault = find_fault(json.loads(json.dumps(full)))
    if fault is not None:
        raise ConfigurationError(f"model card: {fault}. Correct the extra entries.")
    write_tensors(path, _KIND, full, tensors)


def read_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If it cannot be read, is not a fastgru model, was written by a newer format, or
        contradicts itself.
    """
    name = os.fspath(path)
    card, tensors = read_tensors(path, _KIND)
    if not is_ensemble(card):
        return SavedModel(card, tensors, (_take_network(name, card, tensors),))
    shared = {key: value for key, value in card.items() if key in MEMBERS_SHARE}
    networks, left = [], dict(tensors)
    for number, own in enumerate(card["members"]):
        prefix = member_prefix(number)
        weights = {
            key.removeprefix(prefix): left.pop(key)
            for key in sorted(tensors)
            if key.startswith(prefix)
        }
        networks.append(_take_network(name, {**shared, **own}, weights))
    if left:
        raise _KIND.damaged(name, f"no network of its card has the weights {shorten(left)}")
    return SavedModel(card, tensors, tuple(networks))


def member_prefix(number: int) -> str:
    """Return what precedes the names of the weights of a network of an ensemble."""
    return f"members.{number}."


def _take_network(name: str, card: dict[str, Any], tensors: dict[str, np.ndarray]) -> SavedNetwork:
    """Return a network after comparing its card and its weights."""
    architecture = Architecture.from_dict(card["architecture"])
    _check_tensors(name, architecture, tensors)
    return SavedNetwork(card, architecture, tensors)


def _check_tensors(
    name: str, architecture: Architecture, tensors: Mapping[str, np.ndarray]
) -> None:
    """Compare names, shapes and types with the architecture, whose sizes are then believed."""
    # every layer has weights, so a larger number is false, and would take long to list
    plausible = architecture.num_layers <= len(tensors)
    expected = {}
    if plausible:
        expected = architecture.parameter_shapes() | architecture.buffer_shapes()
    if not plausible or expected.keys() != tensors.keys():
        fault = "its weights are not those of the network that its card describes"
        raise _KIND.damaged(name, fault)
    for key, shape in expected.items():
        check_tensor(name, _KIND, key, tensors[key], (shape, architecture.dtype))
        if not np.isfinite(tensors[key]).all():
            fault = f"{key} holds NaN or infinity, expected finite numbers"
            raise _KIND.damaged(name, fault)
        if "running_var" in key and (tensors[key] < 0).any():
            raise _KIND.damaged(name, f"{key} holds a negative variance")
