"""The model file: safetensors with a JSON card in its header.

Weights stand under the names of :class:`fastgru.models.network.SequenceNetwork`; the card is the
header's one metadata entry, ``fastgru`` (of several, safetensors does not keep the order).  Nothing
in a file is executed or unpickled, and no size that it states is believed before it agrees with the
tensors that are there.  A checksum in the card covers the rest of it and the weights.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import save

from fastgru.data.files import atomic_write_bytes
from fastgru.errors import ConfigurationError, ModelFileError
from fastgru.models.architecture import Architecture
from fastgru.models.card_schema import ARCHITECTURE, find_fault

FORMAT_VERSION = 1
_KEY = "fastgru"
_MAX_BYTES = 1 << 31
_EXPECTED = "expected one written by 'fastgru train'"
_CURE = "Check the path, or copy the file again."


@dataclass(frozen=True)
class SavedModel:
    """What a model file holds.

    Attributes
    ----------
    card
        The JSON card; see ``docs/file-formats.md``.
    architecture
    tensors
        Weights by name.
    """

    card: dict[str, Any]
    architecture: Architecture
    tensors: dict[str, np.ndarray]


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
    full = {**card, "format_version": FORMAT_VERSION}
    try:
        full["sha256"] = _checksum(full, tensors)
        text = json.dumps(full, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"model card: cannot be written as JSON ({error}), expected text, finite numbers, "
            "lists and objects. Correct the extra entries."
        ) from error
    fault = find_fault(json.loads(text))
    if fault is not None:
        raise ConfigurationError(f"model card: {fault}. Correct the extra entries.")
    content = save(
        {name: np.ascontiguousarray(value) for name, value in tensors.items()},
        metadata={_KEY: text},
    )
    with atomic_write_bytes(path) as file:
        file.write(content)


def read_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If it cannot be read, is not a fastgru model, was written by a newer format, or
        contradicts itself.
    """
    name = os.fspath(path)
    _check_size(name)
    try:
        with safetensors.safe_open(name, framework="numpy") as file:
            metadata = file.metadata() or {}
            card = _parse_card(name, metadata.get(_KEY))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except ModelFileError:
        raise
    # safetensors lets through what NumPy raises for types of numbers that it does not have
    except (safetensors.SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(
            f"{name}: not a readable model file ({error}), {_EXPECTED}. {_CURE}"
        ) from error
    _check_content(name, card, tensors)
    fields = {field: card["architecture"][field] for field in ARCHITECTURE}
    architecture = Architecture(**{**fields, "pooling": tuple(fields["pooling"])})
    if len(card["classes"]) != architecture.n_classes:
        raise ModelFileError(
            f"{name}: its card names {len(card['classes'])} classes for a network with "
            f"{architecture.n_classes}. The file is damaged. {_CURE}"
        )
    _check_tensors(name, architecture, tensors)
    return SavedModel(card, architecture, tensors)


def _check_size(name: str) -> None:
    try:
        size = os.stat(name).st_size
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ModelFileError(
            f"{name}: cannot be read ({(reason or str(error)).lower()}). Check the path."
        ) from error
    if not os.path.isfile(name):
        found = "a folder" if os.path.isdir(name) else "not an ordinary file"
        raise ModelFileError(f"{name}: is {found}, expected a model file. Check the path.")
    if size > _MAX_BYTES:
        raise ModelFileError(
            f"{name}: is {size} bytes long, expected at most {_MAX_BYTES}. Check the path."
        )


def _parse_card(name: str, text: str | None) -> dict[str, Any]:
    if text is None:
        raise ModelFileError(
            f"{name}: a safetensors file without a fastgru card, {_EXPECTED}. Check the path."
        )
    try:
        card = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"{name}: its card is not JSON ({error}). The file is damaged. {_CURE}"
        ) from error
    version = card.get("format_version") if isinstance(card, dict) else None
    if type(version) is int and version > FORMAT_VERSION:
        raise ModelFileError(
            f"{name}: written in model format {version}, this fastgru reads formats up to "
            f"{FORMAT_VERSION}. Update fastgru."
        )
    if type(version) is not int or version < 1:
        raise ModelFileError(
            f"{name}: in its card, format_version is missing. The file is damaged. {_CURE}"
        )
    assert isinstance(card, dict)
    return card


def _check_content(name: str, card: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> None:
    if card.get("sha256") != _checksum(card, tensors):
        raise ModelFileError(
            f"{name}: its content does not match its checksum. The file is damaged. {_CURE}"
        )
    fault = find_fault(card)
    if fault is not None:
        raise ModelFileError(f"{name}: in its card, {fault}. The file is damaged. {_CURE}")


def _checksum(card: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of the card's JSON, keys sorted, and of the weights, names sorted."""
    covered = {key: value for key, value in card.items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(covered, sort_keys=True, allow_nan=False).encode())
    for key in sorted(tensors):
        digest.update(key.encode() + b"\0")
        digest.update(np.ascontiguousarray(tensors[key]).tobytes())
    return digest.hexdigest()


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _check_tensors(
    name: str, architecture: Architecture, tensors: Mapping[str, np.ndarray]
) -> None:
    """Compare names, shapes and types with the architecture, whose sizes are then believed."""
    # every layer has weights, so a larger number is false, and would take long to list
    plausible = architecture.num_layers <= len(tensors)
    expected = architecture.parameter_shapes() if plausible else {}
    if expected.keys() != tensors.keys():
        raise ModelFileError(
            f"{name}: its weights are not those of the network that its card describes. "
            f"The file is damaged. {_CURE}"
        )
    for key, shape in expected.items():
        found = tensors[key]
        if found.shape != shape or found.dtype != architecture.dtype:
            raise ModelFileError(
                f"{name}: {key} is {found.dtype} {found.shape}, expected {architecture.dtype} "
                f"{shape}. The file is damaged. {_CURE}"
            )
        if not np.isfinite(found).all():
            raise ModelFileError(
                f"{name}: {key} holds NaN or infinity, expected finite numbers. "
                f"The file is damaged. {_CURE}"
            )
