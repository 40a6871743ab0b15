"""The heaps of texts in an HDF5 file, byte by byte, without HDF5."""

from __future__ import annotations

import struct

import pytest

from fastgru.errors import ModelFileError
from fastgru.interop.hdf5 import check_heaps


def heap(*texts: bytes, size: int | None = None) -> bytes:
    """A heap with an entry for each text, and the free rest of 32 bytes."""
    entries = b"".join(
        struct.pack("<HHIQ", number, 1, 0, len(text)) + text.ljust(-(-len(text) // 8) * 8, b"\0")
        for number, text in enumerate(texts, 1)
    )
    whole = 16 + len(entries) + 32
    return (
        struct.pack("<8sQ", b"GCOL\x01\0\0\0", size or whole)
        + entries
        + struct.pack("<4Q", 0, 32, 0, 0)
    )


def test_whole_heaps__pass() -> None:
    check_heaps("a.h5", b"")
    check_heaps("a.h5", bytes(5) + heap(b"kernel", b"bias") + heap() + bytes(7) + heap(b"x" * 99))


@pytest.mark.parametrize("inner", [heap(b"kernel"), heap(b"kernel", size=1 << 40), heap(size=8)])
def test_heap_inside_another__is_refused_where_it_begins(inner: bytes) -> None:
    content = bytes(3) + heap(b"name", inner)
    with pytest.raises(ModelFileError, match=r"^a\.h5: .*damaged one at byte 59\. Copy or write"):
        check_heaps("a.h5", content)
    assert content[59:].startswith(inner)


def test_damaged_heap__after_a_whole_one_is_refused() -> None:
    first = heap(b"kernel")
    with pytest.raises(ModelFileError, match=f"damaged one at byte {len(first)}"):
        check_heaps("a.h5", first + heap(b"bias", size=1 << 40))
