"""What a wheel holds, and that every place that names the version agrees."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import fastgru

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "fastgru"
SUFFIXES = {".py", ".typed", ".gz", ".md", ".html", ".css", ".js", ".j2"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    (path,) = directory.glob("*.whl")
    return zipfile.ZipFile(path)


def test_wheel__holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    metadata = f"fastgru-{fastgru.__version__}.dist-info/"
    actual = {name for name in wheel.namelist() if not name.startswith(metadata)}
    assert actual == expected


def test_wheel__holds_what_the_package_reads_at_run_time(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    required = {"py.typed", "datasets/README.md", "datasets/splice.fasta.gz"}
    required |= {"datasets/amp_AMP.fasta.gz", "datasets/amp_UniProt.fasta.gz"}
    assert {f"fastgru/{name}" for name in required} <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_wheel__holds_no_file_of_an_unexpected_kind(wheel: zipfile.ZipFile) -> None:
    in_package = [name for name in wheel.namelist() if name.startswith("fastgru/")]
    assert [name for name in in_package if Path(name).suffix not in SUFFIXES] == []


def test_wheel__installs_the_command(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "fastgru = fastgru.cli:main" in wheel.read(name).decode("utf-8")


def test_version__is_the_same_everywhere(wheel: zipfile.ZipFile) -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert Path(str(wheel.filename)).name.startswith(f"fastgru-{fastgru.__version__}-")
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE).group(1) == fastgru.__version__
    assert f"## {fastgru.__version__}" in changelog
