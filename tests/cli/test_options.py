from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize("command", ["audit", "split"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "exactly one of three forms: one FASTA per class"),
        (["a.fa"], "exactly one of three forms"),
        (["a.fa", "--class", "x=b.fa"], "exactly one of three forms"),
        (["a.fa", "--labels", "l.tsv", "--label-field", "label"], "exactly one of three forms"),
        (["--class", "x=a.fa", "--class", "x=b.fa"], "--class x=: given twice, expected one file"),
        (["--class", "a.fa"], "expected NAME=FASTA, got 'a.fa'"),
        (["--class", "=a.fa"], "expected NAME=FASTA, got '=a.fa'"),
        (["--class", "x="], "expected NAME=FASTA, got 'x='"),
        (
            ["--class", "a=b=pos.fa"],
            "expected NAME=FASTA without = in the name, got 'a=b=pos.fa'; there is no 'b=pos.fa'",
        ),
        (["-", "--labels", "-"], "standard input (-) can be read only once"),
        (["a.fa", "--label-field", "l", "--alphabet", "DNA"], "invalid choice: 'DNA'"),
        (["a.fa", "--label-field", "l", "-q", "-v"], "not allowed with argument"),
    ],
)
def test_wrong_usage__ends_with_code_2(
    command: str, arguments: list[str], message: str, run_cli
) -> None:
    code, out, err = run_cli([command, *arguments])
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_class__given_as_a_file_alone_has_a_hint(tmp_path: Path, run_cli) -> None:
    (tmp_path / "a.fa").touch()
    _, _, err = run_cli(["audit", "--class", tmp_path / "a.fa"])
    assert f"the name is missing: NAME={tmp_path / 'a.fa'}" in err


def test_class__may_have_an_equals_sign_in_its_path(tmp_path: Path, run_cli) -> None:
    (tmp_path / "n=1.fa").write_text(">a\nACGT\n", encoding="utf-8")
    options = [
        "--no-homology",
        *(f"--level={code}=note" for code in ("one_class", "class_too_small")),
    ]
    code, _, err = run_cli(["audit", "--class", f"x={tmp_path / 'n=1.fa'}", *options])
    assert code == 0, err


@pytest.mark.parametrize("name", ["missing/out.json", "."])
def test_output__is_checked_before_any_work(name: str, tmp_path: Path, run_cli) -> None:
    # The input does not exist either, but the output is looked at first.
    code, _, err = run_cli(["audit", "none.fa", "--label-field", "l", "-o", tmp_path / name])
    assert code == 1
    assert str(tmp_path) in err
    assert "none.fa: " not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit", "a.fa", "--labels", "l.tsv", "--force", "-o", "./a.fa"],
        ["audit", "a.fa", "--labels", "l.tsv", "--force", "-o", "l.tsv"],
        ["audit", "a.fa", "--labels", "l.tsv", "--log-file", "a.fa"],
        ["split", "--class", "x=a.fa", "--class", "y=b.fa", "--force", "-o", "a.fa"],
        ["train", "a.fa", "--labels", "l.tsv", "-o", "new", "--force", "--history", "l.tsv"],
        ["train", "a.fa", "--labels", "b", "--split", "l.tsv", "-o", "l.tsv", "--force"],
        ["predict", "model", "b.fa", "a.fa", "--force", "-o", "a.fa"],
        ["predict", "a.fa", "b.fa", "--force", "-o", "a.fa"],
        ["evaluate", "m", "a.fa", "--labels", "l.tsv", "--force", "--predictions", "a.fa"],
        ["summarise", "a.fa", "--force", "-o", "a.fa"],
    ],
)
def test_output__never_replaces_an_input(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.fa", "l.tsv"):
        Path(name).write_text("precious", encoding="utf-8")
    code, out, err = run_cli(arguments)
    assert (code, out) == (2, "")
    assert "is an input and would be overwritten, expected another file for the output." in err
    assert {path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"precious"}


def test_output__may_be_the_terminal_that_is_read(run_cli) -> None:
    arguments = ["--label-field", "x", "-o", "/dev/null"]
    code, _, err = run_cli(["audit", "/dev/null", *arguments])
    assert code == 1
    assert "/dev/null: the file holds no records" in err
