"""The profiles for clusters: Snakemake takes their settings, and no rule knows of any cluster."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import util

import pytest
import yaml

from tests.workflow.running import ROOT, run_snakemake
from tests.workflow.small_project import write_project

EXECUTORS = ("slurm", "kubernetes")
WORKFLOW = [ROOT / "Snakefile", *sorted((ROOT / "workflows/rules").glob("*.smk"))]


def settings(name):
    return yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WORKFLOW, ids=lambda path: path.name)
def test_workflow__names_no_executor(path):
    partition = r"partition(?!\()"  # not the method of strings
    words = rf"(?i)\b(slurm|sbatch|srun|kubernetes|k8s|pbs|lsf|sge|qsub|{partition}|executor)\w*"
    assert re.findall(words, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", EXECUTORS)
def test_profile__gives_threads_to_each_rule_that_shares_the_cores_of_one_machine(name):
    # A node would share its own cores, of which the job was not given all.
    rules = "".join(path.read_text(encoding="utf-8") for path in WORKFLOW)
    bodies = re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", rules, flags=re.MULTILINE | re.DOTALL)
    sharing = {rule for rule, body in bodies if "threads: threads_per_" in body}
    assert "train" in sharing
    assert sharing <= {entry.split("=")[0] for entry in settings(name)["set-threads"]}


# Snakemake reads the profile as it does for a run, and then says what it has understood.
READ = """
import json, sys
from snakemake.cli import parse_args
_, arguments = parse_args(["--profile", sys.argv[1]])
names = ("executor", "jobs", "retries", "latency_wait")
print(json.dumps({name: getattr(arguments, name) for name in names}))
"""


@pytest.mark.cluster
@pytest.mark.parametrize("name", EXECUTORS)
def test_profile__is_understood_by_snakemake(name, tmp_path):
    if util.find_spec(f"snakemake_executor_plugin_{name}") is None:
        pytest.skip(f"snakemake-executor-plugin-{name} is not installed")
    profile = str(ROOT / f"profiles/{name}")
    command = [sys.executable, "-c", READ, profile]
    result = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    understood = json.loads(result.stdout.splitlines()[-1])
    expected = {key.replace("-", "_"): value for key, value in settings(name).items()}
    assert understood == {key: expected[key] for key in understood} | {"executor": name}
    assert understood["retries"] >= 1


@pytest.mark.cluster
def test_profile__of_slurm_adds_to_the_default_one(tmp_path):
    if util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("snakemake-executor-plugin-slurm is not installed")
    project = write_project(tmp_path / "project")
    result = run_snakemake(project, "-n", "--profile", str(ROOT / "profiles/slurm"))
    assert result.returncode == 0, result.stdout
    both = f"Using profiles {ROOT}/profiles/slurm and workflow specific profile {ROOT}/profiles/"
    assert f"{both}default" in result.stdout


@pytest.mark.parametrize("name", EXECUTORS)
def test_profile__names_nothing_that_the_default_one_would_override(name):
    assert settings(name).keys() & settings("default").keys() == set()


def test_profiles__differ_in_what_the_executor_needs_alone():
    slurm, kubernetes = settings("slurm"), settings("kubernetes")
    assert slurm | {"executor": "kubernetes"} == kubernetes
