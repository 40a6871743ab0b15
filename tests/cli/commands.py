"""Commands in processes of their own, to be killed: the fixture `start` of conftest.py."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

import fastgru

ROOT = str(Path(fastgru.__file__).parent.parent)
ENVIRONMENT = {**os.environ, "PYTHONPATH": ROOT}

# A command in a process of its own begins at once where its parent has all imports.
PARENT = """
import importlib, json, os, resource, signal, sys
from fastgru.cli import main
import fastgru.cli.tasks.classification.train, fastgru.cli.tasks.classification.predict
import fastgru.cli.resuming, fastgru.estimators.loading, fastgru.estimators.streaming
import fastgru.estimators.classifier, fastgru.evaluation  # what takes a start its seconds

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

def killing_at(number, sent, before):
    n_calls = 0

    def call(*arguments):
        nonlocal n_calls
        n_calls += 1
        before(*arguments)
        if n_calls == number:
            os.kill(os.getpid(), sent)

    return call

for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(job["folder"])
        os.dup2(os.open(job["messages"], os.O_WRONLY), sys.stderr.fileno())
        if job["kill_at_write"] is not None:
            # what is called when a file is written, but not yet under its name
            os.fsync = killing_at(*job["kill_at_write"], lambda descriptor: None)
        if job["kill_at_rename"] is not None:
            os.replace = killing_at(*job["kill_at_rename"], os.replace)
        if job["most_bytes"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["most_bytes"], -1))
        for name, value in job["settings"].items():
            module, _, attribute = name.rpartition(".")
            setattr(importlib.import_module(module), attribute, value)
        sys.exit(main(job["arguments"]))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Command(NamedTuple):
    """A command that runs."""

    pid: int
    messages: TextIO
    codes: TextIO

    def finish(self) -> tuple[int, str]:
        """Return its exit code, and what it has written to standard error since."""
        with self.messages:
            err = self.messages.read()
        return int(self.codes.readline()), err


Start = Callable[..., Command]
Kill = tuple[int, signal.Signals]


@contextlib.contextmanager
def starting(messages: Path) -> Iterator[Start]:
    """Yield what starts ``fastgru ARGUMENTS`` in a folder: ``start(folder, arguments).finish()``.

    With `kill_at_write` the signal that it sends itself in place of writing to the disk, and which
    time; with `kill_at_rename` behind a renaming.  `most_bytes` is the size that no file exceeds,
    `settings` are constants of modules.  One command at a time.
    """
    os.mkfifo(messages)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:

        def start(
            folder: Path,
            arguments: Sequence[object],
            kill_at_write: Kill | None = None,
            kill_at_rename: Kill | None = None,
            most_bytes: int | None = None,
            settings: Mapping[str, float] | None = None,
        ) -> Command:
            job = {
                "folder": str(folder),
                "messages": str(messages),
                "arguments": list(map(str, arguments)),
                "kill_at_write": kill_at_write,
                "kill_at_rename": kill_at_rename,
                "most_bytes": most_bytes,
                "settings": dict(settings or {}),
            }
            parent.stdin.write(json.dumps(job) + "\n")
            parent.stdin.flush()
            pid = int(parent.stdout.readline())
            return Command(pid, messages.open(encoding="utf-8"), parent.stdout)

        yield start
        parent.stdin.close()


def send(command: Command, sent: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
        os.kill(command.pid, sent)


def name_of(value: object) -> str | None:
    """Name a test after its signal, in the place of a number."""
    return value.name if isinstance(value, signal.Signals) else None


def peak_megabytes(*arguments: object) -> float:
    """Peak of the resident memory of ``fastgru ARGUMENTS``, which writes hundreds of lines."""
    program = (  # ru_maxrss begins with the memory of this process
        "import sys\nfrom fastgru.cli import main\ncode = main(sys.argv[1:])\n"
        "sys.stderr.write(open('/proc/self/status').read())\nsys.exit(code)"
    )
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert len(done.stdout.splitlines()) > 500
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", done.stderr)
    return int(kilobytes) / 1024
