from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fastgru

ROOT = str(Path(fastgru.__file__).parent.parent)


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (
            "split {fasta} --label-field label >&-",
            1,
            "fastgru split: error: standard output: is closed, expected a place for the results",
        ),
        ("split - --label-field label <&-", 1, "no records"),
        ("split {fasta} --label-field label -o {out} 2>&-", 0, ""),
        ("split {fasta} --label-field label -o {out} >&- 2>&- <&-", 0, ""),
    ],
)
def test_closed_streams__are_no_fault_of_the_program(
    command: str, code: int, message: str, tmp_path: Path
) -> None:
    fasta, out = tmp_path / "a.fa", tmp_path / "split.tsv"
    records = [f">r{k} label={'xy'[k % 2]}\n{'A' * (k + 1)}\n" for k in range(20)]
    fasta.write_text("".join(records), encoding="utf-8")
    line = command.format(fasta=fasta, out=out)
    result = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m fastgru {line}"],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": ROOT, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert message in result.stderr
    if code == 0:
        assert len(out.read_text(encoding="utf-8").splitlines()) == 21
