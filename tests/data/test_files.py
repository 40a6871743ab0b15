from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data import files
from fastgru.data.files import open_lines, open_text
from fastgru.data.writing import atomic_write
from fastgru.errors import FastaFormatError

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip in members": lambda data: gzip.compress(data[:4]) + gzip.compress(data[4:]),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
TEXT = ">seq\nACGT\n"


class _Slow(io.BytesIO):
    """A pipe that brings one byte at a time."""

    def readinto(self, buffer: Any) -> int:
        return super().readinto(memoryview(buffer)[:1])


@pytest.mark.parametrize("content", [b"", b">", b">a\nACGT\n>b\n", b">a\nACGT\n" * 100])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_open_text__knows_a_file_that_comes_slowly(
    content: bytes, pack: Callable[[bytes], bytes], mark: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(_Slow(pack(mark + content))))
    digest = hashlib.sha256()
    with open_text("-", digest=digest) as file:
        assert file.read() == content.decode()
    assert digest.digest() == hashlib.sha256(pack(mark + content)).digest()


@pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_open_text__knows_compression_by_content(
    compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "misleading.txt"
    path.write_bytes(compress(TEXT.encode()))
    with open_text(path) as file:
        assert file.read() == TEXT


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_open_text__hides_encoding_and_line_ends(
    encoding: str, line_end: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.fa"
    path.write_bytes(TEXT.replace("\n", line_end).encode(encoding))
    with open_text(path) as file:
        assert file.read() == TEXT


@pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_open_text__digests_the_stored_bytes(
    compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    content = compress((TEXT * 100_000).encode())
    (tmp_path / "a.fa").write_bytes(content)
    digest = hashlib.sha256()
    with open_text(tmp_path / "a.fa", digest=digest) as file:
        for _ in file:
            pass
    assert digest.hexdigest() == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_open_text__reads_standard_input_and_leaves_it_open(
    compress: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(compress(TEXT.encode())))
    monkeypatch.setattr(sys, "stdin", stdin)
    with open_text("-") as file:
        assert file.read() == TEXT
    assert not stdin.buffer.closed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(TEXT.encode() * 999, mtime=0)[:-9], "the gzip data ends too early"),
        (bz2.compress(TEXT.encode() * 999)[:-9], "the bzip2 data ends too early"),
        (lzma.compress(TEXT.encode() * 999)[:-9], "the xz data ends too early"),
        (gzip.compress(TEXT.encode(), mtime=0)[:4], "the gzip data ends too early"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-8] + b"\0" * 8, r"the gzip data is damaged \(crc"),
        (
            gzip.compress(TEXT.encode(), mtime=0) + b"rest",
            r"the gzip data is damaged \(not a gzipped",
        ),
        (b"\x1f\x8b\x08" + b"\0" * 7 + b"\xff" * 9, "the gzip data is damaged"),
        (b"BZh9junkjunkjunk", "the bzip2 data is damaged"),
        (b"\xfd7zXZ\0junkjunkjunk", "the xz data is damaged"),
        (
            gzip.compress(gzip.compress(TEXT.encode(), mtime=0), mtime=0),
            "gzip data inside compressed data",
        ),
        (b"%PDF-1.5", "this is a PDF document, expected text"),
    ],
)
def test_open_text__explains_damage(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.fa.gz"
    path.write_bytes(content)
    with pytest.raises(FastaFormatError, match=message) as caught, open_text(path) as file:
        file.read()
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.path == str(path)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: None], ids=["folder", "missing"])
def test_open_text__explains_what_cannot_be_opened(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "a.fa"
    make(path)
    message = r"a.fa: cannot be read \((is a directory|no such file or directory)\). Check the path"
    with pytest.raises(FastaFormatError, match=message), open_text(path):
        pass


def test_open_text__leaves_errors_of_its_block_alone(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_text(TEXT, encoding="utf-8")
    with pytest.raises(OSError, match=r"^disk full$"), open_text(tmp_path / "a.fa"):
        raise OSError("disk full")


@given(content=st.binary(max_size=200).filter(lambda content: b"\0" not in content))
def test_open_text__keeps_bytes_that_are_not_utf8(content: bytes, tmp_path_factory) -> None:
    content = b"text " + content.replace(b"\r", b"")
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "in").write_bytes(content)
    with open_text(folder / "in") as source, atomic_write(folder / "out") as copy:
        copy.write(source.read())
    assert (folder / "out").read_bytes() == content


@given(
    text=st.text(
        st.sampled_from("a\né\ud83d\udc1f>\r ".replace("\ud83d\udc1f", "🐟")), max_size=60
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    block=st.integers(8, 20),  # a mark fits into one
)
def test_open_lines__has_the_text_of_open_text_in_whole_lines(
    text: str, encoding: str, block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    path.write_bytes(text.encode(encoding))
    with mock.patch.object(files, "_BLOCK", block), open_lines(path) as lines:
        blocks = list(lines)
    with open_text(path) as file:
        assert b"".join(blocks).decode() == file.read()
    assert all(one.endswith(b"\n") for one in blocks[:-1])
    assert all(blocks)


@pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_open_lines__digests_the_stored_bytes(
    compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    content = compress((TEXT * 100_000).encode())
    (tmp_path / "a.fa").write_bytes(content)
    digest = hashlib.sha256()
    with open_lines(tmp_path / "a.fa", digest=digest) as blocks:
        assert max(map(len, blocks)) < (1 << 18) + len(TEXT)
    assert digest.hexdigest() == hashlib.sha256(content).hexdigest()
