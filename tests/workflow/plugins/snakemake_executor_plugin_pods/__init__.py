"""Runs each job as Kubernetes would: in an empty folder, with the sources from the storage alone.

What it tells Snakemake of itself is what Snakemake's plugin for Kubernetes says, but that pods
install no plugins.
"""

from __future__ import annotations

import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=True,
    job_deploy_sources=True,
    pass_envvar_declarations_to_cmd=False,
    auto_deploy_default_storage_provider=False,
)


class Executor(RemoteExecutor):
    """Pods are folders below ``pods`` beside the project, and stay for the tests to look at."""

    def __post_init__(self) -> None:
        self.next_seconds_between_status_checks = 0.2

    def run_job(self, job: JobExecutorInterface) -> None:
        folder = Path.cwd().parent / "pods" / f"{job.jobid}-{job.attempt}"
        folder.mkdir(parents=True)
        with (folder / "pod.log").open("wb") as log:
            command = ["bash", "-c", self.format_job_exec(job)]
            pod = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        self.report_job_submission(SubmittedJobInfo(job, aux={"pod": pod}))

    async def check_active_jobs(
        self, active_jobs: list[SubmittedJobInfo]
    ) -> AsyncGenerator[SubmittedJobInfo, None]:
        for info in active_jobs:
            code = info.aux["pod"].poll()
            if code is None:
                yield info
            elif code == 0:
                self.report_job_success(info)
            else:
                self.report_job_error(info)

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        for info in active_jobs:
            info.aux["pod"].terminate()
