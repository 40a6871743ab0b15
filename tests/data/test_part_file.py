from __future__ import annotations

import fcntl
import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data import part_file
from fastgru.data.part_file import PartFile, part_path
from fastgru.errors import FastgruError


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_whole(path: Path, records: list[bytes]) -> None:
    part = PartFile(path)
    part.cut(0)
    for record in records:
        part.write(record)
        if part.is_full:
            part.end_member()
    part.end_member()
    part.rename()
    part.close()


def test_part_file__is_hidden_until_it_is_renamed(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "a.tsv")
    part.write(b"one\n")
    assert (part.n_bytes, part.has_its_name) == (4, False)
    assert names_in(tmp_path) == [".a.tsv.part"]
    part.rename()
    assert part.has_its_name
    part.close()
    assert names_in(tmp_path) == ["a.tsv"]
    assert (tmp_path / "a.tsv").read_bytes() == b"one\n"


def test_part_file__stands_beside_what_a_link_points_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.tsv").symlink_to(tmp_path / "real" / "a.tsv")
    assert part_path(tmp_path / "link.tsv") == str(tmp_path / "real" / ".a.tsv.part")
    write_whole(tmp_path / "link.tsv", [b"x"])
    assert (tmp_path / "link.tsv").is_symlink()
    assert (tmp_path / "real" / "a.tsv").read_bytes() == b"x"


def test_part_file__goes_on_behind_what_counts(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "a")
    part.write(b"whole\nhal")
    part.close()
    part = PartFile(tmp_path / "a")
    assert part.n_bytes == 9
    part.cut(6)
    part.write(b"more\n")
    part.rename()
    part.close()
    assert (tmp_path / "a").read_bytes() == b"whole\nmore\n"


def test_part_file__belongs_to_one_process(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "a")
    with pytest.raises(FastgruError, match="a: another process is writing to it, expected this"):
        PartFile(tmp_path / "a")
    part.remove()
    part.close()
    assert names_in(tmp_path) == []


def test_part_file__is_not_the_output_of_the_process_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the other process renames its part after this one has opened it and before it has the lock
    (tmp_path / ".a.part").write_bytes(b"complete")
    lock = fcntl.flock

    def rename_and_lock(descriptor: int, operation: int) -> None:
        if (tmp_path / ".a.part").exists() and not (tmp_path / "a").exists():
            os.replace(tmp_path / ".a.part", tmp_path / "a")
        lock(descriptor, operation)

    monkeypatch.setattr(part_file.fcntl, "flock", rename_and_lock)
    part = PartFile(tmp_path / "a")
    part.cut(0)
    part.close()
    assert (tmp_path / "a").read_bytes() == b"complete"


def test_part_file__does_without_locks_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(part_file.fcntl, "flock", no_locks)
    write_whole(tmp_path / "a", [b"x"])
    assert (tmp_path / "a").read_bytes() == b"x"


def test_part_file__says_why_it_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / ".a.part").mkdir()
    with pytest.raises(
        FastgruError, match=r"a: cannot be written \(is a directory\)\. Choose another"
    ):
        PartFile(tmp_path / "a")


def test_errors__name_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = PartFile(tmp_path / "a.tsv")

    def disk_full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(part_file.os, "write", disk_full)
        with pytest.raises(OSError, match="No space left") as caught:
            part.write(b"x")
    part.close()
    assert caught.value.filename == str(tmp_path / "a.tsv")


@given(
    sizes=st.lists(st.integers(1, 700), max_size=30),
    stops=st.lists(st.integers(0, 30), max_size=4),
)
def test_compressed__has_the_same_bytes_however_often_it_was_begun(
    sizes: list[int], stops: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("gz")
    records = [os.urandom(1).hex().encode() * size for size in sizes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part_file, "_MEMBER", 1000)
        write_whole(folder / "whole.gz", records)
        n_done, n_bytes = 0, 0
        for stop in [*sorted(stops), len(records)]:
            part = PartFile(folder / "killed.gz")
            part.cut(n_bytes)
            for number in range(n_done, max(n_done, min(stop, len(records)))):
                part.write(records[number])
                if part.is_full:
                    part.end_member()
                    n_done, n_bytes = number + 1, part.n_bytes
            if stop == len(records):
                part.end_member()
                part.rename()
            part.close()
            if stop == len(records):
                break
    assert (folder / "killed.gz").read_bytes() == (folder / "whole.gz").read_bytes()
    assert gzip.decompress((folder / "whole.gz").read_bytes()) == b"".join(records)
