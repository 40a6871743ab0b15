"""Whose fault it is when a file of Keras cannot be read (``make test-peers``)."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fastgru.errors import ConfigurationError, ModelFileError
from fastgru.interop import from_keras
from fastgru.interop.keras_files import open_model
from tests.peers.keras_files import sequential, write_archive, write_legacy

pytestmark = pytest.mark.peers


@pytest.fixture(autouse=True)
def _h5py() -> None:
    pytest.importorskip("h5py")


def sources(folder: Path) -> list[Path]:
    config = sequential([("GRU", "gru", {"units": 4, "recurrent_activation": "sigmoid"})])
    arrays = [np.ones(shape, np.float32) for shape in [(3, 12), (4, 12), (2, 12)]]
    return [
        write_archive(folder / "model.keras", {"layers/gru/cell/vars": arrays}, config),
        write_legacy(folder / "model.h5", {"gru": arrays}, config),
    ]


@pytest.mark.parametrize("fault", [MemoryError(), TypeError("of the caller"), KeyError("x")])
def test_faults_of_the_caller__are_not_the_files(fault: Exception, tmp_path: Path) -> None:
    for path in sources(tmp_path):
        with pytest.raises(type(fault)) as caught, open_model(path):
            raise fault
        assert caught.value is fault
        with pytest.raises(ConfigurationError, match=r"^config must hold entries .* got str"):
            from_keras(path, config="abc")  # type: ignore[arg-type]


def test_faults_of_reading__name_the_file_but_for_want_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in sources(tmp_path):
        for fault, expected in ((MemoryError(), MemoryError), (OSError("torn"), ModelFileError)):

            def fail(*_: object, fault: Exception = fault) -> None:
                raise fault

            with open_model(path) as model, monkeypatch.context() as patch:
                patch.setattr("fastgru.interop.hdf5.np.asarray", fail)
                with pytest.raises(expected) as caught:
                    model.layers[0].read()
            if expected is ModelFileError:
                assert str(caught.value).startswith(f"{path}: expected a file of Keras")
                assert "torn" in str(caught.value)


def test_heaps_inside_an_archive__are_checked(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = sources(tmp_path)[0]
    inside = path.with_suffix(".inside.h5")
    with h5py.File(inside, "a") as file:
        file["layers/gru/cell/vars"].attrs.create("name", "gru", dtype=h5py.string_dtype())
    data = bytearray(inside.read_bytes())
    start = data.index(b"GCOL\x01\0\0\0")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for size, message in ((None, None), (1 << 40, f"a damaged one at byte {start}")):
        if size:
            struct.pack_into("<Q", data, start + 8, size)
        with zipfile.ZipFile(path, "w") as archive:
            for name, part in {**parts, "model.weights.h5": bytes(data)}.items():
                archive.writestr(name, part)
        if message is None:
            from_keras(path)
        else:
            with pytest.raises(ModelFileError, match=message):
                from_keras(path)
