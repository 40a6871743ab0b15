"""The model file: safetensors with a JSON card in its header.

Weights stand under the names of :class:`fastgru.models.network.SequenceNetwork`; the card is the
header's one metadata entry, ``fastgru``.  Nothing in a file is executed or unpickled, and no size
that it states is believed before it agrees with the tensors that are there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import save

from fastgru.data.files import atomic_write_bytes
from fastgru.errors import ModelFileError
from fastgru.models.architecture import POOLINGS, Architecture

FORMAT_VERSION = 1
_KEY = "fastgru"
_MAX_BYTES = 1 << 31


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
    """
    full = {"format_version": FORMAT_VERSION, **card}
    content = save(
        {name: np.ascontiguousarray(value) for name, value in tensors.items()},
        metadata={_KEY: json.dumps(full, sort_keys=True, allow_nan=False)},
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
    except (safetensors.SafetensorError, OSError, TypeError, ValueError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(
            f"{name}: not a readable model file ({error}), expected one written by "
            "'fastgru train'. Check the path, or copy the file again."
        ) from error
    architecture = _parse_architecture(name, card)
    _check_tensors(name, architecture, tensors)
    return SavedModel(card, architecture, tensors)


def _check_size(name: str) -> None:
    try:
        size = os.stat(name).st_size
    except OSError as error:
        raise ModelFileError(
            f"{name}: cannot be read ({(error.strerror or str(error)).lower()}). Check the path."
        ) from error
    if os.path.isdir(name) or size > _MAX_BYTES:
        found = "a folder" if os.path.isdir(name) else f"{size} bytes long"
        raise ModelFileError(
            f"{name}: is {found}, expected a model file of at most {_MAX_BYTES} bytes."
        )


def _parse_card(name: str, text: str | None) -> dict[str, Any]:
    if text is None:
        raise ModelFileError(
            f"{name}: a safetensors file without a fastgru card, expected one written by "
            "'fastgru train'."
        )
    card = json.loads(text)
    version = card.get("format_version") if isinstance(card, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ModelFileError(f"{name}: its card has no format version. The file is damaged.")
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"{name}: written in model format {version}, this fastgru reads formats up to "
            f"{FORMAT_VERSION}. Update fastgru."
        )
    assert isinstance(card, dict)
    return card


_FIELDS: dict[str, type] = {
    "n_letters": int,
    "n_classes": int,
    "n_positions": int,
    "embedding_size": int,
    "hidden_size": int,
    "num_layers": int,
    "bidirectional": bool,
    "pooling": list,
    "dropout": float,
    "dtype": str,
}


def _parse_architecture(name: str, card: Mapping[str, Any]) -> Architecture:
    fields: Any = card.get("architecture")
    if not isinstance(fields, dict) or fields.keys() != _FIELDS.keys():
        raise ModelFileError(f"{name}: its card describes no network. The file is damaged.")
    for key, kind in _FIELDS.items():
        value: Any = fields[key]
        if type(value) is not kind or (type(value) is int and not 0 <= value < 1 << 31):
            raise ModelFileError(f"{name}: {key} in its card is {value!r}. The file is damaged.")
    pooled = all(entry in POOLINGS for entry in fields["pooling"]) and bool(fields["pooling"])
    if not pooled or fields["dtype"] not in ("float32", "float64"):
        raise ModelFileError(f"{name}: unknown dtype or pooling in its card. The file is damaged.")
    classes: Any = card.get("classes")
    alphabet = card.get("alphabet")
    named = isinstance(classes, list) and all(isinstance(entry, str) for entry in classes)
    if not named or len(classes) != fields["n_classes"] or not isinstance(alphabet, str):
        raise ModelFileError(f"{name}: classes or alphabet missing in its card.")
    return Architecture(**{**fields, "pooling": tuple(fields["pooling"])})


def _check_tensors(
    name: str, architecture: Architecture, tensors: Mapping[str, np.ndarray]
) -> None:
    """Compare names, shapes and types with the architecture, whose sizes are then believed."""
    # every layer has weights, so a larger number is false, and would take long to list
    plausible = architecture.num_layers <= len(tensors)
    expected = architecture.parameter_shapes() if plausible else {}
    if expected.keys() != tensors.keys():
        raise ModelFileError(
            f"{name}: its weights are not those of the network that its card describes."
        )
    for key, shape in expected.items():
        found = tensors[key]
        if found.shape != shape or found.dtype != architecture.dtype:
            raise ModelFileError(
                f"{name}: {key} is {found.dtype} {found.shape}, expected {architecture.dtype} "
                f"{shape}. The file is damaged."
            )
