"""Runs the README: every shell and Python block, in order, in a copy of the repository.

Shell lines that set up a machine (git, pip, make, cd) are not run; a make target has to exist.
A snakemake line is a dry run here, since ``test_workflow.py`` runs the workflow for real.
In a ``console`` block the lines after a ``$ command`` are its output, where ``...`` stands for
anything.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SHELL = {"sh", "bash", "shell", "console"}
SETUP = {"cd", "git", "make", "pip"}
NOT_COPIED = shutil.ignore_patterns(
    ".*", "__pycache__", "benchmarks", "logs", "node_modules", "results"
)
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```\s*$", flags=re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    line: int
    text: str


class Command(NamedTuple):
    text: str
    output: str | None


def blocks_of(markdown: str) -> list[Block]:
    return [
        Block(match[1].lower(), markdown.count("\n", 0, match.start()) + 2, match[2])
        for match in FENCE.finditer(markdown)
    ]


def commands_of(block: Block) -> list[Command]:
    """The commands of a shell block, continued lines joined, comments left out."""
    text = re.sub(r"\\\n\s*(> )?", "", block.text)
    if block.language != "console":
        lines = [line.strip() for line in text.splitlines()]
        return [Command(line, None) for line in lines if line and not line.startswith("#")]
    sessions = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [Command(*session.split("\n", 1)) for session in sessions]


def is_setup(command: Command) -> bool:
    words = command.text.split()
    return words[0] in SETUP or words[:3] in (["python", "-m", "pip"], ["python", "-m", "venv"])


def assert_output(expected: str, actual: str) -> None:
    pattern = re.escape(expected.strip()).replace(re.escape("..."), ".*")
    assert re.fullmatch(pattern, actual.strip(), flags=re.DOTALL), actual


BLOCKS = blocks_of(README.read_text(encoding="utf-8")) if README.exists() else []


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("readme") / "fastgru"
    shutil.copytree(ROOT, directory, ignore=NOT_COPIED)
    return directory


@pytest.fixture(scope="module")
def environment(checkout: Path) -> dict[str, str]:
    """PATH with the tested fastgru first, whether or not the environment is active."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "PYTHONPATH": str(checkout)}


def run(
    command: list[str], checkout: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        command, check=False, cwd=checkout, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, f"{command[-1]}\n{result.stdout}\n{result.stderr}"
    return result


def test_readme__shows_the_command_and_the_api() -> None:
    python = [block.text for block in BLOCKS if block.language == "python"]
    commands = [
        command for block in BLOCKS if block.language in SHELL for command in commands_of(block)
    ]
    assert any("fastgru" in text for text in python), "README.md has no Python example"
    assert any(command.text.startswith("fastgru ") for command in commands), (
        "README.md has no example of the fastgru command"
    )
    assert any(command.text == "make run" for command in commands)


def test_readme__is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 125


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line {block.line}")
def test_readme__block_runs(block: Block, checkout: Path, environment: dict[str, str]) -> None:
    if block.language == "python":
        run([sys.executable, "-c", block.text], checkout, environment)
    elif block.language in SHELL:
        for command in commands_of(block):
            run_shell(command, checkout, environment)
    else:
        assert block.language in {"text", "tsv", "yaml", "bibtex", "json"}


def run_shell(command: Command, checkout: Path, environment: dict[str, str]) -> None:
    words = command.text.split()
    if words[0] == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[1]}:", makefile, flags=re.MULTILINE), command.text
    elif words[0] == "snakemake":
        run(["bash", "-c", f"{command.text} --dry-run --quiet"], checkout, environment)
    elif not is_setup(command):
        result = run(["bash", "-euo", "pipefail", "-c", command.text], checkout, environment)
        if command.output is not None:
            assert_output(command.output, result.stdout)


# The reader of the README itself.

EXAMPLE = """
```bash
# get it
git clone somewhere
fastgru train \\
    a.fa
```

```console
$ fastgru --version
fastgru 0.1.0
$ true
```
"""


def test_blocks_of__finds_languages_and_lines() -> None:
    assert [(block.language, block.line) for block in blocks_of(EXAMPLE)] == [
        ("bash", 3),
        ("console", 10),
    ]


def test_commands_of__joins_lines_and_splits_output() -> None:
    first, second = (commands_of(block) for block in blocks_of(EXAMPLE))
    assert [command.text for command in first] == ["git clone somewhere", "fastgru train a.fa"]
    assert [is_setup(command) for command in first] == [True, False]
    assert second == [Command("fastgru --version", "fastgru 0.1.0\n"), Command("true", "")]


def test_assert_output__lets_dots_stand_for_anything() -> None:
    assert_output("a ... d\n", "a b\nc d")
    with pytest.raises(AssertionError):
        assert_output("a ... d", "a b c")
