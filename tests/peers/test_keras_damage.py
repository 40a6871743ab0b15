"""Damaged and hostile files of Keras: each ends in an error that names the file, or loads."""

from __future__ import annotations

import json
import re
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError, FastgruError, ModelFileError
from fastgru.interop import from_keras
from tests.peers.keras_files import sequential, write_archive, write_legacy

pytestmark = [pytest.mark.peers, pytest.mark.conformance("Keras", "file", "damaged", refused=True)]

ARRAYS = [np.ones(shape, np.float32) for shape in [(3, 12), (4, 12), (2, 12)]]
OPTIONS = {"units": 4, "recurrent_activation": "sigmoid"}
CONFIG = sequential([("GRU", "gru_1", OPTIONS)])
KERNEL = "model_weights/gru_1/gru_1/kernel:0"


@pytest.fixture(autouse=True)
def _h5py() -> None:
    pytest.importorskip("h5py")


def whole(path: Path, config: Any = CONFIG) -> Path:
    return write_legacy(path / "model.h5", {"gru_1": ARRAYS}, config)


def assert_refused(path: Path, message: str) -> None:
    with pytest.raises(FastgruError, match=message) as caught:
        from_keras(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"layers: 3\n"])
@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_other_files__are_named(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert_refused(tmp_path / name, "expected a file of Keras .* found one that cannot be read")


def test_missing_file_and_folder__are_named(tmp_path: Path) -> None:
    assert_refused(tmp_path / "none.h5", "No such file or directory")
    assert_refused(tmp_path, "Is a directory")


def test_file_without_layers__is_named(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["reads"] = np.ones(3)
    assert_refused(tmp_path / "data.h5", r"found \['reads'\]")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "expected the configuration of a model of Keras, with 'class_name'"),
        ({"class_name": "Sequential"}, "with 'config' in each entry"),
        ({"class_name": "Sequential", "config": {}}, "with 'layers' in each entry"),
        ({"class_name": "Sequential", "config": [3]}, "with 'config' in each entry"),
        ({"class_name": "Sequential", "config": [{"config": {}}]}, "with 'name' in each entry"),
        (sequential([("GRU", "a", {}), ("GRU", "a", {})]), "layers of different names"),
        (sequential([("GRU", "gru_1", {"activation": []})]), r"layer 'gru_1' \(GRU\): found activ"),
        (sequential([("LSTM", "gru_1", {})]), "of a LSTM, found those of 1 of a GRU"),
        (sequential([("GRU", "gru_2", OPTIONS)]), "found none: the layer has not been built"),
    ],
)
def test_configurations__that_make_no_sense_are_named(
    config: Any, message: str, tmp_path: Path
) -> None:
    assert_refused(whole(tmp_path, config), message)


def test_configuration__too_deep_is_named(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.keras", {"layers/gru/cell/vars": ARRAYS}, CONFIG)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = b"[" * 100_000
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    assert_refused(path, "RecursionError")


def test_links__are_not_followed(tmp_path: Path) -> None:
    import h5py

    other = write_legacy(tmp_path / "other.h5", {"gru_1": ARRAYS})
    for link in (h5py.ExternalLink(str(other), "gru_1/gru_1/kernel:0"), h5py.SoftLink("/x")):
        path = whole(tmp_path)
        with h5py.File(path, "a") as file:
            del file[KERNEL]
            file[KERNEL] = link
        assert_refused(path, "found a link to another place at 'kernel:0'")


def test_arrays_in_other_files__are_not_read(tmp_path: Path) -> None:
    import h5py

    (tmp_path / "secret.bin").write_bytes(bytes(4 * 36))
    path = whole(tmp_path)
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        external = [(str(tmp_path / "secret.bin"), 0, 4 * 36)]
        file.create_dataset(KERNEL, (3, 12), "f4", external=external)
    assert_refused(path, "'gru_1/kernel:0' in another file")
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        layout = h5py.VirtualLayout((3, 12), "f4")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (3, 12))
        file.create_virtual_dataset(KERNEL, layout)
    assert_refused(path, "'gru_1/kernel:0' in another file")


@pytest.mark.parametrize("kind", ["S3", "bool", "complex64"])
def test_arrays_of_other_types__are_named(kind: str, tmp_path: Path) -> None:
    import h5py

    path = whole(tmp_path)
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        file[KERNEL] = np.zeros((3, 12), kind)
    assert_refused(path, "in 'gru_1/kernel:0'.*|expected an array of real numbers")


@pytest.mark.parametrize("path_inside", [KERNEL, "model_weights/gru_1", "model_weights"])
def test_missing_parts__are_named(path_inside: str, tmp_path: Path) -> None:
    import h5py

    path = whole(tmp_path)
    with h5py.File(path, "a") as file:
        del file[path_inside]
    last = re.escape(path_inside.removeprefix("model_weights/gru_1/"))
    assert_refused(path, f"found none.*|{last}")


def test_huge_arrays__are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    import h5py

    path = whole(tmp_path)
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        file.create_dataset(KERNEL, (1 << 20, 1 << 20), "f4", chunks=(16, 16))
    tracemalloc.start()
    assert_refused(path, "found 4398046511104 declared in 'gru_1/kernel:0'")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 24


def test_archives_that_swell__are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.keras", {"layers/gru/cell/vars": ARRAYS}, CONFIG)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(CONFIG))
        archive.writestr("model.weights.h5", bytes(1 << 26))
    tracemalloc.start()
    assert_refused(path, "found 67108864 declared for model.weights.h5")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 24


def test_archive_without_weights__says_what_it_holds(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("readme.txt", "")
    assert_refused(tmp_path / "a.keras", r"an archive with config.json, found \['readme.txt'\]")


def test_archive_with_other_groups__says_what_is_missing(tmp_path: Path) -> None:
    groups = {"layers/gru/cell/vars": ARRAYS, "layers/gru_1/cell/vars": ARRAYS}
    path = write_archive(tmp_path / "a.keras", groups, CONFIG)
    assert_refused(path, "expected 1 groups 'gru', one for each layer, found 2")


def test_groups_in_a_circle__come_to_an_end(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file.create_group("layers")["again"] = file["/"]
    assert_refused(tmp_path / "a.weights.h5", "64 levels")


def test_attributes__that_are_no_texts_are_named(tmp_path: Path) -> None:
    import h5py

    for value, message in ((np.ones(3), "expected texts, found float64"), ([b"a", b"b"], "one te")):
        path = whole(tmp_path)
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = value
        assert_refused(path, message)


def test_damaged_heaps__are_named_and_not_read(tmp_path: Path) -> None:
    # HDF5 2.0 itself goes round in circles over the first of these.
    path = whole(tmp_path)
    content = path.read_bytes()
    start = content.index(b"GCOL\x01\0\0\0")
    first = struct.unpack_from("<Q", content, start + 24)[0]
    second = start + 16 + 16 + -(-first // 8) * 8
    for place, value in (
        (second + 8, 161),  # a size that ends in the free rest
        (second + 8, 1 << 40),
        (second, 1),  # the number of the entry before
        (start + 8, 1 << 40),
        (start + 8, 0),
    ):
        data = bytearray(content)
        form = "<H" if place == second else "<Q"
        struct.pack_into(form, data, place, value)
        path.write_bytes(data)
        assert_refused(path, f"found a damaged one at byte {start}")


def test_truncated_files__are_named(tmp_path: Path) -> None:
    path = whole(tmp_path)
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 97):
        path.write_bytes(content[:length])
        assert_refused(path, "found one that cannot be read|found a damaged one")


def test_mutated_archives__load_or_are_named(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.keras", {"layers/gru/cell/vars": ARRAYS}, CONFIG)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    messages = []
    for _ in range(1000):
        data = bytearray(content)
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        path.write_bytes(data[: rng.integers(len(data))] if rng.random() < 0.2 else data)
        try:
            from_keras(path)
        except (ModelFileError, ConfigurationError) as error:
            messages.append(str(error))
    assert len(messages) > 900
    assert all(message.startswith(f"{path}: ") for message in messages)
