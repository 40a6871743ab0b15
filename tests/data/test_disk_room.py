from __future__ import annotations

import ctypes
import errno
import resource
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fastgru.data.disk_room import reserve_room

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is reserved")


def test_reserve_room__keeps_it_for_the_file(small_disk: Path) -> None:
    path, other = small_disk / "a", small_disk / "b"
    path.write_bytes(b"begun")
    if not reserve_room(path, 12_288):
        pytest.skip("this file system reserves nothing")
    assert path.read_bytes() == b"begun"
    with pytest.raises(OSError, match="No space left"):
        other.write_bytes(bytes(8192))
    path.write_bytes(bytes(4096))  # shorter, which gives back what is behind
    other.write_bytes(bytes(8192))


def test_reserve_room__names_the_file_that_has_too_little(small_disk: Path) -> None:
    path = small_disk / "a"
    path.touch()
    with pytest.raises(OSError, match="No space left") as caught:
        reserve_room(path, 20_000)
    assert caught.value.filename == str(path)


def test_reserve_room__knows_the_limit_of_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1000, -1))
    (tmp_path / "a").touch()
    with pytest.raises(OSError, match="File too large") as caught:
        reserve_room(tmp_path / "a", 1001)
    assert caught.value.errno == errno.EFBIG
    reserve_room(tmp_path / "a", 1000)


@pytest.mark.parametrize(
    "library", [SimpleNamespace(), SimpleNamespace(fallocate=lambda *arguments: -1)]
)
def test_reserve_room__says_where_the_disk_knows_nothing_of_it(
    library: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)
    ctypes.set_errno(errno.EOPNOTSUPP)
    assert not reserve_room(tmp_path / "a", 1000)
