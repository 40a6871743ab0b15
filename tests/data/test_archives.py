from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fastgru.data.archives import is_archive, read_archive
from fastgru.errors import FastaFormatError


def write_member(path: Path, content: bytes, name: str = "a.npy") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_read_archive__gives_arrays_as_they_were_saved(save, tmp_path: Path) -> None:
    arrays = {
        "b": np.arange(6.0).reshape(2, 3),
        "a": np.asfortranarray(np.arange(6, dtype=np.int8).reshape(3, 2)),
        "none": np.zeros((0, 4), ">f4"),
    }
    save(tmp_path / "x.npz", **arrays)
    digest = hashlib.sha256()
    found = dict(read_archive(tmp_path / "x.npz", digest))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    assert digest.hexdigest() == hashlib.sha256((tmp_path / "x.npz").read_bytes()).hexdigest()
    assert is_archive(tmp_path / "x.npz")
    assert not is_archive("-")


def test_read_archive__runs_no_code(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.array([{}], object))
    with pytest.raises(FastaFormatError, match=r"x.npz, record 'a': holds object, expected numb"):
        list(read_archive(tmp_path / "x.npz"))


@pytest.mark.parametrize("shape", ["(1000000000000, 9)", "(3,)", "(-2,)", "(-1, -2)"])
def test_read_archive__believes_no_size(shape: str, tmp_path: Path) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(8)
    path = write_member(tmp_path / "x.npz", content)
    with pytest.raises(
        FastaFormatError, match=r"record 'a': (its header promises .* numbers|is no arr)"
    ):
        list(read_archive(path))


def test_read_archive__believes_no_size_of_the_directory(tmp_path: Path) -> None:
    # both the directory of the archive and the header of the array speak of 4 GB
    content = npy(np.zeros(1)).replace(b"(1,), }        ", b"(536000000,), }")
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", content)
    whole, size = (tmp_path / "x.npz").read_bytes(), struct.pack("<L", len(content))
    claimed = struct.pack("<L", len(content) - 8 + 8 * 536000000)
    assert whole.count(size) == 4
    (tmp_path / "x.npz").write_bytes(whole.replace(size, claimed))
    with pytest.raises(FastaFormatError, match=r"record 'a': its header promises 536000000 num"):
        list(read_archive(tmp_path / "x.npz"))


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY\x03\x00" + bytes(20)])
def test_read_archive__names_what_is_no_array(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(FastaFormatError, match=r"x\.npz, record 'a': is no array of NumPy"):
        list(read_archive(write_member(tmp_path / "x.npz", content)))


def test_read_archive__survives_damage(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", a=np.random.default_rng(0).standard_normal((9, 2)))
    whole, refused = (tmp_path / "x.npz").read_bytes(), 0
    for at in range(0, len(whole), 3):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :]):
            (tmp_path / "x.npz").write_bytes(damaged)
            try:
                list(read_archive(tmp_path / "x.npz"))
            except FastaFormatError:
                refused += 1
    assert refused > 50


def test_read_archive__names_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FastaFormatError, match=r"none\.npz: cannot be read"):
        list(read_archive(tmp_path / "none.npz"))
