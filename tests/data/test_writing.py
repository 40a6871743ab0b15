from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

import pytest

from fastgru.data.writing import atomic_write, atomic_write_bytes, require_writable
from fastgru.errors import FastgruError


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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


def test_atomic_write__writes_pipes_by_the_name_of_their_descriptor() -> None:
    """As in ``-o /dev/stdout | gzip`` and ``-o >(gzip)``, where the link leads to no path."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as reader:
        with os.fdopen(write_end), atomic_write(f"/dev/fd/{write_end}") as file:
            file.write("x")
        assert reader.read() == "x"


def test_atomic_write__says_which_file_is_at_fault() -> None:
    with pytest.raises(OSError, match="No space left") as caught, atomic_write("/dev/full") as file:
        file.write("x")
    assert caught.value.filename == "/dev/full"


def test_atomic_write__says_which_of_several_files_is_at_fault(tmp_path: Path) -> None:
    def fail() -> None:
        with atomic_write("/dev/full") as full, atomic_write(tmp_path / "good"):
            full.write("x")
            full.flush()

    with pytest.raises(OSError, match="No space left") as caught:
        fail()
    assert caught.value.filename == "/dev/full"
    assert listing(tmp_path) == []


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
