"""``fastgru train --mpi``: who writes, who speaks, and how all end.

With threads in the place of processes where that is enough, else with mpirun, where it is.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import fastgru
import fastgru.training.mpi
from fastgru.cli import main
from fastgru.cli.checkpointing import fit_with_checkpoint
from fastgru.cli.ranks import _RANKS, another_speaks, run_as_rank
from fastgru.errors import CheckpointError, DivergenceError, FastgruError, RankError
from fastgru.training.ranks import crew_in_force
from tests.cli.conftest import Work
from tests.ranks import ThreadCommunicator, run_ranks

Result = tuple[int | BaseException, argparse.Namespace, list[int]]


def options(**changes: Any) -> argparse.Namespace:
    given = {"output": "m", "history": "h", "checkpoint": None, "log_file": "l", "resume": True}
    return argparse.Namespace(**{"dry_run": False, **given, **changes})


@pytest.fixture
def run_all(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command on some ranks: each one's code or error, its options, and its aborts."""
    own = threading.local()
    monkeypatch.setattr(fastgru.training.mpi, "MPICommunicator", lambda: own.communicator)

    def run_all(size: int, command: Any, **changes: Any) -> list[Result]:
        def rank(one: ThreadCommunicator) -> Result:
            aborts: list[int] = []
            one.abort = aborts.append  # type: ignore[attr-defined]
            own.communicator, args = one, options(run=command, **changes)

            def explain() -> int:
                try:
                    return int(args.run(args))
                except FastgruError:
                    return 1

            try:
                return run_as_rank(args, explain), args, aborts
            except (RuntimeError, KeyboardInterrupt) as error:
                return error, args, aborts

        return run_ranks(size, rank)

    return run_all


def meet(*_: object) -> None:
    crew_in_force().require_same({"seed": 1})


def test_run_as_rank__lets_one_rank_write(run_all) -> None:
    (code, first, _), (other_code, second, _) = run_all(2, lambda args: meet() or 0)
    assert (code, other_code) == (0, 0)
    assert (first.output, first.history, first.log_file, first.resume) == ("m", "h", "l", True)
    assert (second.output, second.checkpoint) == (os.devnull, False)
    assert (second.history, second.log_file, second.resume) == (None, None, False)
    assert (second.silent, second.quiet) == (True, True)


def test_run_as_rank__shows_a_plan_once_and_shares_nothing(run_all) -> None:
    shown: list[int] = []

    def plan(args: argparse.Namespace) -> int:
        shown.append(crew_in_force().communicator.size)
        return 0

    assert [code for code, *_ in run_all(3, plan, dry_run=True)] == [0, 0, 0]
    assert shown == [1]


@pytest.mark.parametrize("failing", [0, 1])
def test_run_as_rank__ends_all_where_one_cannot_begin(run_all, failing: int) -> None:
    heard: list[str] = []

    def command(args: argparse.Namespace) -> int:
        if crew_in_force().communicator.rank == failing:
            raise FastgruError("a.fa: is gone")
        try:
            meet()
        except RankError as error:
            heard.append(str(error))
            raise
        return 0

    results = run_all(3, command)
    assert heard == [f"rank {failing}: a.fa: is gone"] * 2
    # each ends by itself, and none is cut off before it has said why
    assert [(code, aborts) for code, _, aborts in results] == [(1, [])] * 3


def test_run_as_rank__refuses_standard_input_before_one_waits_for_it(run_all) -> None:
    begun: list[int] = []
    given = {"fasta": ["a.fa", "-"]}
    results = run_all(2, lambda args: begun.append(1) or 0, **given)
    assert [(code, aborts) for code, _, aborts in results] == [(1, [])] * 2
    assert not begun
    assert [code for code, *_ in run_all(1, lambda args: begun.append(1) or 0, **given)] == [0]
    assert begun == [1]


def test_run_as_rank__does_not_begin_anew_alone(run_all) -> None:
    def command(args: argparse.Namespace) -> int:
        def fit(*, resume: bool, **how: Any) -> None:
            meet()
            if resume:
                raise CheckpointError("m.checkpoint: is damaged")

        args.checkpoint = args.checkpoint or None
        fit_with_checkpoint(args, fit, n_sequences=1, max_epochs=1, score_name="accuracy")
        return 0

    changes = {"force": True, "checkpoint": "m.checkpoint", "history": None}
    (code, _, aborts), (other, *_) = run_all(2, command, **changes)
    assert (code, aborts, other) == (1, [1], 0)


def test_run_as_rank__lets_all_diverge_by_themselves(run_all) -> None:
    def command(args: argparse.Namespace) -> int:
        meet()
        raise DivergenceError("the loss is nan")

    assert [(code, aborts) for code, _, aborts in run_all(2, command)] == [(1, [])] * 2


@pytest.mark.parametrize("failing", [0, 1])
def test_run_as_rank__aborts_where_the_others_cannot_know(
    run_all, capsys: pytest.CaptureFixture[str], failing: int
) -> None:
    def command(args: argparse.Namespace) -> int:
        meet()
        if crew_in_force().communicator.rank == failing:
            raise FastgruError("m: the disk is full")
        return 0

    results = run_all(2, command)
    assert [aborts for *_, aborts in results] == [[1] if k == failing else [] for k in range(2)]
    said = "fastgru train: error: rank 1: m: the disk is full\n"
    assert capsys.readouterr().err == (said if failing else "")  # the first has a log


def test_run_as_rank__leaves_signals_to_the_first_and_to_mpirun(
    run_all, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may come to all, which would say as often that they came."""
    waited: list[float] = []
    monkeypatch.setattr("fastgru.cli.ranks.time.sleep", waited.append)

    def command(args: argparse.Namespace) -> int:
        meet()
        raise KeyboardInterrupt

    results = run_all(3, command)
    assert [type(error) for error, *_ in results] == [KeyboardInterrupt] * 3
    assert [aborts for *_, aborts in results] == [[1]] * 3
    assert waited == [1.0, 1.0]  # so that the first can say how to go on
    assert "was ended by a signal" not in capsys.readouterr().err


def test_run_as_rank__aborts_on_a_bug_with_its_traceback(
    run_all, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(args: argparse.Namespace) -> int:
        meet()
        if crew_in_force().communicator.rank == 0:
            raise RuntimeError("a bug")
        return 0

    (error, _, aborts), (code, *_) = run_all(2, command)
    assert (str(error), aborts, code) == ("a bug", [1], 0)
    assert "RuntimeError: a bug" in capsys.readouterr().err


def test_train__says_that_mpi4py_is_missing(run_cli, work, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    code, _, err = run_cli(["train", str(work.fasta), "--label-field", "label", "-o", "m", "--mpi"])
    assert code == 1
    assert err.startswith("fastgru train: error: MPI: needs mpi4py.MPI, which cannot be imported")
    assert "Install with: pip install 'fastgru[mpi]'" in err


# ---------------------------------------------------------------- with mpirun

needs_mpirun = pytest.mark.skipif(
    find_spec("mpi4py") is None or shutil.which("mpirun") is None,
    reason="needs mpi4py and mpirun: make test-mpi",
)
ROOT = str(Path(fastgru.__file__).parent.parent)
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": ROOT,
    # Open MPI: more ranks than cores, and as root in a container
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",  # Open MPI 5
    "OMPI_MCA_rmaps_base_oversubscribe": "1",  # and 4
}
TRAIN = ["train", "--label-field", "label", "--hidden-size", "8", "--batch-size", "30"]
TRAIN += ["--max-epochs", "4", "--bidirectional", "--dropout", "0.2", "-t", "1"]
KILLED = """
import os, signal, sys
from fastgru.cli import main
from fastgru.training import loop
from mpi4py import MPI

n_epochs, run_epoch = 0, loop._run_epoch

def kill_in_the_third(*given):
    global n_epochs
    n_epochs += 1
    if n_epochs == 3 and MPI.COMM_WORLD.rank in {ranks}:
        os.kill(os.getpid(), signal.{signal})
    return run_epoch(*given)

loop._run_epoch = kill_in_the_third
sys.stderr.write(f"pid {{os.getpid()}}\\n")
sys.exit(main(sys.argv[1:]))
"""

KILLED_AT_WRITE = """
import os, signal, sys
from mpi4py import MPI
from fastgru.cli import main

n_writes, fsync = 0, os.fsync

def kill_at(descriptor):  # a file is written, but not yet under its name
    global n_writes
    n_writes += 1
    if n_writes == {number} and MPI.COMM_WORLD.rank == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)

os.fsync = kill_at
sys.stderr.write(f"pid {{os.getpid()}}\\n")
sys.exit(main(sys.argv[1:]))
"""


def mpirun(
    size: int, arguments: list[str], folder: Path, program: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    program = program or ["-m", "fastgru"]
    return subprocess.run(
        ["mpirun", "-n", str(size), sys.executable, *program, *arguments, "--mpi"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.fixture(scope="module")
def alone(work: Work, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """The model file and the history of one process."""
    folder = tmp_path_factory.mktemp("alone")
    model, history = folder / "m.safetensors", folder / "h.tsv"
    outputs = ["-o", str(model), "--history", str(history), "-q"]
    assert main([*TRAIN, str(work.fasta), *outputs]) == 0
    return model.read_bytes(), history.read_text(encoding="utf-8")


@needs_mpirun
@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", [2, 4])
def test_train__under_mpirun_gives_the_files_of_one_process(
    size: int, work: Work, alone: tuple[bytes, str], tmp_path: Path
) -> None:
    outputs = ["-o", "m.safetensors", "--history", "h.tsv", "--log-file", "log"]
    done = mpirun(size, [*TRAIN, str(work.fasta), *outputs], tmp_path)
    assert done.returncode == 0, done.stderr
    model, history = alone
    assert (tmp_path / "m.safetensors").read_bytes() == model
    assert (tmp_path / "h.tsv").read_text(encoding="utf-8") == history
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h.tsv", "log", "m.safetensors"]
    # one rank speaks
    assert done.stderr.count("training: 4/4") == 1
    assert done.stderr.count(f"{size} processes share each batch") == 1


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"OMPI_COMM_WORLD_RANK": "0"}, False),
        ({"OMPI_COMM_WORLD_RANK": "3"}, True),
        ({"PMI_RANK": "1"}, True),
        # one of the tasks of SLURM has started mpirun
        ({"OMPI_COMM_WORLD_RANK": "0", "SLURM_PROCID": "2"}, False),
    ],
)
def test_another_speaks__knows_the_first_process(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _RANKS:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert another_speaks() == expected


@pytest.mark.parametrize("rank", ["0", "1"])
def test_main__shows_faults_of_usage_on_one_rank(
    run_cli, rank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", rank)
    code, _, err = run_cli(["train", "a.fa", "--what", "--mpi"])
    assert code == 2
    assert ("error: " in err) == (rank == "0")
    assert "error: " in run_cli(["train", "a.fa", "--what"]).err  # what is not shared


@needs_mpirun
@pytest.mark.timeout(600)
@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("sent", ["SIGKILL", "SIGTERM"])
def test_train__under_mpirun_ends_with_a_killed_rank_and_goes_on(
    sent: str, rank: int, work: Work, alone: tuple[bytes, str], tmp_path: Path
) -> None:
    outputs = ["--history", "h.tsv", "-o", "m.safetensors"]
    arguments = [*TRAIN, str(work.fasta), *outputs]
    done = mpirun(2, arguments, tmp_path, ["-c", KILLED.format(signal=sent, ranks={rank})])
    assert done.returncode != 0
    said = "should one of them die, all end, and the same command with --resume goes on from"
    assert f"{said} m.safetensors.checkpoint" in done.stderr
    if sent == "SIGKILL":
        assert "signal 9" in done.stderr  # by mpirun
    elif rank == 0:
        said = "m.safetensors.checkpoint: the same command with --resume goes on\n"
        assert done.stderr.count(said) == 1
    assert "Traceback" not in done.stderr
    require_ended(done)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["h.tsv", "m.safetensors.checkpoint"]
    if sent == "SIGKILL":
        here = ["--history", str(tmp_path / "h.tsv"), "-o", str(tmp_path / "m.safetensors")]
        assert main([*TRAIN, str(work.fasta), *here, "--resume"]) == 0
    else:
        assert mpirun(3, [*arguments, "--resume"], tmp_path).returncode == 0
    require_whole(tmp_path, alone)


@needs_mpirun
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_train__under_mpirun_goes_on_where_the_writing_rank_was_killed_as_it_wrote(
    number: int, work: Work, alone: tuple[bytes, str], tmp_path: Path
) -> None:
    outputs = ["--history", "h.tsv", "-o", "m.safetensors"]
    arguments = [*TRAIN, str(work.fasta), *outputs]
    done = mpirun(2, arguments, tmp_path, ["-c", KILLED_AT_WRITE.format(number=number)])
    assert done.returncode != 0
    assert "signal 9" in done.stderr
    require_ended(done)
    assert not (tmp_path / "m.safetensors").exists()
    assert mpirun(2, [*arguments, "--resume"], tmp_path).returncode == 0
    require_whole(tmp_path, alone)


def require_ended(done: subprocess.CompletedProcess[str]) -> None:
    """Wait for the ranks, which say who they are: none may go on alone."""
    end = time.monotonic() + 30
    for pid in map(int, re.findall(r"pid (\d+)\n", done.stderr)):
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < end:
                os.kill(pid, 0)
                time.sleep(0.1)
            raise AssertionError(f"process {pid} has not ended")


def require_whole(folder: Path, alone: tuple[bytes, str]) -> None:
    assert (folder / "m.safetensors").read_bytes() == alone[0]
    assert (folder / "h.tsv").read_text(encoding="utf-8") == alone[1]
    assert sorted(path.name for path in folder.iterdir()) == ["h.tsv", "m.safetensors"]


@needs_mpirun
@pytest.mark.timeout(600)
def test_train__under_mpirun_says_once_that_all_were_ended(work: Work, tmp_path: Path) -> None:
    program = KILLED.format(signal="SIGTERM", ranks={0, 1, 2})
    done = mpirun(3, [*TRAIN, str(work.fasta), "-o", "m.safetensors"], tmp_path, ["-c", program])
    assert done.returncode != 0
    said = "m.safetensors.checkpoint: the same command with --resume goes on\n"
    assert done.stderr.count(said) <= 1  # mpirun may be quicker
    assert "was ended by a signal" not in done.stderr
    require_ended(done)


@needs_mpirun
def test_train__under_mpirun_shows_faults_of_usage_and_help_once(tmp_path: Path) -> None:
    done = mpirun(3, [*TRAIN, "a.fa", "-o", "m.safetensors", "--what"], tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("error: unrecognized arguments: --what") == 1
    done = mpirun(3, ["train", "--help"], tmp_path)
    assert (done.returncode, done.stdout.count("usage: fastgru train")) == (0, 1)


@needs_mpirun
@pytest.mark.timeout(600)
def test_train__under_mpirun_warns_once(work: Work, tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"old")
    arguments = [*TRAIN, str(work.fasta), "-o", "m.safetensors", "--shuffle-labels"]
    done = mpirun(3, arguments, tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("m.safetensors: exists already. Use --force to replace it") == 1
    done = mpirun(3, [*arguments, "--force", "--resume"], tmp_path)
    assert done.returncode == 0
    for said in (
        "warning: the labels are shuffled",
        "m.safetensors.checkpoint: no checkpoint is there, so training starts anew",
        "of 4 kept, ",
    ):
        assert done.stderr.count(said) == 1, said


@needs_mpirun
def test_train__under_mpirun_refuses_standard_input_once(tmp_path: Path) -> None:
    done = mpirun(2, [*TRAIN, "-", "-o", "m.safetensors"], tmp_path)
    assert done.returncode == 2
    said = "fastgru train: error: --mpi: standard input reaches one process alone"
    assert done.stderr.count(said) == 1


@needs_mpirun
@pytest.mark.timeout(600)
def test_train__under_mpirun_explains_a_rank_that_cannot_begin(work: Work, tmp_path: Path) -> None:
    program = (
        "import sys; from mpi4py import MPI; from fastgru.cli import main; "
        "sys.exit(main([*sys.argv[1:], 'gone.fa' if MPI.COMM_WORLD.rank == 2 else "
        f"{str(work.fasta)!r}]))"
    )
    done = mpirun(3, [*TRAIN, "-o", "m.safetensors"], tmp_path, ["-c", program])
    assert done.returncode == 1
    assert done.stderr.count("fastgru train: error: rank 2: gone.fa: cannot be read") == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
