from __future__ import annotations

from pathlib import Path

import pytest

HEADER = "chrom\tstart\tend\tstrand\tno\tyes\n"
FIRST = HEADER + "a\t0\t10\t.\t0.100000\t0.900000\n"
SECOND = HEADER + "a\t5\t15\t.\t0.500000\t0.500000\nb\t0\t10\t.\t0.050000\t0.950000\n"


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "1.tsv", tmp_path / "2.tsv"]
    for path, text in zip(paths, (FIRST, SECOND), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_tracks__of_shards_are_those_of_all(run_cli, tables: list[Path], tmp_path: Path) -> None:
    calls, scores = tmp_path / "c.bed", tmp_path / "s.bedgraph"
    code, _, err = run_cli(["tracks", *tables, "--calls", calls, "--bedgraph", scores])
    assert code == 0, err
    assert calls.read_text() == "a\t0\t15\tyes\t900\t.\nb\t0\t10\tyes\t950\t.\n"
    assert scores.read_text() == "a\t0\t7\t0.900000\na\t7\t15\t0.500000\nb\t0\t10\t0.950000\n"


def test_tracks__go_to_standard_output(run_cli, tables: list[Path]) -> None:
    code, out, _ = run_cli(["tracks", *tables, "--bedgraph", "-", "--class", "no"])
    assert code == 0
    assert out.splitlines()[1:] == ["a\t7\t15\t0.500000", "b\t0\t10\t0.050000"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "nothing to make: expected --bedgraph, --bigwig or --calls. Name one file or more"),
        (["--bigwig", "{}/s.bw"], "--bigwig: needs the lengths of the sequences. Give --sizes FI"),
        (["-", "--calls", "{}/c.bed"], "standard input: can be read once only, expected files"),
        (["/dev/null", "--calls", "{}/c.bed"], "/dev/null: can be read once only, expected f"),
        (["--calls", "{}/1.tsv", "--force"], "is an input and would be overwritten"),
        (["--bedgraph", "{}/s.{{strand}}"], "is a name for each strand, and the rows are for both"),
    ],
)
def test_tracks__that_cannot_be_made_are_refused(
    run_cli, tables: list[Path], tmp_path: Path, options: list[str], message: str
) -> None:
    pytest.importorskip("pyBigWig")
    code, _, err = run_cli(["tracks", *tables, *(word.format(tmp_path) for word in options)])
    assert code == 2
    assert message in err
    assert sorted(tmp_path.iterdir()) == tables


def test_tables__out_of_order_are_refused(run_cli, tables: list[Path], tmp_path: Path) -> None:
    calls = tmp_path / "c.bed"
    code, _, err = run_cli(["tracks", *reversed(tables), "--calls", calls])
    assert code == 1
    assert "1.tsv, line 2: 'a' comes back behind 'b', expected its rows together" in err
    assert not calls.exists()
