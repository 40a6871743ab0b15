from __future__ import annotations

import pytest

from tests.report.results_files import read_rows, write_dataset, write_run


@pytest.fixture
def results(tmp_path):
    for model in ("first", "second"):
        if not (tmp_path / "data").exists():
            write_dataset(tmp_path / "data", ["a", "b"])
        write_run(tmp_path / "data" / model, ["a", "b"])
    return tmp_path


def test_summarise__writes_the_table(run_cli, results):
    code, out, err = run_cli(["summarise", results, "-o", results / "summary.tsv"])
    assert (code, out) == (0, "")
    assert "runs in the table: 2" in err
    rows = read_rows(results / "summary.tsv")
    assert [row["model"] for row in rows] == ["first", "second"]


def test_summarise__writes_to_standard_output_by_default(run_cli, results):
    code, out, _ = run_cli(["summarise", results / "data/second/metrics.json"])
    assert code == 0
    assert out.splitlines()[1].startswith("data\tsecond\t2\t")


def test_summarise__refuses_a_folder_without_runs(run_cli, tmp_path):
    code, out, err = run_cli(["summarise", tmp_path, "-o", tmp_path / "summary.tsv"])
    assert (code, out) == (1, "")
    assert f"{tmp_path}: no metrics.json found" in err
    assert list(tmp_path.iterdir()) == []


def test_summarise__refuses_to_replace_a_file(run_cli, results):
    (results / "summary.tsv").write_text("mine")
    code, _, err = run_cli(["summarise", results, "-o", results / "summary.tsv"])
    assert code == 1
    assert "Use --force" in err
    assert (results / "summary.tsv").read_text() == "mine"


def test_summarise__without_arguments_is_wrong_usage(run_cli):
    code, _, err = run_cli(["summarise"])
    assert code == 2
    assert "RESULTS" in err
