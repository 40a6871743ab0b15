"""Read the configuration of each folder given, and write the errors as a JSON list."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.exceptions import WorkflowError
from snakemake.settings.types import OutputSettings, Quietness, ResourceSettings

SNAKEFILE = Path(__file__).parents[2] / "Snakefile"


def refusal_of(project: str) -> str:
    os.chdir(project)
    settings = OutputSettings(quiet={Quietness.ALL})
    try:
        with contextlib.redirect_stdout(sys.stderr), SnakemakeApi(settings) as api:
            api.workflow(ResourceSettings(), snakefile=SNAKEFILE).dag()
    except WorkflowError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    sys.stdout.write(json.dumps([refusal_of(project) for project in sys.argv[1:]]))
