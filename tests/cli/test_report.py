from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.report.experiment_files import write_experiment


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written") / "results"
    write_experiment(folder / "data", ["a", "b"], n_folds=1, models=("bigru",))
    return folder


@pytest.fixture
def results(written, tmp_path):
    return shutil.copytree(written, tmp_path / "results")


def test_report__writes_the_page(run_cli, results):
    page = results.parent / "report.html"
    code, out, err = run_cli(["report", results, "-o", page])
    assert (code, out) == (0, "")
    assert "data sets in the report: 1" in err
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_report__shows_the_commands_of_the_logs(run_cli, results, tmp_path):
    (tmp_path / "logs" / "split").mkdir(parents=True)
    log = tmp_path / "logs" / "split" / "data.log"
    log.write_text("fastgru 0.1.0: fastgru split data.fa --label-field label -o split.tsv\n")
    page = tmp_path / "report.html"
    code, _, _ = run_cli(["report", results, "--logs", tmp_path / "logs", "-o", page])
    assert code == 0
    assert "fastgru split data.fa --label-field label -o split.tsv" in page.read_text()


def test_report__leaves_nothing_behind_when_a_file_is_missing(run_cli, results, tmp_path):
    (results / "data/fold1/bigru/seed1/history.tsv").unlink()
    code, _, err = run_cli(["report", results, "-o", tmp_path / "report.html"])
    assert code == 1
    assert "history.tsv: cannot be read (No such file or directory)" in err
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results"]


def test_report__writes_summaries_for_multiqc(run_cli, results, tmp_path):
    argv = ["report", results, "-o", tmp_path / "report.html", "--multiqc", tmp_path / "mqc"]
    assert run_cli(argv).code == 0
    names = {path.name for path in (tmp_path / "mqc").iterdir()}
    expected = {"fastgru_best_mqc.json", "fastgru_scores_mqc.json", "fastgru_learning_mqc.json"}
    assert names == expected


def test_report__refuses_to_replace_summaries_before_any_work(run_cli, results, tmp_path):
    argv = ["report", results, "-o", tmp_path / "report.html", "--multiqc", tmp_path / "mqc"]
    (tmp_path / "mqc").mkdir()
    (tmp_path / "mqc" / "fastgru_scores_mqc.json").write_text("mine")
    code, _, err = run_cli(argv)
    assert code == 1
    assert "fastgru_scores_mqc.json: exists already. Use --force to replace it" in err
    assert not (tmp_path / "report.html").exists()
    assert run_cli([*argv, "--force"]).code == 0
    assert (tmp_path / "mqc" / "fastgru_scores_mqc.json").read_text() != "mine"


def test_report__names_a_folder_for_summaries_that_cannot_be_made(run_cli, results, tmp_path):
    argv = ["report", results, "-o", tmp_path / "report.html", "--multiqc", tmp_path / "no/where"]
    code, _, err = run_cli(argv)
    assert code == 1
    assert "no/where: there is no folder" in err
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("missing", [["matplotlib"], ["jinja2"], ["jinja2", "matplotlib"]])
def test_report__names_the_extra_when_packages_are_missing(
    run_cli, results, tmp_path, monkeypatch, missing
):
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    code, _, err = run_cli(["report", results, "-o", tmp_path / "report.html"])
    assert code == 1
    assert f"fastgru report: needs {' and '.join(missing)}, which cannot be imported" in err
    assert "pip install 'fastgru[workflow]'" in err
    assert not (tmp_path / "report.html").exists()


def test_report__needs_an_output(run_cli, results):
    code, _, err = run_cli(["report", results])
    assert code == 2
    assert "--output" in err


def test_report__help_loads_no_plotting():
    source = (
        "import sys; from fastgru.cli import main; main(['report', '--help']);"
        "sys.exit(bool({'matplotlib', 'jinja2', 'numba'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", source], check=True, capture_output=True)
