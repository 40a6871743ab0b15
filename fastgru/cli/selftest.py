"""``fastgru selftest``: show in half a minute that this installation computes what it should."""

from __future__ import annotations

import argparse
import logging
import sys

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Check this installation in less than half a minute: the gradients of the engine against differences
of the loss, the same bits for one thread and for all, a classifier trained on sequences with a
planted motif, and a model file written and read back. Prints OK, or what failed.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    subparsers.add_parser(
        "selftest",
        help="check this installation",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def run(args: argparse.Namespace) -> int:
    """Run the checks, print OK, and return the exit code."""
    from fastgru._numba import cache_directory
    from fastgru.estimators.selftest import CHECKS

    failed = 0
    for name, check in CHECKS.items():
        fault = check()
        level = logging.INFO if fault is None else logging.ERROR
        _LOGGER.log(level, "%s: %s", name, fault or "passed")
        failed += fault is not None
    if failed:
        _LOGGER.error(
            "fastgru selftest: error: %d of %d checks failed, expected none. Remove the compiled "
            "kernels in %s and try again; if they still fail, report it with the lines above.",
            failed,
            len(CHECKS),
            cache_directory(),
        )
        return 1
    sys.stdout.write("OK\n")
    return 0
