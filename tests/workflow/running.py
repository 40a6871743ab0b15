"""Running Snakemake the way a user does, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_snakemake(
    project: Path,
    *arguments: str,
    snakefile: Path = ROOT / "Snakefile",
    commands: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in the folder `project`, with the Snakefile of the repository.

    Programs in the folder `commands` stand before those of the environment.

    Messages are in ``stdout``: Snakemake writes those of a dry run there, and others to stderr.
    """
    environment = dict(os.environ)
    # The fastgru command of this very environment, whether it was activated or not.
    folders = [*([] if commands is None else [commands]), Path(sys.executable).parent]
    environment["PATH"] = os.pathsep.join([*map(str, folders), environment["PATH"]])
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", snakefile, *arguments],
        check=False,
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def refusals_of(projects: list[Path]) -> list[str]:
    """Return why Snakemake refuses the configuration of each project, empty if it does not.

    One process for all of them: Snakemake takes a second to start, and leaves traces in the
    process that called it.
    """
    result = subprocess.run(
        [sys.executable, "-m", "tests.workflow.refusals", *projects],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    refusals: list[str] = json.loads(result.stdout)
    return refusals
