"""``fastgru gather``: join the tables of shards."""

from __future__ import annotations

import argparse
import itertools
import logging
import re
import shutil
from pathlib import Path
from typing import IO, Any

from fastgru.cli.options import add_output, require_new_output
from fastgru.errors import FastgruError, counted, display_name

_LOGGER = logging.getLogger(__name__)
_LONGEST_HEADER = 1 << 24
_DESCRIPTION = """\
Join tables one behind the other, in the order in which they are given, as those of the shards of
'fastgru predict' or 'fastgru scan': one header, then the rows of all. Tables (TSV) need the same
header; JSON lines have none. The result is that of a run without shards, byte for byte; of files
compressed for a name in .gz, what is inside.
"""
_EPILOG = """\
examples:
  fastgru gather part1.tsv part2.tsv part3.tsv -o predictions.tsv
  fastgru gather $(seq -f part%g.tsv.gz 20) -o windows.tsv.gz
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "gather",
        help="join the tables of shards",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tables", nargs="+", metavar="TABLE", help="tables (TSV) or JSON lines, perhaps compressed"
    )
    add_output(parser, what="the joined table; a name in .gz is compressed")


def run(args: argparse.Namespace) -> int:
    """Write the joined table and return the exit code."""
    from fastgru.data.files import open_plain
    from fastgru.data.writing import atomic_write_bytes

    require_new_output(args)
    _warn_of_order(args.tables)
    joined = _Joined()
    with atomic_write_bytes(args.output) as output:
        for path in args.tables:
            with open_plain(path) as (table, _):
                joined.add(table, path, output)
    _LOGGER.info("joined %s", counted(len(args.tables), "table"))
    return 0


class _Joined:
    """What the tables so far have in common."""

    def __init__(self) -> None:
        self._header: bytes | None = None
        self._first = ""
        self._are_json = False
        self._empty = ""  # the first file without a byte, as JSON lines of an empty shard are

    def add(self, table: IO[bytes], path: str, output: IO[bytes]) -> None:
        """Copy one more table behind the others."""
        name = display_name(path)
        line = table.readline(_LONGEST_HEADER)
        if not line:
            self._empty = self._empty or name
            if self._header is not None and not self._are_json:
                raise _no_header(name)
            return
        is_json = line.startswith(b"{")
        if self._header is None:
            self._header, self._first, self._are_json = line, name, is_json
            if self._empty and not is_json:
                raise _no_header(self._empty)
            output.write(line)
        elif is_json and self._are_json:
            output.write(line)
        elif line != self._header:
            raise _other_header(name, line, self._first, self._header)
        last = _Last(output, line)
        shutil.copyfileobj(table, last)
        if last.byte != b"\n":
            raise FastgruError(
                f"{name}: ends in the middle of a line, expected a whole table. Make it again; was "
                "the job that wrote it stopped?"
            )


class _Last:
    """Passes bytes on and remembers the last."""

    def __init__(self, output: IO[bytes], before: bytes) -> None:
        self._output = output
        self.byte = before[-1:]

    def write(self, content: Any) -> int:
        self.byte = content[-1:]
        return self._output.write(content)


def _no_header(name: str) -> FastgruError:
    return FastgruError(
        f"{name}: is empty, expected at least the header of a table. Make it again; was the job "
        "that wrote it stopped?"
    )


def _other_header(name: str, line: bytes, first: str, header: bytes) -> FastgruError:
    found, expected = (
        repr(text.decode("utf-8", "replace").rstrip("\n")[:100]) for text in (line, header)
    )
    return FastgruError(
        f"{name}, line 1: found {found}, expected the header of {first}, {expected}. Give tables "
        "of one model and one command."
    )


def _warn_of_order(paths: list[str]) -> None:
    """Warn of part 10 before part 2, as a shell lists them."""
    words = [re.split(r"(\d+)", Path(path).name) for path in paths]
    numbered = [([*word[::2]], [*map(int, word[1::2])]) for word in words]
    for (before, after), (left, right) in zip(
        itertools.pairwise(paths), itertools.pairwise(numbered), strict=True
    ):
        if left[0] == right[0] and left[1] > right[1]:
            _LOGGER.warning(
                "warning: %s stands before %s; tables are joined in the order given", before, after
            )
            return
