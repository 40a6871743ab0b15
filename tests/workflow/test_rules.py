"""The files of the workflow: their form, and what every rule has."""

from __future__ import annotations

import re
import subprocess

import pytest

from fastgru.report.commands import STEPS
from tests.workflow.running import ROOT, run_snakemake

RULE_FILES = sorted((ROOT / "workflows/rules").glob("*.smk"))
RULES = {
    name: body
    for path in RULE_FILES
    for name, body in re.findall(
        r"^rule (\w+):\n(.*?)(?=^\S|\Z)", path.read_text(), flags=re.MULTILINE | re.DOTALL
    )
}


def test_snakefile__is_a_table_of_contents():
    lines = (ROOT / "Snakefile").read_text().splitlines()
    assert len(lines) <= 40
    for path in RULE_FILES:
        assert f'include: "workflows/rules/{path.name}"' in lines


def test_rules__are_those_of_the_pipeline():
    expected = {"warmup", "audit", "split", "search", "best", "train", "ensemble", "evaluate"}
    expected |= {"annotate", "control", "baseline", "experiment", "summarise", "report"}
    expected |= {"plan_prediction", "predict", "gather_predictions"}
    expected |= {"plan_scan", "scan", "gather_scan", "calls", "tracks"}
    assert RULES.keys() == expected


@pytest.mark.parametrize("name", RULES)
def test_rule__calls_the_command_and_states_its_needs(name):
    body = RULES[name]
    for directive in ("output", "log", "benchmark", "conda", "threads", "resources", "message"):
        assert re.search(rf"^    {directive}:", body, flags=re.MULTILINE), directive
    others = {"control": "evaluate", "calls": "tracks"}
    command = {"plan": "shards", "gather": "gather"}.get(name.partition("_")[0], name)
    assert f"fastgru {others.get(command, command)} " in body
    assert "> {log} 2>&1" in body
    assert re.search(r'"results/timings/', body)
    assert "mem_mb=" in body
    assert "runtime=" in body


def test_rules__wait_for_the_files_that_their_command_is_told():
    named = {name: re.findall(r'input_of\("(\w+)"\)', body) for name, body in RULES.items()}
    waited = {name: re.findall(r'files_of\("(\w+)"\)', body) for name, body in RULES.items()}
    assert named == waited
    assert ["baseline"] in named.values()


def test_rules__of_a_data_set_are_the_steps_of_the_report():
    logs = {name: re.search(r'"logs/(\S+)\.log"', body)[1] for name, body in RULES.items()}
    by_dataset = {name for name, log in logs.items() if log.startswith(f"{name}/{{dataset}}")}
    assert by_dataset == set(STEPS)


@pytest.mark.parametrize("name", RULES)
def test_rule__asks_for_memory_and_time_by_one_formula(name):
    for resource in ("mem_mb", "runtime"):
        assert re.search(rf"^        {resource}=sized\(", RULES[name], flags=re.MULTILINE)


def test_train__goes_on_where_a_job_was_killed():
    # Snakemake removes the outputs of a failed job, so the checkpoint must be none of them
    assert " --resume --force " in RULES["train"]
    assert "checkpoint" not in RULES["train"]
    # nor is the part file of a prediction
    assert " --resume --force " in RULES["predict"]
    assert ".part" not in RULES["predict"]


# nothing to look at, or tables that are too large for a page
NOT_SHOWN = {"warmup", "predict", "gather_predictions", "scan", "gather_scan", "tracks"}


@pytest.mark.parametrize("name", sorted(RULES.keys() - NOT_SHOWN))
def test_rule__shows_its_output_in_the_report_of_snakemake(name):
    body = RULES[name]
    for word in ("caption=", "category=", "labels="):
        assert word in body
    caption = re.search(r'caption="\.\./report/(\w+\.rst)"', body)[1]
    text = (ROOT / "workflows/report" / caption).read_text()
    assert 1 <= len(text.splitlines()) <= 4


def test_workflow__passes_the_lint():
    result = run_snakemake(ROOT, "--lint")
    assert result.returncode == 0, result.stdout
    assert "your workflow is in a good condition" in result.stdout


def test_workflow__plans_the_bundled_data_from_another_folder(tmp_path):
    config = ROOT / "config/config.yaml"
    result = run_snakemake(tmp_path, "-n", "--printshellcmds", "--configfile", str(config))
    assert result.returncode == 0, result.stdout
    assert f"--class AMP={ROOT}/fastgru/datasets/amp_AMP.fasta.gz --class UniProt=" in result.stdout
    assert f"{ROOT}/fastgru/datasets/splice.fasta.gz --label-field label" in result.stdout
    assert re.search(r"^train +30$", result.stdout, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("resources", "started"),
    [
        ([], ["fastgru", "train"]),
        (
            ["train:mpi=echo launch", "train:tasks=4"],
            ["launch", "-n", "4", "fastgru", "train", "--mpi"],
        ),
    ],
)
def test_workflow__shares_a_training_where_snakemake_is_told(tmp_path, resources, started):
    configs = [str(ROOT / f"config/{name}.yaml") for name in ("config", "quick")]
    options = ["-n", "--printshellcmds", "--configfile", *configs, "--set-resources", "warmup:a=1"]
    printed = run_snakemake(tmp_path, *options, *resources).stdout
    command = re.search(r"^Shell command: (.* fastgru train .*) > ", printed, flags=re.MULTILINE)
    # as bash reads it, with what a launcher would be given
    read = subprocess.run(
        ["bash", "-c", "fastgru() { echo fastgru $@; }; " + command[1]],
        check=True,
        capture_output=True,
        text=True,
    )
    words = read.stdout.split()
    assert [word for word in words if word in started] == started


def test_workflow__has_a_quick_profile(tmp_path):
    configs = [str(ROOT / f"config/{name}.yaml") for name in ("config", "quick")]
    result = run_snakemake(tmp_path, "-n", "--configfile", *configs)
    assert result.returncode == 0, result.stdout
    counts = dict(re.findall(r"^(\w+) +(\d+)$", result.stdout, flags=re.MULTILINE))
    # one fold and one seed of two models on one data set and one on the other, and the control
    assert (counts["train"], counts["baseline"]) == ("6", "8")


def test_workflow__can_be_used_as_a_module(tmp_path):
    (tmp_path / "Snakefile").write_text(
        f"""
configfile: "{ROOT}/config/config.yaml"

module fastgru:
    snakefile: "{ROOT}/Snakefile"
    config: config

use rule * from fastgru as gru_*

rule mine:
    default_target: True
    input: "results/summary.tsv"
"""
    )
    result = run_snakemake(tmp_path, "-n", snakefile=tmp_path / "Snakefile")
    assert result.returncode == 0, result.stdout
    assert re.search(r"^gru_train +30$", result.stdout, flags=re.MULTILINE)
