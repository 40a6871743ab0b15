"""The workflow as a module of another one, run for real from a folder of its own."""

from __future__ import annotations

import pytest

from tests.workflow.running import ROOT, run_snakemake
from tests.workflow.small_project import results_of, write_project

SNAKEFILE = """\
configfile: "config/config.yaml"

module fastgru:
    snakefile: "{root}/Snakefile"
    config: config

use rule * from fastgru as gru_*

use rule train from fastgru as gru_train with:
    threads: 1

rule last_row:
    default_target: True
    input: "results/summary.tsv", "results/report.html"
    output: "last.tsv"
    shell: "tail -n 1 {{input[0]}} > {{output}}"
"""


def write_user(folder):
    project = write_project(folder)
    (project / "Snakefile").write_text(SNAKEFILE.format(root=ROOT))
    return project


def test_module__plans_all_rules_under_the_name_of_the_user(tmp_path):
    project = write_user(tmp_path / "project")
    result = run_snakemake(project, "-n", snakefile=project / "Snakefile")
    assert result.returncode == 0, result.stdout
    for rule in ("audit", "split", "warmup", "train", "evaluate", "baseline", "report"):
        assert f"gru_{rule} " in result.stdout
    assert "gru_all" not in result.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_module__gives_the_results_of_the_workflow_itself(tmp_path):
    user, alone = write_user(tmp_path / "user"), write_project(tmp_path / "alone")
    for project, snakefile in ((user, user / "Snakefile"), (alone, ROOT / "Snakefile")):
        result = run_snakemake(project, "--cores", "2", snakefile=snakefile)
        assert result.returncode == 0, result.stdout
    assert results_of(user) == results_of(alone)
    assert (user / "last.tsv").read_text().startswith("sites\t")
    # the captions of the rules are found from there too
    page = run_snakemake(
        user, "--cores", "2", "--report", "page.html", snakefile=user / "Snakefile"
    )
    assert page.returncode == 0, page.stdout
    assert (user / "page.html").stat().st_size > 100_000
