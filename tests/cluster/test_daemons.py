"""The cluster of the tests itself: nothing of it outlives them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import slurm
from tests.workflow.running import ROOT

pytestmark = pytest.mark.cluster

START = """
import sys, time
from pathlib import Path
from tests.cluster import slurm

folder = Path(sys.argv[1])
with slurm.running(folder) as cluster:
    script = folder / "job.sh"
    script.write_text("#!/bin/sh\\nsleep 600\\n")
    cluster.ask("sbatch", "--time", "20", "--output", "/dev/null", str(script))
    slurm.wait_until(lambda: cluster.jobs("running"), 60, "the job runs")
    print("runs", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    if reason := slurm.why_not():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="slurm-") as name:
        yield Path(name)


def processes_of(folder: Path) -> list[str]:
    """Return the programs that were started with the configuration of a cluster."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "comm").read_text().strip())
        except OSError:
            continue  # has ended
    return found


def test_cluster__ends_with_tests_that_are_killed(folder: Path) -> None:
    if not slurm.in_namespace():
        pytest.skip("namespaces of processes are not permitted here")
    command = [sys.executable, "-c", START, str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
    ) as tests:
        try:
            assert tests.stdout is not None
            assert tests.stdout.readline() == b"runs\n"
            started = {"munged", "slurmctld", "slurmd", "sleep"}  # the last a moment after its job
            slurm.wait_until(lambda: started <= set(processes_of(folder)), 20, "all processes run")
        finally:
            tests.kill()
    slurm.wait_until(lambda: not processes_of(folder), 20, "all processes end")
