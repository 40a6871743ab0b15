"""``fastgru warmup``: compile the kernels now, so that later commands start at once."""

from __future__ import annotations

import argparse
import logging

from fastgru.models.architecture import GATES

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Compile the kernels into the cache, so that later commands start at once. Run it once after an
installation, and before several commands start at the same time. FASTGRU_CACHE_DIR moves the
cache; its default is ~/.cache/fastgru.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "warmup",
        help="compile the kernels into the cache",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float64", "all"),
        default="float32",
        help="precision to compile for (default: %(default)s)",
    )
    parser.add_argument(
        "--cell",
        choices=(*GATES, "all"),
        default="gru",
        help="kind of recurrent layers to compile for (default: %(default)s)",
    )
    parser.add_argument(
        "--precision",
        choices=("bf16",),
        help="compile for products in training of this precision, on CPUs with AVX512-BF16",
    )


def run(args: argparse.Namespace) -> int:
    """Compile, say where to, and return the exit code."""
    import itertools
    import time

    from fastgru._numba import cache_directory
    from fastgru.estimators.warmup import compile_kernels

    dtypes = ("float32", "float64") if args.dtype == "all" else (args.dtype,)
    cells = tuple(GATES) if args.cell == "all" else (args.cell,)
    for dtype, cell in itertools.product(dtypes, cells):
        begin = time.perf_counter()
        compile_kernels(dtype, cell, args.precision)
        seconds = time.perf_counter() - begin
        numbers = f"{dtype} with {args.precision}" if args.precision else dtype
        _LOGGER.info("%s kernels for %s ready after %.1f s", numbers, cell, seconds)
    _LOGGER.info("cache: %s", cache_directory())
    return 0
