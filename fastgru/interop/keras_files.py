"""Reading the files of Keras 1 to 3 with h5py and json: nothing is unpickled or executed.

==================  ===========================================================================
``.keras``          a zip archive of config.json, metadata.json and model.weights.h5
``.weights.h5``     arrays under ``layers/<class>_<number>/cell/vars/<n>``, or
                    ``<attribute>/cell/vars/<n>`` of a subclassed model
``.h5``, ``.hdf5``  arrays under the layers' names, whose order attributes state; that of a whole
                    model has the configuration in an attribute and the arrays in model_weights
==================  ===========================================================================
"""

from __future__ import annotations

import io
import json
import mmap
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from fastgru.errors import ModelFileError, display_name
from fastgru.interop.hdf5 import MAX_EXPANSION, Hdf5File, check_heaps, naming_damage
from fastgru.interop.keras_cells import read_version
from fastgru.interop.keras_records import KerasModel, LayerEntry, LayerRecord, read_entries

_ZIP_SIGNATURE = b"PK\x03\x04"
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
_OF_CELL = re.compile(r"(^|/)cell/vars$")
_OF_LAYER = re.compile(r"((for|back)ward_layer/)?cell/vars$")
"""Cells of a layer itself, alone or both ways; others belong to what is nested in it."""
_SMALLEST = 1 << 20
_LEGACY_RECURRENT = re.compile(r"(recurrent_kernel|_U(_[zrhicfo])?)(:\d+)?$")
_LEGACY_BACKWARD = re.compile(r"(^|/)backward_")


@contextmanager
def open_model(path: str | os.PathLike[str], keras_version: object = None) -> Iterator[KerasModel]:
    """Open a file of Keras; its arrays can be read until it is closed.

    Parameters
    ----------
    path
        A ``.keras`` archive, a whole model in HDF5, or weights alone.
    keras_version
        In the place of the one that the file states.

    Yields
    ------
    KerasModel

    Raises
    ------
    ConfigurationError
        If the layers of the model are not listed.
    FastgruError
        If h5py is missing.
    ModelFileError
        If the file is none of these, or damaged.
    """
    where = display_name(path)
    with naming_damage(where):
        n_bytes, parts = _look_through(where, path)
        source = io.BytesIO(parts["model.weights.h5"]) if parts else path
        hdf5 = Hdf5File(source, where, n_bytes)
    with closing(hdf5):
        with naming_damage(where):
            read = _read_archive if parts else _read_hdf5
            model = read(where, hdf5, parts, keras_version)
        # What the caller does with the model is no fault of the file; its arrays are read later.
        layers = [replace(one, read=naming_damage(where)(one.read)) for one in model.layers]
        yield replace(model, layers=tuple(layers))


def _look_through(where: str, path: str | os.PathLike[str]) -> tuple[int, dict[str, bytes]]:
    """Return the size of a file and the members of an archive, once their heaps are checked."""
    with open(path, "rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size
        if file.read(len(_ZIP_SIGNATURE)) == _ZIP_SIGNATURE:
            parts = _unpack(where, path, n_bytes)
            check_heaps(where, parts["model.weights.h5"])
            return n_bytes, parts
        if n_bytes:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                check_heaps(where, content)
    return n_bytes, {}


def _unpack(where: str, path: str | os.PathLike[str], n_bytes: int) -> dict[str, bytes]:
    """Return the members of an archive, none of which may be much larger than the archive."""
    limit = max(_SMALLEST, MAX_EXPANSION * n_bytes)
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: member for member in archive.infolist()}
        parts: dict[str, bytes] = {}
        for name in ("config.json", "metadata.json", "model.weights.h5"):
            if name not in members:
                raise ModelFileError(
                    f"{where}: expected an archive with {name}, found {sorted(members)[:5]}. Write "
                    "it with model.save('name.keras')."
                )
            limit -= members[name].file_size
            if limit < 0:
                raise ModelFileError(
                    f"{where}: expected at most {MAX_EXPANSION} bytes for each of the archive, "
                    f"found {members[name].file_size} declared for {name}. Copy the file again."
                )
            parts[name] = archive.read(name)
    return parts


def _read_archive(
    where: str, hdf5: Hdf5File, parts: dict[str, bytes], keras_version: object
) -> KerasModel:
    metadata, config = (json.loads(parts[name]) for name in ("metadata.json", "config.json"))
    if keras_version is None:
        keras_version = metadata["keras_version"]
    entries = read_entries(where, config)
    groups = _NumberedGroups(where, hdf5)
    records = [_numbered_record(groups, entry, entries) for entry in entries]
    return KerasModel(where, read_version(keras_version, where), tuple(records))


def _numbered_record(
    groups: _NumberedGroups, entry: LayerEntry, entries: list[LayerEntry]
) -> LayerRecord:
    stem = _snake_case(entry.class_name)
    # Two classes may share a stem; their groups are numbered together.
    same = [one.name for one in entries if _snake_case(one.class_name) == stem]
    return entry.record(lambda: groups.read(stem, same.index(entry.name), len(same)))


def _read_hdf5(
    where: str, hdf5: Hdf5File, parts: dict[str, bytes], keras_version: object
) -> KerasModel:
    config_text = hdf5.text(hdf5.root, "model_config")
    group = hdf5.root if config_text is None else hdf5.member(hdf5.root, "model_weights")
    if group is None:
        raise hdf5.fault("none", "a group model_weights beside the configuration")
    names = hdf5.texts(group, "layer_names")
    if names is None:
        return _read_numbered_weights(where, hdf5, keras_version or "3")
    if keras_version is None:
        found = hdf5.text(group, "keras_version") or hdf5.text(hdf5.root, "keras_version")
        keras_version = found or "1"  # which wrote no version
    version = read_version(keras_version, where)
    if config_text is None:
        records = [_legacy_weights_record(hdf5, group, name) for name in names]
        return KerasModel(where, version, tuple(records))
    entries = read_entries(where, json.loads(config_text))
    known = set(names)
    return KerasModel(
        where,
        version,
        tuple(one.record(_legacy_reader(hdf5, group, one.name, known)) for one in entries),
    )


def _legacy_reader(hdf5: Hdf5File, group: Any, name: str, known: set[str]) -> Any:
    def read() -> list[np.ndarray]:
        # Keras 1 and 2 list the layers that have no arrays, too; a Sequential of Keras 3 does not
        # list its input.
        return _legacy_arrays(hdf5, group, name) if name in known else []

    return read


def _legacy_arrays(hdf5: Hdf5File, group: Any, name: str) -> list[np.ndarray]:
    layer = hdf5.member(group, name)
    names = None if layer is None else hdf5.texts(layer, "weight_names")
    if names is None:
        raise hdf5.fault("none", f"a group {name!r} with weight_names")
    return [hdf5.array(layer, one) for one in names]


def _legacy_weights_record(hdf5: Hdf5File, group: Any, name: str) -> LayerRecord:
    layer = hdf5.member(group, name)
    names = (None if layer is None else hdf5.texts(layer, "weight_names")) or []
    # Keras 1 has one recurrent array for each gate, in the same layer.
    stems = {_LEGACY_RECURRENT.sub("", one) for one in names if _LEGACY_RECURRENT.search(one)}
    both = any(_LEGACY_BACKWARD.search(one) for one in stems)
    nested = len(stems) > (2 if both else 1)
    read = partial(_legacy_arrays, hdf5, group, name)
    return LayerRecord(name, None, {}, (), read, bool(stems) and not nested, nested)


def _read_numbered_weights(where: str, hdf5: Hdf5File, keras_version: object) -> KerasModel:
    """Return the layers of a file of weights alone, whose order it does not tell."""
    groups = _NumberedGroups(where, hdf5)
    records = [
        LayerRecord(groups.own_name(key), None, {}, (), partial(groups.arrays, key), *kinds)
        for key, kinds in groups.keys().items()
    ]
    if not records:
        raise hdf5.fault(f"{sorted(hdf5.root)[:5]}", "layers, or the attribute layer_names")
    return KerasModel(where, read_version(keras_version, where), tuple(records))


class _NumberedGroups:
    """The groups of layers in the format of Keras 3, such as ``gru``, ``gru_1`` and ``dense``.

    Numbers grow with the layers of a class, not always by one: tf.keras 2.13 counts a layer twice.
    Names that Keras wrote on Windows have backslashes.
    """

    def __init__(self, where: str, hdf5: Hdf5File) -> None:
        self._where, self._hdf5 = where, hdf5
        self._arrays: dict[str, list[tuple[str, str]]] = {}
        found = [
            (path.replace("\\", "/").split("/"), path, sorted(names, key=_number))
            for path, names in hdf5.arrays_by_group().items()
        ]
        contained = [one for one in found if one[0][0] in _CONTAINERS]
        # A subclassed model has no container: its layers are named after its attributes.
        start = 1 if contained else 0
        for parts, path, names in contained or found:
            if len(parts) >= start + 2 and parts[-1] == "vars":
                inner = "/".join(parts[start + 1 :])
                entries = [(inner, f"{path}/{name}") for name in names]
                self._arrays.setdefault(parts[start], []).extend(entries)

    def keys(self) -> dict[str, tuple[bool, bool]]:
        """Return the groups that have arrays, whether each is recurrent, or holds such layers."""
        kinds = {}
        for key, found in self._arrays.items():
            cells = [inner for inner, _ in found if _OF_CELL.search(inner)]
            own = all(_OF_LAYER.fullmatch(inner) for inner in cells)
            if found:
                kinds[key] = (bool(cells) and own, not own)
        return kinds

    def own_name(self, key: str) -> str:
        """Return the name that a layer has in its model, if the file tells, or its group's."""
        for container in _CONTAINERS:
            group = self._hdf5.member(self._hdf5.root, f"{container}/{key}/vars")
            name = None if group is None else self._hdf5.text(group, "name")
            if name:
                return name
        return key

    def read(self, stem: str, place: int, n_layers: int) -> list[np.ndarray]:
        """Return the arrays of one of the layers of a class."""
        keys = [key for key in self._arrays if re.fullmatch(rf"{re.escape(stem)}(_\d+)?", key)]
        if len(keys) == n_layers:
            return self.arrays(sorted(keys, key=lambda key: _number(key[len(stem) :]))[place])
        if not any(self._arrays[key] for key in keys):
            return []
        raise self._hdf5.fault(f"{len(keys)}", f"{n_layers} groups {stem!r}, one for each layer")

    def arrays(self, key: str) -> list[np.ndarray]:
        """Return the arrays of a group, forward before backward.

        Those of a recurrent layer are its cell's: beside them may stand the state of a generator
        of random numbers.
        """
        found = sorted(self._arrays[key], key=lambda one: "backward_layer" in one[0])
        found = [one for one in found if _OF_CELL.search(one[0])] or found
        return [self._hdf5.array(self._hdf5.root, path) for _, path in found]


def _number(name: str) -> int:
    match = re.search(r"(\d+)$", name)
    return int(match[1]) if match else 0


def _snake_case(name: str) -> str:
    """Return the name that Keras gives to the groups of a class, such as simple_rnn."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
