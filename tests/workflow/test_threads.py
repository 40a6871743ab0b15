"""Jobs side by side keep no more threads running than the cores that Snakemake shares out.

The machine is told to have sixteen: a thread that could run is in the state R, whether it has a
core or waits for one, so that too many are seen on two cores as well.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from fastgru import SequenceClassifier
from tests.planted import plant
from tests.thread_use import tasks_below
from tests.workflow.running import run_snakemake
from tests.workflow.small_project import write_project

N_CORES = 16
N_HELPERS = 2
"""Threads of a prediction that read and write, as docs/command-line.md says."""
COMMAND = f"""\
#!{sys.executable}
# fastgru on a machine of {N_CORES} cores
import os

os.environ["NUMBA_NUM_THREADS"] = "{N_CORES}"
import fastgru._machine

fastgru._machine.usable_cpus = lambda: {N_CORES}
import sys
from fastgru.cli import main

sys.exit(main(sys.argv[1:]))
"""
SECTIONS = """\
predict:
  reads: {model: model.safetensors, fasta: reads.fa, shards: SHARDS}
scan:
  genome: {model: model.safetensors, fasta: reads.fa, window: 100, step: 20, shards: SHARDS}
"""


class Job(NamedTuple):
    """A command that was seen, how many threads it was granted, and how many it kept running."""

    command: str
    granted: int
    running: int


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write_project(tmp_path / "project")
    letters = "".join(np.random.default_rng(2).choice(list("ACGT"), 400_000))
    (folder / "reads.fa").write_text(
        "".join(f">r{at}\n{letters[at : at + 500]}\n" for at in range(0, len(letters), 500))
    )
    how = {"hidden_size": 32, "embedding_size": 4, "max_epochs": 1, "early_stopping": False}
    model = SequenceClassifier(**how, threads=1, random_state=0).fit(*plant(40, seed=1))
    model.save(folder / "model.safetensors")
    return folder


def jobs_of(program: Path) -> list[Job]:
    """Return what jobs do at this moment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue  # has ended since
        if str(program) in words and "--threads" in words:
            granted = int(words[words.index("--threads") + 1])
            pid = int(place.name)
            # a thread that hands its work on is not running twice
            running = min(n_running(pid) for _ in range(3))
            found.append(Job(words[2], granted, running))
    return found


def n_running(pid: int) -> int:
    states: Counter[str] = Counter()
    for task in tasks_below(pid):
        try:
            states[(task / "stat").read_text().rpartition(")")[2].split()[0]] += 1
        except OSError:
            continue
    return states["R"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("n_shards", [2, 8])
def test_workflow__keeps_no_more_threads_running_than_cores(
    n_shards: int, project: Path, tmp_path: Path
) -> None:
    config = project / "config/config.yaml"
    text = config.read_text() + SECTIONS.replace("SHARDS", str(n_shards))
    config.write_text(text.replace("n_seeds: 1", "n_seeds: 3"))
    program = tmp_path / "commands/fastgru"
    program.parent.mkdir()
    program.write_text(COMMAND)
    program.chmod(0o755)
    models = [f"results/sites/fold1/tiny/seed{seed}/model.safetensors" for seed in (1, 2, 3)]
    tables = ["results/predictions/reads/predictions.tsv.gz", "results/scans/genome/windows.tsv.gz"]
    seen: list[list[Job]] = []
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(
            run_snakemake,
            *(project, "--cores", str(N_CORES), *tables, *models),
            commands=program.parent,
        )
        while not run.done():
            seen.append(jobs_of(program))
            time.sleep(0.05)
    assert run.result().returncode == 0, run.result().stdout
    for jobs in seen:
        assert sum(job.granted for job in jobs) <= N_CORES, jobs
        for job in jobs:
            allowed = N_HELPERS if job.command == "predict" and job.granted > 1 else 0
            assert job.running <= job.granted + allowed, jobs
    commands = {job.command for jobs in seen for job in jobs}
    assert {"train", "predict", "scan"} <= commands
    # and they were side by side, on more threads than one
    assert max(len(jobs) for jobs in seen) >= 4
    assert max(job.running for jobs in seen for job in jobs) > 1 or n_shards > 2
