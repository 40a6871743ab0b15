"""What a stranger meets first: make, and the choice of a Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
FIND_PYTHON = ROOT / "tools" / "find-python.sh"
TOOLS = ("sh", "sed", "awk")

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def directory_with_pythons(directory: Path, answers: Mapping[str, str]) -> Path:
    """A directory for PATH that has the shell's tools and these pretended Pythons only."""
    directory.mkdir()
    for tool in TOOLS:
        (directory / tool).symlink_to(shutil.which(tool))
    for name, answer in answers.items():
        program = directory / name
        program.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
        program.chmod(0o755)
    return directory


def find_python(path: Path, argument: str | None = None) -> tuple[int, str]:
    command = ["sh", str(FIND_PYTHON)] + ([argument] if argument else [])
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, env={"PATH": str(path)}
    )
    assert result.stderr == ""
    return result.returncode, result.stdout


def answer(state: str, version: str) -> str:
    return f"printf '%s' '{state} {version} /opt/python {version}/bin/python'"


NOT_ACTIVE = "echo 'not active' >&2; exit 127"


@pytest.mark.parametrize(
    ("pythons", "expected"),
    [
        ({"python3": answer("complete", "3.11.0")}, "3.11.0"),
        (
            {"python3": answer("complete", "3.11.0"), "python3.13": answer("complete", "3.13.1")},
            "3.11.0",
        ),
        (
            {"python3": answer("old", "3.10.2"), "python3.12": answer("complete", "3.12.4")},
            "3.12.4",
        ),
        ({"python3.11": answer("complete", "3.11.9")}, "3.11.9"),
        ({"python3.13": NOT_ACTIVE, "python3.12": answer("complete", "3.12.4")}, "3.12.4"),
        (
            {"python3": answer("no-venv", "3.13.5"), "python3.11": answer("complete", "3.11.9")},
            "3.11.9",
        ),
    ],
)
def test_find_python__takes_the_first_that_will_do(
    pythons: dict[str, str], expected: str, tmp_path: Path
) -> None:
    actual = find_python(directory_with_pythons(tmp_path / "bin", pythons))
    assert actual == (0, f"/opt/python {expected}/bin/python\n")


@pytest.mark.parametrize(
    ("pythons", "expected"),
    [
        ({}, "no python3 was found on PATH. Install Python 3.11 or newer, or name one"),
        ({"python3": answer("old", "3.10.2")}, "python3 is Python 3.10.2. Install Python 3.11"),
        ({"python3": NOT_ACTIVE}, "no python3 was found on PATH. Install"),
        (
            {"python3": answer("no-venv", "3.13.5")},
            "python3 (3.13.5) has no ensurepip, so it cannot make an environment. On Debian",
        ),
        (
            {"python3": answer("no-venv", "3.13.5"), "python3.12": answer("old", "3.9.1")},
            "python3 (3.13.5) has no ensurepip",
        ),
    ],
)
def test_find_python__says_in_one_line_what_is_missing(
    pythons: dict[str, str], expected: str, tmp_path: Path
) -> None:
    code, text = find_python(directory_with_pythons(tmp_path / "bin", pythons))
    assert code == 1
    assert text.startswith(f"fastgru needs Python 3.11 or newer: {expected}")
    assert text.count("\n") == 1


def test_find_python__considers_only_the_one_named(tmp_path: Path) -> None:
    path = directory_with_pythons(tmp_path / "bin", {"python3": answer("complete", "3.12.0")})
    code, text = find_python(path, "/no such/python")
    assert code == 1
    assert "/no such/python does not run as Python." in text


def test_find_python__understands_this_python(tmp_path: Path) -> None:
    path = directory_with_pythons(tmp_path / "bin", {})
    assert find_python(path, sys.executable) == (0, f"{sys.executable}\n")


def run_make(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a copy that has no environment and could not make one."""
    (directory / "tools").mkdir()
    for name in ("Makefile", "tools/find-python.sh", "pyproject.toml"):
        shutil.copy(ROOT / name, directory / name)
    # The make that runs these tests hands its level and its variables down.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    return subprocess.run(
        ["make", *arguments],
        check=False,
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("target", ["run", "test", "check", "bench"])
def test_make__with_an_old_python_stops_with_one_line(target: str, tmp_path: Path) -> None:
    path = directory_with_pythons(tmp_path / "bin", {"old": answer("old", "3.10.13")})
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    result = run_make(checkout, target, f"PYTHON={path / 'old'}")
    assert result.returncode != 0
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "fastgru needs Python 3.11 or newer" in result.stderr
    assert "is Python 3.10.13." in result.stderr
    assert not (checkout / ".venv").exists()


def test_make__alone_lists_the_targets(tmp_path: Path) -> None:
    result = run_make(tmp_path)
    assert result.returncode == 0
    listed = re.findall(r"^make ([a-z-]+)  +\S", result.stdout, flags=re.MULTILINE)
    assert {"run", "test", "check", "bench", "clean", "help"} <= set(listed)


def test_makefile__recipes_are_short() -> None:
    recipes = re.findall(r"^([^\s#][^\n=]*):[^\n=]*\n((?:\t[^\n]*\n)+)", MAKEFILE, re.MULTILINE)
    assert len(recipes) >= 10
    assert [name for name, recipe in recipes if recipe.count("\n") > 5] == []
