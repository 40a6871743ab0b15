"""The layers of a Keras model as its configuration lists them, in a file or in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastgru.errors import ConfigurationError, ModelFileError
from fastgru.interop.keras_cells import KerasVersion, is_recurrent, read_version
from fastgru.interop.keras_graph import Node, connections, read_node

_GRAPHS = ("Sequential", "Functional", "Model")


@dataclass(frozen=True)
class LayerRecord:
    """One layer of a model.

    Attributes
    ----------
    name : str
    class_name : str or None
        None in a file that holds weights alone, where :attr:`looks_recurrent` stands for it.
    config : mapping
    inputs : tuple of str
        The layers whose outputs it takes; one that is called twice has those of both calls.  An
        array that it takes stands among them as ``__tensor__`` or ``__numpy__`` (Keras 3), or
        ``_CONSTANT_VALUE`` (Keras 2).
    read : callable
        Returns its arrays, as ``get_weights()`` does.
    looks_recurrent : bool
    holds_recurrent : bool
        Whether recurrent layers are nested in it, as in a model that is a layer of another.
    """

    name: str
    class_name: str | None
    config: Mapping[str, Any]
    inputs: tuple[str, ...]
    read: Callable[[], list[np.ndarray]]
    looks_recurrent: bool
    holds_recurrent: bool = False

    @property
    def described(self) -> str:
        """The layer as messages name it."""
        return repr(self.name) + (f" ({self.class_name})" if self.class_name else "")


@dataclass(frozen=True)
class KerasModel:
    """The layers of a model in the order of its configuration.

    Attributes
    ----------
    where : str
        What messages call it.
    version : KerasVersion
        Of the Keras that wrote it.
    layers : tuple of LayerRecord
    """

    where: str
    version: KerasVersion
    layers: tuple[LayerRecord, ...]

    def with_config(self, name: str, config: Mapping[str, Any]) -> KerasModel:
        """Return the model with other entries in the configuration of one layer."""
        layers = [
            replace(layer, config={**layer.config, **config}) if layer.name == name else layer
            for layer in self.layers
        ]
        return replace(self, layers=tuple(layers))


@dataclass(frozen=True)
class LayerEntry:
    """A layer in the configuration of a model.  Attributes as of :class:`LayerRecord`."""

    name: str
    class_name: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]

    def record(self, read: Callable[[], list[np.ndarray]]) -> LayerRecord:
        """Return the layer with its arrays."""
        recurrent = is_recurrent(self.class_name)
        nested = (one.get("class_name") for one in nested_entries(self.config))
        holds = not recurrent and any(is_recurrent(name) for name in nested)
        return LayerRecord(
            self.name, self.class_name, self.config, self.inputs, read, recurrent, holds
        )


def nested_entries(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a configuration and all mappings that are nested in it."""
    waiting: list[object] = [config]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Mapping):
            yield found
            waiting += found.values()
        elif isinstance(found, list | tuple):
            waiting += found


def read_entries(where: str, config: object) -> list[LayerEntry]:
    """Return the layers of the configuration of a model.

    Parameters
    ----------
    where
        What messages call the model.
    config
        ``{"class_name": ..., "config": ...}`` of a Sequential or a functional model.

    Raises
    ------
    ConfigurationError
        If the model is of another class, whose layers only its own code connects.
    ModelFileError
        If something is missing or of a wrong type.
    """
    class_name = _entry(where, config, "class_name", str)
    if class_name not in _GRAPHS:
        raise ConfigurationError(
            f"{where}: expected a Sequential or functional model, found class {class_name!r}, "
            "whose layers only its own code connects. Pass get_weights() and get_config() of one "
            "layer."
        )
    # The configuration of a Sequential was a list until Keras 2.2.2.
    inner = _entry(where, config, "config", list | dict)
    layers = inner if isinstance(inner, list) else _entry(where, inner, "layers", list)
    nodes = [_read_node(where, layer) for layer in layers]
    names = [name for name, _ in nodes]
    if len(set(names)) != len(names):
        raise ModelFileError(
            f"{where}: expected layers of different names, found {names}. Write the file again."
        )
    if class_name == "Sequential":
        inputs = {name: tuple(names[max(n - 1, 0) : n]) for n, name in enumerate(names)}
    else:
        inputs = connections(dict(nodes))
    return [
        LayerEntry(name, node.class_name, node.config, inputs[name])
        for name, node in nodes
        if name in inputs
    ]


def _read_node(where: str, layer: object) -> tuple[str, Node]:
    config = _entry(where, layer, "config", dict)
    name = _entry(where, config if "name" in config else layer, "name", str)
    calls = layer.get("inbound_nodes") if isinstance(layer, Mapping) else None
    return name, read_node(_entry(where, layer, "class_name", str), config, calls)


def _entry(where: str, mapping: object, key: str, kind: Any) -> Any:
    found = mapping.get(key) if isinstance(mapping, Mapping) else None
    if not isinstance(found, kind):
        raise ModelFileError(
            f"{where}: expected the configuration of a model of Keras, with {key!r} in each entry, "
            f"found {type(found).__name__}. Write the file again, with save()."
        )
    return found


def live_version(source: Any) -> KerasVersion:
    """Return the version of the Keras that a layer in memory belongs to."""
    package = sys.modules.get(type(source).__module__.partition(".")[0])
    return read_version(getattr(package, "__version__", "3"))


def live_model(source: Any, version: KerasVersion) -> KerasModel:
    """Return the layers of a model in memory.

    Raises
    ------
    ConfigurationError
        If the model is neither Sequential nor functional.
    """
    where = f"model {source.name!r}"
    entries = read_entries(
        where, {"class_name": type(source).__name__, "config": source.get_config()}
    )
    layers = {layer.name: layer for layer in source.layers}
    records = [entry.record(_reader(layers.get(entry.name))) for entry in entries]
    return KerasModel(where, version, tuple(records))


def _reader(layer: Any) -> Callable[[], list[np.ndarray]]:
    # A Sequential lists its input in its configuration, and not among its layers.
    return list if layer is None else lambda: list(layer.get_weights())
