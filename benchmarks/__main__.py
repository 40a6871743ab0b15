"""Runs the benchmarks, prints their table and stores it: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.baselines import INSTALL, has_torch
from benchmarks.readme import write_tables
from benchmarks.results import path_for, save, tidy
from benchmarks.table import as_text


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Run the benchmarks, print their table, store it."
    )
    parser.add_argument("--threads", type=int, help="threads of both (default: 2, or all CPUs)")
    parser.add_argument(
        "--keep-denormals",
        action="store_true",
        help="leave PyTorch's treatment of denormal numbers as it is by default (slower)",
    )
    parser.add_argument("-k", metavar="EXPRESSION", help="only these, and store nothing")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.json", help="store here instead")
    parser.add_argument("--readme", action="store_true", help="renew the tables of the READMEs")
    options = parser.parse_args(argv)
    if options.readme and (options.k or options.output or not has_torch):
        parser.error("--readme goes with a whole run against PyTorch, without -k and -o.")
    return options


def pytest_arguments(options: argparse.Namespace, raw: Path) -> list[str]:
    """Return the arguments for pytest; the file ``raw`` is what pytest-benchmark writes."""
    arguments = [str(Path(__file__).parent), "-v", "--no-header", "--benchmark-quiet"]
    arguments += [f"--benchmark-json={raw}", "--override-ini=timeout=900"]
    arguments += ["-W", "ignore::pytest_benchmark.logger.PytestBenchmarkWarning"]  # nothing to save
    arguments += [f"--threads={options.threads}"] if options.threads else []
    arguments += ["--keep-denormals"] if options.keep_denormals else []
    arguments += ["-k", options.k] if options.k else []
    return arguments


def say(text: str) -> None:
    print(text, flush=True)


def main(argv: list[str]) -> int:
    """Return pytest's exit code; nothing is stored unless every benchmark ran."""
    options = parse_arguments(argv)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.json"
        code = int(pytest.main(pytest_arguments(options, raw)))
        text = raw.read_text(encoding="utf-8") if raw.exists() else ""
    if not text:
        return code or 1
    document = tidy(json.loads(text), shlex.join(["python", "-m", "benchmarks", *argv]))
    say("\n" + as_text(document))
    if not has_torch:
        say(INSTALL)
    stored = options.output or (None if options.k else path_for(document))
    if code == 0 and stored is not None:
        save(document, stored)
        say(f"Stored in {stored}.")
        if options.readme:
            write_tables(stored)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
