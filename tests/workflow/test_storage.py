"""The workflow where jobs share no files: data in a storage, each job in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.workflow.running import ROOT, run_snakemake
from tests.workflow.small_project import results_of, write_project
from tests.workflow.test_rules import RULES

PLUGINS = Path(__file__).parent / "plugins"
SECTIONS = """\
search: {trials: 2, model: {max_epochs: 1}}
predict:
  lake: {model: sites/tiny, fasta: data/reads.fa, letters_per_shard: 300}
  own: {model: data/own.safetensors, fasta: data/reads.fa}
scan:
  genome: {model: sites/tiny, fasta: data/reads.fa, regions: VOLUME/r.bed, window: 9, step: 3,
           strands: both, tracks: [bedgraph]}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git, whose files of one class are in the storage and of the other in git."""
    if shutil.which("git") is None:
        pytest.skip("git, of which Snakemake asks what sources are, is not installed")
    known = [str(PLUGINS), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(known))
    folder = write_project(tmp_path / "project")
    (tmp_path / "bucket").mkdir()
    (folder / "donor.fa").rename(tmp_path / "bucket/donor.fa")
    shutil.copy(ROOT / "Snakefile", folder)
    for name in ("workflows", "profiles"):
        shutil.copytree(ROOT / name, folder / name)
    for words in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def run_in_pods(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    prefix = f"bucket://{project.parent}/bucket"
    options = ["--executor", "pods", "--jobs", "2", "--latency-wait", "1"]
    options += ["--default-storage-provider", "bucket", "--default-storage-prefix", prefix]
    profile = (project / "profiles/kubernetes/config.yaml").read_text(encoding="utf-8")
    options += ["--set-threads", *yaml.safe_load(profile)["set-threads"]]
    return run_snakemake(project, *options, *arguments, snakefile=project / "Snakefile")


@pytest.mark.parametrize("name", RULES)
def test_rule__tells_its_command_no_path_of_its_own(name: str) -> None:
    told = RULES[name].partition("    params:\n")[2] or RULES[name].partition("    shell:\n")[2]
    assert "shell:" in RULES[name]
    assert re.findall(r"(?:results|logs)/", told) == []


def test_rules__remember_what_the_sheet_says() -> None:
    # Snakemake compares no parameters that depend on files
    for name, body in RULES.items():
        assert body.count("=input_of(") == body.count("sheet=rows_of"), name


def test_storage__has_all_files_that_commands_are_told(project: Path) -> None:
    volume, data = project.parent / "volume", project.parent / "bucket/data"
    for folder in (volume, data):
        folder.mkdir()
    (volume / "r.bed").write_text("r0\t0\t20\n")
    shutil.copy(project / "other.fa", data / "reads.fa")
    (data / "own.safetensors").write_bytes(b"")
    config = project / "config/config.yaml"
    whole = config.read_text().replace("folds: 1", "folds: 2").replace("n_seeds: 1", "n_seeds: 2")
    whole = whole.replace("controls: []", "controls: [shuffled_sequences]")
    config.write_text(whole + SECTIONS.replace("VOLUME", str(volume)))
    result = run_in_pods(project, "-n", "--printshellcmds")
    assert result.returncode == 0, result.stdout
    commands = "\n".join(re.findall(r"fastgru .*", result.stdout))
    known = {re.search(r"\bfastgru (\w+) ", body)[1] for body in RULES.values()}
    assert {command.split()[1] for command in commands.splitlines()} == known - {"warmup"}
    for name in ("donor.fa", "data/", "results/", "logs/"):
        places = re.findall(rf"[^\s'=]*{name}", commands)
        stored = f".snakemake/storage/bucket{project.parent}/bucket/"
        assert {place.startswith(stored) for place in places} == {True}, name
    # sources are where the job is, and volumes where they are everywhere
    assert " --class other=other.fa " in commands
    assert f" --regions {volume}/r.bed " in commands
    # by the size of the file in the storage
    n_shards = -(-(data / "reads.fa").stat().st_size // 300)
    assert f"/reads.fa --number {n_shards} --output" in commands


def test_storage__without_a_file_is_named(project: Path) -> None:
    (project.parent / "bucket/donor.fa").unlink()
    result = run_in_pods(project, "-n")
    where = f"the storage (bucket://{project.parent}/bucket)"
    assert f"there is no file 'donor.fa', expected one in {where} or in the" in result.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_jobs_that_share_no_files__give_the_same_results(project: Path) -> None:
    result = run_in_pods(project)
    bucket, pods = project.parent / "bucket", project.parent / "pods"
    logs = "".join(path.read_text()[-2000:] for path in pods.glob("*/pod.log"))
    assert result.returncode == 0, f"{result.stdout}\n{logs}"
    assert len(list(pods.iterdir())) == 9  # every job but the last, which has no command
    assert not (project / "results").exists()
    again = run_in_pods(project, "-n")
    assert "Nothing to be done" in again.stdout
    shutil.copy(bucket / "donor.fa", project)
    local = run_snakemake(project, "--cores", "2", snakefile=project / "Snakefile")
    assert local.returncode == 0, local.stdout
    expected, found = results_of(project), results_of(bucket)
    pages = [results.pop("report.html").decode() for results in (expected, found)]
    assert found == expected
    # the commands on the page are those of either run
    steps = [re.findall(r"<span>(fastgru \w+) --", page) for page in pages]
    assert steps[0] == steps[1] != []
    # a change of the sheet makes results anew, in the storage and here
    sheet = project / "config/datasets.tsv"
    words = {"donor.fa\tdonor": "donor.fa\tother", "other.fa\tother": "other.fa\tdonor"}
    sheet.write_text(re.sub("|".join(words), lambda found: words[found[0]], sheet.read_text()))
    local = run_snakemake(project, "-n", "--cores", "2", snakefile=project / "Snakefile")
    for planned in (local, run_in_pods(project, "-n")):
        assert re.search(r"^train +1$", planned.stdout, flags=re.MULTILINE), planned.stdout
