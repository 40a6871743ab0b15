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
import safetensors

from fastgru.errors import ConfigurationError, ModelFileError, shorten
from fastgru.models.architecture import Architecture
from fastgru.models.card_schema import (
    ENSEMBLE_FORMAT_VERSION,
    FORMAT_VERSION,
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
        If :func:`read_model` would refuse the card, or it is too long.
    """
    try:
        full = add_checksum(card, format_version_of(card), tensors)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"model card: cannot be written as JSON ({error}), expected text, finite numbers, "
            "lists and objects. Correct the extra entries."
        ) from error
    fault = find_fault(json.loads(json.dumps(full)))
    if fault is not None:
        raise ConfigurationError(f"model card: {fault}. Correct the extra entries.")
    try:
        write_tensors(path, _KIND, full, tensors)
    except safetensors.SafetensorError as error:  # the header has a limit of 100 MB
        raise ConfigurationError(
            f"model card: is {len(json.dumps(full))} bytes long, expected less than 100,000,000. "
            "Leave extra entries out, or average fewer models."
        ) from error


def read_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If it cannot be read, is not a fastgru model, was written by a newer format, or
        contradicts itself.
    """
    return join_model(os.fspath(path), *read_tensors(path, _KIND))


def join_model(name: str, card: dict[str, Any], tensors: dict[str, np.ndarray]) -> SavedModel:
    """Return what a card and tensors hold together.

    Parameters
    ----------
    name
        Of the file that they come from, for messages.
    card
        In which :func:`fastgru.models.card_schema.find_fault` has found nothing.
    tensors

    Raises
    ------
    ModelFileError
        If they contradict each other.
    """
    if not is_ensemble(card):
        return SavedModel(card, tensors, (_take_network(name, card, tensors),))
    shared = {key: value for key, value in card.items() if key in MEMBERS_SHARE}
    networks, left = [], _by_member(tensors)
    for number, own in enumerate(card["members"]):
        weights = left.pop(member_prefix(number), {})
        networks.append(_take_network(name, {**shared, **own}, weights))
    if left:
        names = [f"{prefix}{key}".rstrip(".") for prefix, own in left.items() for key in own]
        raise _KIND.damaged(name, f"no network of its card has the weights {shorten(names)}")
    return SavedModel(card, tensors, tuple(networks))


def format_version_of(card: Mapping[str, Any]) -> int:
    """Return the version of the format in which a card is written: that of an ensemble or not."""
    return ENSEMBLE_FORMAT_VERSION if "members" in card else FORMAT_VERSION


def member_prefix(number: int) -> str:
    """Return what precedes the names of the weights of a network of an ensemble."""
    return f"members.{number}."


def _by_member(tensors: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Return the weights of each network by its prefix, and by their own names."""
    # in one pass, or a file with many small networks would take the square of their number
    networks: dict[str, dict[str, np.ndarray]] = {}
    for key in sorted(tensors):
        word, number, own = (*key.split(".", 2), "", "")[:3]
        networks.setdefault(f"{word}.{number}.", {})[own] = tensors[key]
    return networks


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
