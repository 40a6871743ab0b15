"""Files as Keras 1, Keras 2 and tf.keras wrote them, by hand, with h5py."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Weights = Mapping[str, Sequence[np.ndarray]]

LEGACY_NAMES = {
    2: ["kernel:0", "recurrent_kernel:0"],
    3: ["kernel:0", "recurrent_kernel:0", "bias:0"],
    9: [f"{kind}_{gate}" for gate in "zrh" for kind in "WUb"],
    12: [f"{kind}_{gate}" for gate in "icfo" for kind in "WUb"],
}


def h5py_module() -> Any:
    """h5py; where it is missing the test is skipped."""
    return pytest.importorskip("h5py")


def sequential(layers: Sequence[tuple[str, str, Mapping[str, Any]]], as_list: bool = False) -> Any:
    """The configuration of a Sequential of (class, name, options)."""
    found = [{"class_name": c, "config": {"name": n, **options}} for c, n, options in layers]
    inner = found if as_list else {"name": "sequential_1", "layers": found}
    return {"class_name": "Sequential", "config": inner}


def write_legacy(
    path: Path, weights: Weights, config: Any = None, version: str | None = "2.2.4"
) -> Path:
    """Write ``save()`` of Keras 1 or 2, or ``save_weights()`` without a configuration."""
    with h5py_module().File(path, "w") as file:
        group = file
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
            group = file.create_group("model_weights")
        for holder in {file, group}:
            if version is not None:
                holder.attrs["keras_version"] = version.encode()
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, arrays in weights.items():
            inner = group.create_group(layer)
            half = LEGACY_NAMES.get(len(arrays)) or 2 * LEGACY_NAMES.get(len(arrays) // 2, [])
            sides = ("forward_", "backward_") if len(arrays) in (4, 6) else ("",)
            between = "_" if len(half) >= 9 else "/"
            names = [
                f"{sides[place * len(sides) // len(arrays)]}{layer}{between}{name}"
                for place, name in enumerate(half)
            ]
            inner.attrs["weight_names"] = np.array([name.encode() for name in names], "S")
            for name, array in zip(names, arrays, strict=True):
                inner.create_dataset(name, data=array)
    return path


def write_archive(
    path: Path, groups: Weights, config: Any, version: str = "2.13.1", *, compress: bool = False
) -> Path:
    """Write a ``.keras`` archive with arrays under the given groups."""
    inside = path.with_suffix(".inside.h5")
    with h5py_module().File(inside, "w") as file:
        for group, arrays in groups.items():
            for number, array in enumerate(arrays):
                file.create_dataset(f"{group}/{number}", data=array)
    kind = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(config))
        archive.write(inside, "model.weights.h5")
    return path
