from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fastgru
from fastgru.cli import _make_parser, _parse

# These need no input, so that the usage line is the example.
COMPLETE_ALONE = {"warmup", "selftest"}


def commands() -> list[str]:
    (found,) = (
        action.choices for action in _make_parser()._actions if isinstance(action.choices, dict)
    )
    return list(found)


def test_main__without_arguments_shows_help(run_cli) -> None:
    code, out, err = run_cli([])
    assert (code, err) == (0, "")
    assert out == run_cli(["--help"]).out
    assert out.startswith("usage: fastgru ")
    assert "examples:\n  fastgru audit" in out


@pytest.mark.parametrize("command", commands())
def test_help__has_a_description_and_examples(command: str, run_cli) -> None:
    code, out, err = run_cli([command, "--help"])
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: fastgru {command} ")
    assert f"\n  fastgru {command}" in out or command in COMPLETE_ALONE
    assert "--log-file FILE" in out


def test_version__is_that_of_the_package(run_cli) -> None:
    assert run_cli(["--version"]) == (0, f"fastgru {fastgru.__version__}\n", "")


def test_citation__names_the_version(run_cli) -> None:
    code, out, err = run_cli(["--citation"])
    assert (code, err) == (0, "")
    assert f"version = {{{fastgru.__version__}}}" in out


@pytest.mark.parametrize("arguments", [["nonsense"], ["audit", "--nonsense"], ["--nonsense"]])
def test_main__ends_wrong_usage_with_code_2(arguments: list[str], run_cli) -> None:
    code, out, err = run_cli(arguments)
    assert (code, out) == (2, "")
    assert "usage: fastgru" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "model.safetensors", "genes.fa", "--label-field", "label"],
        ["evaluate", "model.safetensors", "--label-field", "label", "genes.fa"],
        ["evaluate", "--label-field", "label", "model.safetensors", "genes.fa"],
        ["audit", "--label-field", "label", "genes.fa"],
    ],
)
def test_fasta__may_stand_behind_options(arguments: list[str]) -> None:
    args = _parse(_make_parser(), arguments)
    assert args.fasta == "genes.fa"
    assert getattr(args, "model", "model.safetensors") == "model.safetensors"


def test_main__refuses_a_file_too_many(run_cli) -> None:
    code, _, err = run_cli(["audit", "one.fa", "two.fa", "--label-field", "label"])
    assert code == 2
    assert "unrecognized arguments: two.fa" in err


def test_module__runs_as_a_program(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "fastgru", "audit", "none.fa", "--label-field", "label"],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(fastgru.__file__).parent.parent)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "error: none.fa: cannot be read (no such file or directory)" in result.stderr


def test_predict__starts_without_scikit_learn(work, tmp_path: Path) -> None:
    # which would double the time that a few sequences take
    script = (
        "import sys\n"
        "from fastgru.cli import main\n"
        "code = main(sys.argv[1:])\n"
        "sys.exit(code or ('sklearn' in sys.modules and 'scikit-learn was loaded'))\n"
    )
    arguments = ["predict", work.model, work.fasta, "-o", tmp_path / "out.tsv"]
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
