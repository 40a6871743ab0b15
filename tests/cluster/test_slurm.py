"""The workflow on SLURM, for real: what goes wrong with jobs and nodes changes no result."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.slurm import stop, wait_until
from tests.workflow.running import ROOT, run_snakemake
from tests.workflow.small_project import results_of, write_project

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(2400)]

# The first baseline hangs, as on a node whose file system does: only the limit of its time ends it.
HANGING_COMMAND = """\
#!/bin/sh
if [ "$1" = baseline ] && mkdir '{project}/hung' 2>/dev/null; then exec sleep 900; fi
exec '{command}' "$@"
"""
TRAINING_LOG = "logs/train/sites/fold1/tiny/seed1.log"


def finish(snakemake: subprocess.Popen[bytes], project: Path, seconds: float) -> str:
    """Wait for the end; where it takes too long, the log says how far it came."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        snakemake.wait(seconds)
    stop(snakemake)
    log = (project / "log").read_text(encoding="utf-8")
    assert snakemake.returncode == 0, log[-8000:]
    return log


class Survivor:
    """A run in which a job is killed, the node is drained and a job hangs."""

    def __init__(self, project, cluster, snakemake):
        self.project, self.cluster, self.snakemake = project, cluster, snakemake

    def wait(self, condition, what):
        def holds():
            log = (self.project / "log").read_text(encoding="utf-8")
            assert self.snakemake.poll() is None, f"ended before: {what}\n{log[-8000:]}"
            return condition()

        wait_until(holds, 600, what)

    def running(self, rule):
        jobs = self.cluster.jobs("running")
        return [number for number, job in jobs.items() if job["rule"] == rule]

    def kill_training(self):
        log = self.project / TRAINING_LOG

        def goes_on():
            return log.exists() and re.search(r"training: [1-9]\d+/", log.read_text())

        self.wait(lambda: self.running("train") and goes_on(), "training goes on")
        (self.killed,) = self.running("train")
        self.cluster.ask("scancel", self.killed)

    def drain_node(self):
        def again():
            return [job for job in self.running("train") if job != self.killed]

        self.wait(again, "training goes on again")
        self.cluster.set_node("drain")
        self.wait(lambda: not self.running("train"), "training ends on the draining node")
        self.wait(lambda: self.cluster.jobs("pending"), "jobs wait for the node")
        self.while_drained = self.cluster.jobs("pending")
        self.cluster.set_node("resume")


@pytest.fixture(scope="module")
def survivor(tmp_path_factory, cluster, start_snakemake):
    project = write_project(tmp_path_factory.mktemp("slurm") / "project")
    commands = project / "commands"
    commands.mkdir()
    real = Path(sys.executable).parent / "fastgru"
    hanging = HANGING_COMMAND.format(project=project, command=real)
    (commands / "fastgru").write_text(hanging)
    (commands / "fastgru").chmod(0o755)
    limits = ["--set-resources", "baseline:runtime=attempt", "--set-threads", "train=1"]
    snakemake = start_snakemake(project, *limits, commands=commands)
    run = Survivor(project, cluster, snakemake)
    run.kill_training()
    run.drain_node()
    run.log = finish(snakemake, project, 900)
    run.jobs = cluster.jobs()
    return run


def attempts(run, rule):
    return [job for job in run.jobs.values() if job["rule"] == rule]


def is_double(second, first):
    """Whether a rule asks for twice as much, each rounded up to a whole number."""
    return 2 * first - 1 <= second <= 2 * first


def test_killed_job__is_sent_again_with_more_memory_and_time(survivor):
    first, second = attempts(survivor, "train")
    assert (first["state"], second["state"]) == ("CANCELLED", "COMPLETED")
    assert is_double(second["memory_mb"], first["memory_mb"])
    assert is_double(second["minutes"], first["minutes"])


def test_killed_job__goes_on_from_its_checkpoint(survivor):
    log = (survivor.project / TRAINING_LOG).read_text()
    assert re.search(r"checkpoint: training goes on after \d\d+ epochs", log), log


def test_hanging_job__is_ended_by_its_limit_and_sent_again_with_a_longer_one(survivor):
    tried = attempts(survivor, "baseline")
    assert len(tried) >= 2
    assert tried[0]["state"] == "TIMEOUT"
    assert tried[-1]["state"] == "COMPLETED"
    assert [job["minutes"] for job in tried] == list(range(1, len(tried) + 1))
    assert is_double(tried[1]["memory_mb"], tried[0]["memory_mb"])


def test_drained_node__keeps_jobs_waiting_until_it_is_back(survivor):
    waiting = {survivor.jobs[number]["state"] for number in survivor.while_drained}
    assert waiting == {"COMPLETED"}


def test_results__are_those_of_a_run_on_this_machine_alone(survivor, tmp_path):
    local = write_project(tmp_path / "project")
    result = run_snakemake(local, "--cores", "2")
    assert result.returncode == 0, result.stdout
    expected = results_of(local)
    found = results_of(survivor.project)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    assert "summary.tsv" in expected


@pytest.mark.exhaustive
@pytest.mark.timeout(7200)
def test_bundled_data__run_whole_on_slurm(tmp_path, start_snakemake):
    """The default workflow; where there are few nodes, models take turns with one thread each."""
    config = str(ROOT / "config/config.yaml")
    threads = ["audit=1", "split=1", "train=1"]
    snakemake = start_snakemake(tmp_path, "--configfile", config, "--set-threads", *threads)
    log = finish(snakemake, tmp_path, 7000)
    assert "(100%) done" in log
    rows = (tmp_path / "results/summary.tsv").read_text().splitlines()
    assert {row.split("\t")[0] for row in rows[1:]} == {"splice", "amp"}
    assert (tmp_path / "results/report.html").stat().st_size > 10_000
