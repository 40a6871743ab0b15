"""A SLURM of this machine for all tests of the folder, and Snakemake on it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import util
from pathlib import Path

import pytest

from tests.cluster import slurm
from tests.workflow.running import ROOT

RunOnSlurm = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[slurm.Cluster]:
    if util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("snakemake-executor-plugin-slurm is not installed (make test-cluster)")
    if reason := slurm.why_not():
        pytest.skip(reason)
    # In a short path of its own: the name of a socket may have 107 letters.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    try:
        with slurm.running(folder) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def start_snakemake(cluster: slurm.Cluster) -> Iterator[RunOnSlurm]:
    """Start Snakemake as docs/clusters.md has it; output goes to ``log`` in the project.

    What still runs at the end is stopped before the cluster, without which it would wait for ever.
    """
    with contextlib.ExitStack() as started:

        def start(project: Path, *arguments: str, commands: Path | None = None) -> subprocess.Popen:
            path = [str(commands)] if commands else []
            path += [str(Path(sys.executable).parent), cluster.environment["PATH"]]
            command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
            command += ["--profile", str(ROOT / "profiles/slurm")]
            command += ["--slurm-status-command", "squeue"]
            command += ["--slurm-init-seconds-before-status-checks", "1", *arguments]
            command += ["--default-resources", "slurm_partition=main"]
            environment = cluster.environment | {"PATH": os.pathsep.join(path)}
            with (project / "log").open("wb") as log:
                process = slurm.spawn(command, environment, log, cwd=project)
            started.callback(slurm.stop, process)
            return process

        yield start
