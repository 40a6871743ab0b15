"""Writes the tables of the READMEs from a stored run: ``python -m benchmarks.readme FILE.json``.

A page holds its table between two marks; the first line in between names the file that the figures
come from, so that a test can make the table again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.results import load
from benchmarks.table import as_markdown

ROOT = Path(__file__).parent.parent
WHOLE_TABLE = {"README.md": False, "benchmarks/README.md": True}
"""The pages with a table, and whether it is the whole one."""

BEGIN, END = "<!-- speed -->", "<!-- /speed -->"
_BLOCK = re.compile(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", flags=re.DOTALL)
_SOURCE = re.compile(r"^<!-- from (\S+) by `python -m benchmarks.readme` -->$", flags=re.MULTILINE)


def block(stored: Path, *, whole: bool) -> str:
    """Return what stands between the marks for a stored run in the repository."""
    name = stored.resolve().relative_to(ROOT).as_posix()
    source = f"<!-- from {name} by `python -m benchmarks.readme` -->"
    return f"{source}\n{as_markdown(load(stored), whole=whole)}\n"


def block_of(page: str) -> str:
    """Return what stands between the marks of a page."""
    found = _BLOCK.search(page)
    if found is None:
        raise SystemExit(
            f"The page has no place for the table: put {BEGIN} and {END} on two lines."
        )
    return found[1]


def source_of(page: str) -> Path | None:
    """Return the stored run that the table of a page was made from, None for no table yet."""
    found = _SOURCE.search(block_of(page))
    return ROOT / found[1] if found else None


def write_tables(stored: Path) -> None:
    """Put the figures of a stored run into all pages."""
    for name, whole in WHOLE_TABLE.items():
        page = ROOT / name
        text = page.read_text(encoding="utf-8")
        old, new = block_of(text), block(stored, whole=whole)
        page.write_text(text.replace(f"{BEGIN}\n{old}{END}", f"{BEGIN}\n{new}{END}"), "utf-8")


if __name__ == "__main__":
    write_tables(Path(sys.argv[1]))
