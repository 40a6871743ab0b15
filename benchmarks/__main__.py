"""Runs the benchmarks, prints their tables and stores them: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.compare import REPEATS
from benchmarks.readme import renew_pages
from benchmarks.results import path_for, save, tidy
from benchmarks.table import as_text

FOLDER = Path(__file__).parent
NO_TEST_RAN = 5
"""pytest's exit code where ``-k`` selects nothing."""


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Run the benchmarks, print their tables, store them.",
    )
    parser.add_argument("--threads", type=int, help="threads of all (default: 2, or all CPUs)")
    parser.add_argument(
        "--keep-denormals",
        action="store_true",
        help="leave the rivals' treatment of denormal numbers as it is by default (slower)",
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"one repeat instead of {REPEATS}, and store nothing"
    )
    parser.add_argument("-k", metavar="EXPRESSION", help="only these, and store nothing")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.json", help="store here instead")
    parser.add_argument("--readme", action="store_true", help="renew the READMEs' tables and plots")
    options = parser.parse_args(argv)
    if options.readme and (options.k or options.output or options.quick):
        parser.error("--readme goes with a whole run, without -k, -o and --quick.")
    return options


def pytest_arguments(options: argparse.Namespace, raw: Path) -> list[str]:
    """Return the arguments for pytest; the file ``raw`` is what pytest-benchmark writes."""
    arguments = [str(FOLDER), "-v", "--no-header", "--benchmark-quiet"]
    arguments += [f"--benchmark-json={raw}", "--override-ini=timeout=900"]
    arguments += ["-W", "ignore::pytest_benchmark.logger.PytestBenchmarkWarning"]  # nothing to save
    arguments += [f"--threads={options.threads}"] if options.threads else []
    arguments += ["--keep-denormals"] if options.keep_denormals else []
    arguments += ["-k", options.k] if options.k else []
    return arguments


def run_repeats(options: argparse.Namespace) -> tuple[int, list[Any]]:
    """Run all benchmarks once or more, each time in a new process.

    Return the first exit code of pytest that is not 0, and what each process stored.
    """
    documents = []
    for _ in range(1 if options.quick else REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder) / "raw.json"
            command = [sys.executable, "-m", "pytest", *pytest_arguments(options, raw)]
            code = subprocess.run(command, check=False, cwd=FOLDER.parent).returncode
            text = raw.read_text(encoding="utf-8") if raw.exists() else ""
        if text:
            documents.append(json.loads(text))
        if code != 0:
            return code, documents
    return 0, documents


def say(text: str) -> None:
    print(text, flush=True)


def main(argv: Sequence[str]) -> int:
    """Return pytest's exit code; nothing is stored unless every benchmark ran."""
    options = parse_arguments(argv)
    code, repeats = run_repeats(options)
    if not repeats:
        say("Nothing was timed.")
        return code or NO_TEST_RAN
    document = tidy(repeats, shlex.join(["python", "-m", "benchmarks", *argv]))
    say("\n" + as_text(document))
    partial = options.k or options.quick
    stored = options.output or (None if partial else path_for(document))
    if code == 0 and stored is not None:
        save(document, stored)
        say(f"Stored in {stored}.")
        if options.readme:
            renew_pages(stored)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
