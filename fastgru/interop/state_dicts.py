"""State dicts of PyTorch, from files and whole models: which recurrent layers they hold."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import safetensors

from fastgru.errors import ConfigurationError, FastgruError, shorten
from fastgru.packages import require_torch

_NAME = re.compile(r"(|.*\.)((?:weight|bias)_(?:ih|hh|hr)_l\d+(?:_reverse)?)")
"""A prefix, which ends with a point, and the name of a parameter of a recurrent layer."""

_PARTS = re.compile(r"((?:weight|bias)_(?:ih|hh))_l(\d+)(_reverse|)")
"""Kind, layer and direction of a parameter."""

_TYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}
"""Of the numbers of a safetensors file; NumPy has no bfloat16, so its bits stand for it."""

_FLOATS = ("float64", "float32", "float16", "bfloat16")
"""Types of numbers that weights may have."""

_STARTS = (b"PK", b"\x80")
"""Of what ``torch.save`` writes: an archive, before PyTorch 1.6 a pickle."""


class _Unread(NamedTuple):
    """A tensor of a file whose numbers NumPy does not have."""

    dtype: str


class Found(NamedTuple):
    """The parameters of one recurrent layer.

    Attributes
    ----------
    where
        What messages call their source.
    arrays
        float32 or float64 by PyTorch's names.
    """

    where: str
    arrays: dict[str, np.ndarray]

    @property
    def gates(self) -> int:
        """Gates stacked in each weight, by its shape: 1, 3 or 4.

        Raises
        ------
        ConfigurationError
            For other shapes.
        """
        shape = self.arrays["weight_hh_l0"].shape
        if len(shape) == 2 and shape[1] and shape[0] in {g * shape[1] for g in (1, 3, 4)}:
            return int(shape[0] // shape[1])
        raise ConfigurationError(
            f"{self.where}: weight_hh_l0 must have shape (gates * H, H) with 3 gates of a GRU, 4 "
            f"of an LSTM or 1 of a plain RNN, got {shape}. Pass the weights as torch.nn has them."
        )

    def sizes(self) -> dict[str, Any]:
        """Return the sizes of the layer, by the names of its arguments.

        A layer of these sizes takes about as much memory as the arrays.

        Raises
        ------
        ConfigurationError
            For shapes that do not fit each other.
        """
        n_layers = sum(re.fullmatch(r"weight_hh_l\d+", name) is not None for name in self.arrays)
        sizes = {
            "input_size": max(self.arrays["weight_ih_l0"].shape[1:], default=1) or 1,
            "hidden_size": self.arrays["weight_hh_l0"].shape[-1],
            "num_layers": n_layers,
            "bias": "bias_hh_l0" in self.arrays,
            "bidirectional": "weight_hh_l0_reverse" in self.arrays,
        }
        hidden = sizes["hidden_size"]
        below = hidden * (1 + sizes["bidirectional"])
        for name, array in self.arrays.items():
            features = sizes["input_size"] if name.startswith("weight_ih_l0") else below
            columns = hidden if name.startswith("weight_hh") else features
            wanted = (self.gates * hidden, columns)[: 1 if name.startswith("bias") else 2]
            if array.shape != wanted:
                raise ConfigurationError(
                    f"{self.where}: {name} must have shape {wanted}, as weight_hh_l0 and "
                    f"weight_ih_l0 say, got {array.shape}. Pass the weights of one layer, all of "
                    "them as torch.nn has them."
                )
        return sizes


def read_state_dict(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a state dict, executing nothing.

    Parameters
    ----------
    path
        Of a ``.safetensors`` file, which needs no PyTorch, or of one that ``torch.save`` has
        written.

    Returns
    -------
    dict
        Arrays or tensors by name.

    Raises
    ------
    FastgruError
        If the file cannot be read, or holds anything but weights.
    """
    name = os.fspath(path)
    if Path(name).suffix == ".safetensors":
        return dict(_read_safetensors(name))
    require_torch(name)
    with _opened(name) as file:
        return _load(name, file)


def _load(name: str, file: BinaryIO) -> dict[str, Any]:
    """Read what ``torch.save`` has written."""
    import torch

    if not file.read(2).startswith(_STARTS):
        raise FastgruError(_more_than_weights(name, "torch.save has not written it"))
    file.seek(0)
    try:
        return dict(torch.load(file, map_location="cpu", weights_only=True))
    except OSError:
        raise
    # a damaged file may raise anything, and what it holds decides which
    except Exception as error:
        _, _, why = str(error).rpartition("WeightsUnpickler error: ")
        reason = why.strip().partition("\n")[0].partition(". ")[0]
        raise FastgruError(_more_than_weights(name, reason)) from error


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    try:
        with open(name, "rb") as file:
            yield file
    except OSError as error:
        raise FastgruError(f"{name}: cannot be read ({error.strerror}). Check the path.") from error


def _more_than_weights(name: str, reason: str) -> str:
    return (
        f"{name}: not a file of weights alone ({reason}), expected what "
        "torch.save(model.state_dict(), path) writes, or safetensors. Save the state dict so: "
        "nothing else is read, since it could run code."
    )


def _read_safetensors(name: str) -> Iterator[tuple[str, np.ndarray | _Unread]]:
    with _opened(name) as file:
        content = file.read()
    try:
        tensors = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise FastgruError(
            f"{name}: not a readable safetensors file ({error}). Save it again."
        ) from error
    for key, tensor in tensors:
        if tensor["dtype"] not in _TYPES:
            yield key, _Unread(tensor["dtype"])
            continue
        values = np.frombuffer(tensor["data"], _TYPES[tensor["dtype"]])
        if tensor["dtype"] == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        yield key, values.reshape(tensor["shape"])


def find_layer(state_dict: Mapping[str, Any], where: str, prefix: str | None) -> Found:
    """Return the parameters of the recurrent layer of a state dict.

    Parameters
    ----------
    state_dict
        By name; mappings inside it count with their names before those of their entries.
    where
        What messages call it.
    prefix
        What stands before the names of the layer, with or without the last point; None where there
        is one layer alone.

    Raises
    ------
    ConfigurationError
        If there is no such layer, there are several, it is not whole, or it has projections.
    """
    layers: dict[str, dict[str, Any]] = {}
    for full, value in _flat(state_dict):
        if match := _NAME.fullmatch(full):
            layers.setdefault(match[1], {})[match[2]] = value
    if prefix is None and len(layers) == 1:
        prefix = next(iter(layers))
    if prefix and prefix not in layers and f"{prefix}." in layers:
        prefix += "."
    if prefix not in layers:
        raise ConfigurationError(_choose(where, prefix, layers, state_dict))
    chosen = layers[prefix]
    if any(name.startswith("weight_hr") for name in chosen):
        raise ConfigurationError(
            f"{where}: {prefix}weight_hr_l0 is a projection (proj_size of torch.nn.LSTM), which "
            "fastgru.LSTM does not have. Train the model without proj_size."
        )
    if missing := _missing_of(chosen):
        whose = f"the recurrent layer {prefix.rstrip('.')!r}" if prefix else "the recurrent layer"
        raise ConfigurationError(
            f"{where}: found {shorten(sorted(chosen))} of {whose}, expected "
            f"{shorten([prefix + name for name in missing], 10)} beside "
            f"{'it' if len(chosen) == 1 else 'them'}. Pass the whole state dict of the layer; "
            "where something computes its weights (weight_norm, pruning), pass the module."
        )
    return Found(where, {name: as_array(where, name, value) for name, value in chosen.items()})


def _missing_of(names: Collection[str]) -> list[str]:
    """Return the parameters without which those that are there make no layer."""
    parts = [_PARTS.fullmatch(name) for name in names]
    kinds = {part[1] for part in parts if part} | {"weight_ih", "weight_hh"}
    if any(kind.startswith("bias") for kind in kinds):
        kinds |= {"bias_ih", "bias_hh"}
    sides = {part[3] for part in parts if part} | {""}
    depth = max(int(part[2]) for part in parts if part)
    if depth >= len(names):  # of so many layers each would have a parameter
        return []
    wanted = [
        f"{kind}_l{level}{side}"
        for level in range(depth + 1)
        for side in sorted(sides)
        for kind in sorted(kinds, reverse=True)
    ]
    return [name for name in wanted if name not in names]


def _flat(mapping: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in mapping.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _choose(
    where: str, prefix: str | None, layers: Mapping[str, Any], state_dict: Mapping[str, Any]
) -> str:
    """Say which prefixes there are."""
    if not layers:
        return (
            f"{where}: expected the names of torch.nn.GRU, LSTM or RNN, such as weight_hh_l0, "
            f"found {shorten(map(str, state_dict)) or 'nothing'}. Pass the state dict of such a "
            "layer."
        )
    found = f"recurrent layers with the prefixes {shorten(layers, limit=10)}"
    if prefix is None:
        return f"{where}: found {found}, expected one. Pass prefix= with one of them."
    return f"{where}: found {found}, expected {prefix!r}. Pass prefix= with one of these."


def as_array(where: str, name: str, value: Any) -> np.ndarray:
    """Return a tensor or an array as float32 or float64, which hold half precision exactly.

    Raises
    ------
    ConfigurationError
        If it holds other numbers, such as float8, which mean little without their scales.
    """
    is_tensor = hasattr(value, "detach")
    if not is_tensor and not isinstance(value, _Unread):
        value = np.asarray(value)
    kind = getattr(value.dtype, "name", str(value.dtype).removeprefix("torch."))
    if kind not in _FLOATS:
        raise ConfigurationError(
            f"{where}: {name} must hold one of {', '.join(_FLOATS)}, got {kind}. Convert it "
            "before, with what scales it has."
        )
    if is_tensor and value.device.type == "meta":
        raise ConfigurationError(
            f"{where}: {name} is on the device meta, which holds no numbers. Load them first."
        )
    if is_tensor:  # NumPy has no bfloat16
        value = (value.float() if kind == "bfloat16" else value).detach().cpu().numpy()
    array: np.ndarray = value
    return array if kind == "float64" else array.astype(np.float32)
