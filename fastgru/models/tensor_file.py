"""Files of tensors with a JSON card about them: what the model file and the checkpoint share.

The format is safetensors; the card is one entry of the header's metadata (of several, safetensors
does not keep the order).  Nothing in a file is executed or unpickled, and no array is larger than
the file.  A checksum in the card covers the rest of it and the tensors.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import save

from fastgru.data.writing import atomic_write_bytes
from fastgru.errors import FastgruError, reason_of

__all__ = [
    "FileKind",
    "add_checksum",
    "check_tensor",
    "digest_tensors",
    "parse_card",
    "read_tensors",
    "write_tensors",
]

_MAX_DEPTH = 32
"""Lists and objects of a card inside each other; Python cannot walk through any number of them."""


@dataclass(frozen=True)
class FileKind:
    """One kind of file, and the words of its messages.

    Attributes
    ----------
    noun
        What messages call such a file, such as "model file".
    name
        The noun in "written in ... format 2".
    key
        Entry of the metadata that holds the card.
    version
        Latest format version.
    max_bytes
        Largest file that is opened.
    expected
        What messages name after "expected".
    cure
        What to do about a damaged file.
    error
        Raised for every file that cannot be used.
    find_fault
        Returns what is wrong with a card, or None.
    """

    noun: str
    name: str
    key: str
    version: int
    max_bytes: int
    expected: str
    cure: str
    error: type[FastgruError]
    find_fault: Callable[[object], str | None]

    def damaged(self, name: str, fault: str) -> FastgruError:
        """Return the error of a file that contradicts itself.

        Parameters
        ----------
        name
        fault
            What is wrong, after the name and without a full stop.
        """
        return self.error(f"{name}: {fault}. The file is damaged. {self.cure}")


def digest_tensors(tensors: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of names and content of tensors, in the order of the names.

    Parameters
    ----------
    tensors
    """
    digest = hashlib.sha256()
    _take_in(digest, tensors)
    return digest.hexdigest()


def add_checksum(
    card: Mapping[str, Any], version: int, tensors: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Return a card with its format version and its checksum.

    Raises
    ------
    TypeError, ValueError, RecursionError
        If it cannot be written as JSON, or is nested too deep to be read.
    """
    full = {**card, "format_version": version}
    _refuse_deep(full)
    return {**full, "sha256": _checksum(full, tensors)}


def write_tensors(
    path: str | os.PathLike[str],
    kind: FileKind,
    card: Mapping[str, Any],
    tensors: Mapping[str, np.ndarray],
) -> None:
    """Write a file; it appears under its name only when it is complete.

    The same card and tensors give the same bytes.

    Parameters
    ----------
    path
    kind
    card
        From :func:`add_checksum`.
    tensors
    """
    content = save(
        {name: np.ascontiguousarray(value) for name, value in tensors.items()},
        metadata={kind.key: json.dumps(card, sort_keys=True, allow_nan=False)},
    )
    with atomic_write_bytes(path) as file:
        file.write(content)


def read_tensors(
    path: str | os.PathLike[str], kind: FileKind
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the card and the tensors of a file.

    Raises
    ------
    FastgruError
        ``kind.error``: if it cannot be read, is of another kind, was written by a newer format,
        or its card or its checksum is wrong.
    """
    name = os.fspath(path)
    _check_size(name, kind)
    try:
        with safetensors.safe_open(name, framework="numpy") as file:
            card = _parse_card(name, kind, file.metadata() or {})
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except kind.error:
        raise
    # safetensors lets through what NumPy raises for types of numbers that it does not have
    except (safetensors.SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:
        raise kind.error(
            f"{name}: not a readable {kind.noun} ({error}), expected {kind.expected}. {kind.cure}"
        ) from error
    if card.get("sha256") != _checksum(card, tensors):
        raise kind.damaged(name, "its content does not match its checksum")
    fault = kind.find_fault(card)
    if fault is not None:
        raise kind.damaged(name, f"in its card, {fault}")
    return card, tensors


def parse_card(text: str) -> object:
    """Return what the text of a card says.

    Parameters
    ----------
    text
        JSON of finite numbers.

    Raises
    ------
    ValueError, RecursionError
        If it is no such text, or nested too deep.
    """
    card: object = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    _refuse_deep(card)
    return card


def check_tensor(
    name: str, kind: FileKind, key: str, found: np.ndarray, expected: tuple[tuple[int, ...], str]
) -> None:
    """Refuse a tensor of another shape or type than expected.

    Parameters
    ----------
    name
        Of the file.
    kind
    key
        Name of the tensor.
    found
    expected
        Shape and type.

    Raises
    ------
    FastgruError
        ``kind.error``
    """
    shape, dtype = expected
    if found.shape != shape or found.dtype != dtype:
        fault = f"{key} is {found.dtype} {found.shape}, expected {dtype} {shape}"
        raise kind.damaged(name, fault)


def _check_size(name: str, kind: FileKind) -> None:
    try:
        size = os.stat(name).st_size
    except (OSError, ValueError) as error:
        raise kind.error(f"{name}: cannot be read ({reason_of(error)}). Check the path.") from error
    if not os.path.isfile(name):
        found = "a folder" if os.path.isdir(name) else "not an ordinary file"
        raise kind.error(f"{name}: is {found}, expected a {kind.noun}. Check the path.")
    if size > kind.max_bytes:
        raise kind.error(
            f"{name}: is {size} bytes long, expected at most {kind.max_bytes}. Check the path."
        )


def _parse_card(name: str, kind: FileKind, metadata: Mapping[str, str]) -> dict[str, Any]:
    if kind.key not in metadata:
        found = "a safetensors file without a fastgru card"
        if any(key.startswith("fastgru") for key in metadata):
            found = "a fastgru file of another kind"  # such as a checkpoint for a model
        raise kind.error(f"{name}: {found}, expected {kind.expected}. Check the path.")
    try:
        card = parse_card(metadata[kind.key])
    except (ValueError, RecursionError) as error:
        raise kind.damaged(name, f"its card is not JSON ({error})") from error
    version = card.get("format_version") if isinstance(card, dict) else None
    if type(version) is int and version > kind.version:
        raise kind.error(
            f"{name}: written in {kind.name} format {version}, this fastgru reads formats up to "
            f"{kind.version}. Update fastgru."
        )
    if type(version) is not int or version < 1:
        raise kind.damaged(name, "in its card, format_version is missing")
    assert isinstance(card, dict)
    return card


def _checksum(card: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of the card's JSON, keys sorted, and of the tensors, names sorted."""
    covered = {key: value for key, value in card.items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(covered, sort_keys=True, allow_nan=False).encode())
    _take_in(digest, tensors)
    return digest.hexdigest()


def _take_in(digest: hashlib._Hash, tensors: Mapping[str, np.ndarray]) -> None:
    for key in sorted(tensors):
        digest.update(key.encode() + b"\0")
        # as bytes without a copy: an array may be as large as the file
        digest.update(np.ascontiguousarray(tensors[key]).reshape(-1).view(np.uint8).data)


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    if not math.isfinite(float(text)):  # such as 1e999
        raise ValueError(f"{text} is out of range")
    return float(text)


def _refuse_deep(card: object) -> None:
    """Refuse what is nested so deep that the functions that walk through it would give up.

    Raises
    ------
    ValueError
    """
    level = [card]
    for _ in range(_MAX_DEPTH):
        if not level:
            return
        level = [
            entry
            for value in level
            if isinstance(value, dict | list | tuple)
            for entry in (value.values() if isinstance(value, dict) else value)
        ]
    raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")
