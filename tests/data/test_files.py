from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data import files
from fastgru.data.files import (
    atomic_write,
    atomic_write_bytes,
    open_lines,
    open_text,
    require_writable,
)
from fastgru.errors import FastaFormatError, FastgruError

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip in members": lambda data: gzip.compress(data[:4]) + gzip.compress(data[4:]),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
TEXT = ">seq\nACGT\n"


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


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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


def test_atomic_write__shows_the_file_only_at_the_end(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "out.tsv") as file:
        file.write("new\n")
        assert not (tmp_path / "out.tsv").exists()
    assert listing(tmp_path) == ["out.tsv"]
    assert (tmp_path / "out.tsv").read_bytes() == b"new\n"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_atomic_write__leaves_nothing_behind_after_an_error(
    error: type[BaseException], tmp_path: Path
) -> None:
    (tmp_path / "out.tsv").write_text("old", encoding="utf-8")

    def fail() -> None:
        with atomic_write(tmp_path / "out.tsv") as file:
            file.write("half")
            raise error

    with pytest.raises(error):
        fail()
    assert listing(tmp_path) == ["out.tsv"]
    assert (tmp_path / "out.tsv").read_text(encoding="utf-8") == "old"


def test_atomic_write__has_the_usual_permissions(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "out"):
        pass
    (tmp_path / "plain").touch()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("out", "plain")}
    assert len(modes) == 1


def test_atomic_write__follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    with atomic_write(tmp_path / "link") as file:
        file.write("x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text(encoding="utf-8") == "x"


def test_atomic_write__compresses_by_name_and_without_a_date(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with atomic_write(tmp_path / name) as file:
            file.write("text\n" * 100)
    content = (tmp_path / "a.gz").read_bytes()
    assert gzip.decompress(content) == b"text\n" * 100
    assert (tmp_path / "b.gz").read_bytes() == content


def test_atomic_write__writes_devices_directly(tmp_path: Path) -> None:
    with atomic_write(os.devnull) as file:
        file.write("x")
    assert not os.path.isfile(os.devnull)


def test_atomic_write__to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with atomic_write("-") as file:
        file.write("é\n")
    with atomic_write_bytes("-") as binary:
        binary.write(b"\xff")
    assert capfdbinary.readouterr().out == b"\xc3\xa9\n\xff"


def test_atomic_write__explains_what_cannot_be_created(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "out"
    message = r"out: cannot be written \(no such file"
    with pytest.raises(FastgruError, match=message), atomic_write(path):
        pass


def test_require_writable__accepts_what_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    require_writable("-")
    require_writable(tmp_path / "new")
    require_writable(os.devnull)
    require_writable(tmp_path / "old", force=True)


def test_require_writable__refuses_what_cannot(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    with pytest.raises(FastgruError, match=r"old: exists already. Use --force"):
        require_writable(tmp_path / "old")
    with pytest.raises(FastgruError, match="output: the name is empty, expected the name of"):
        require_writable("")
    with pytest.raises(FastgruError, match="is a folder, expected the name of a file"):
        require_writable(tmp_path, force=True)
    with pytest.raises(FastgruError, match=r"there is no folder '.*missing'\. Create it"):
        require_writable(tmp_path / "missing" / "out")
