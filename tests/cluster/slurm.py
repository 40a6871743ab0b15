"""A SLURM of one machine for the tests: daemons of our own, below one folder, gone at the end.

Nothing of it outlives the ``with``: configuration, keys, sockets and spools lie in the folder,
ports are free ones, and the daemons are stopped by their process ids.  It needs root, as slurmd
does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

NEEDED = (
    "munged",
    "slurmctld",
    "slurmd",
    "sbatch",
    "squeue",
    "scontrol",
    "scancel",
    "sinfo",
    "setpriv",
)
START_SECONDS = 60
STOP_SECONDS = 20

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=5,batch_sched_delay=1
ReturnToService=2
# seconds from a signal to end to the signal that kills, and between looks at time limits
KillWait=5
OverTimeLimit=0
# jobs of the whole test are remembered
MinJobAge=7200
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Return why no SLURM can be started here; nothing where it can."""
    missing = [name for name in NEEDED if shutil.which(name, path=_path()) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (sh tests/cluster/install-slurm.sh)"
    return "" if os.getuid() == 0 else "slurmd has to be started by root"


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def memory_mb() -> int:
    """Return the memory of this machine, by which SLURM hands it out."""
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("MemTotal:"))
    return int(kilobytes) // 1024


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for opened in sockets:
            opened.bind(("127.0.0.1", 0))
        return [opened.getsockname()[1] for opened in sockets]


class Cluster:
    """One node, one partition ``main``, no accounting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node = socket.gethostname().split(".")[0]
        self.environment = {
            **{name: value for name, value in os.environ.items() if "SLURM" not in name},
            "PATH": f"{folder / 'bin'}:{_path()}",
            "SLURM_CONF": str(folder / "slurm.conf"),
        }

    def ask(self, *command: str) -> str:
        """Run a command of SLURM and return what it prints."""
        result = subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True, timeout=60
        )
        return result.stdout.strip()

    def jobs(self, state: str = "all") -> dict[str, dict[str, Any]]:
        """Return the jobs in a state by their numbers: rule, state, memory and time asked for."""
        text = self.ask("squeue", "--noheader", "--states", state, "--format", "%i|%k|%T|%m|%l")
        rows = [line.split("|") for line in text.splitlines()]
        return {
            number: {
                "rule": comment.removeprefix("rule_").split("_wildcards_")[0],
                "state": state,
                "memory_mb": int(memory.removesuffix("M")),
                "minutes": _minutes(limit),
            }
            for number, comment, state, memory, limit in sorted(rows, key=lambda row: int(row[0]))
        }

    def set_node(self, state: str) -> None:
        reason = ["reason=test"] if state == "drain" else []
        self.ask("scontrol", "update", f"nodename={self.node}", f"state={state}", *reason)

    def logs(self) -> str:
        parts = [f"{path.name}:\n{path.read_text()[-3000:]}" for path in self.folder.glob("*.log")]
        return "\n".join(parts)


def _minutes(limit: str) -> int:
    """Read a time as squeue writes it: 1-02:03:04, 2:03:04 or 3:04."""
    days, _, clock = limit.rpartition("-")
    parts = [0, 0, *map(int, clock.split(":"))][-3:]
    return int(days or 0) * 1440 + parts[0] * 60 + parts[1]


def wait_until(holds: Callable[[], object], seconds: float, what: str) -> None:
    """Look every half second; an error after ``seconds``."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.5)


@contextlib.contextmanager
def running(folder: Path, cpus: int | None = None) -> Iterator[Cluster]:
    """Start the daemons, wait until the node takes jobs, and stop them whatever happens."""
    folder.chmod(0o755)
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    cluster = Cluster(folder)
    (folder / "slurm.conf").write_text(
        CONFIGURATION.format(
            folder=folder,
            host=cluster.node,
            ports=free_ports(2),
            cpus=cpus or len(os.sched_getaffinity(0)),
            memory_mb=memory_mb(),
        ),
        encoding="utf-8",
    )
    _write_srun(cluster)
    munge = [f"--{name}={folder}/munge.{name}" for name in ("socket", "pid-file", "seed-file")]
    munge += [f"--key-file={key}", f"--log-file={folder}/munge.log", "--force"]
    with contextlib.ExitStack() as daemons:
        _start(daemons, cluster, "munged", "--foreground", *munge)
        wait_until((folder / "munge.socket").exists, START_SECONDS, "munged listens")
        _start(daemons, cluster, "slurmctld", "-D")
        _start(daemons, cluster, *in_namespace(), "slurmd", "-D", "-N", cluster.node)
        try:
            wait_until(lambda: _is_idle(cluster), START_SECONDS, "the node is idle")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{cluster.logs()}") from None
        try:
            yield cluster
        finally:
            _end_jobs(cluster)


def _write_srun(cluster: Cluster) -> None:
    """Let jobs find the cluster: the executor calls srun without the variables of SLURM."""
    real, wrapper = shutil.which("srun"), cluster.folder / "bin/srun"
    configuration = cluster.environment["SLURM_CONF"]
    wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={configuration} exec {real} "$@"\n')
    wrapper.chmod(0o755)


def in_namespace() -> tuple[str, ...]:
    """Return what lets jobs end with their daemon, which otherwise leaves them behind.

    Where namespaces are not permitted they stay if the tests are killed.
    """
    # a shell as the first process, since the daemon does not reap what has lost its parent
    first = ("sh", "-c", '"$@"; exit', "sh")
    command = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *first)
    with contextlib.suppress(OSError):
        if subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0:
            return command
    return ()


def _start(daemons: contextlib.ExitStack, cluster: Cluster, *command: str) -> None:
    name = next(word for word in command if word in NEEDED)
    output = daemons.enter_context((cluster.folder / f"{name}.out.log").open("wb"))
    daemons.callback(stop, spawn(command, cluster.environment, output))


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes],
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process, even where this one is killed."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_idle(cluster: Cluster) -> bool:
    with contextlib.suppress(subprocess.SubprocessError):
        return cluster.ask("sinfo", "--noheader", "--format", "%T") == "idle"
    return False


def _end_jobs(cluster: Cluster) -> None:
    """End what still runs, and then the daemons, which unshare does not hand SIGTERM on to."""
    with contextlib.suppress(subprocess.SubprocessError, TimeoutError):
        cluster.ask("scancel", "--full", "--user", "root")
        left = "pending,running,completing"
        wait_until(lambda: not cluster.jobs(left), STOP_SECONDS, "jobs end")
        cluster.ask("scontrol", "shutdown")
