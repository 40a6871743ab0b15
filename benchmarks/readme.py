"""Writes tables and plots of the READMEs: ``python -m benchmarks.readme FILE.json``.

A page holds its tables between two marks; the first line in between names the file that the figures
come from, so that a test can make them again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.plots import draw, drawable
from benchmarks.results import FOLDER, Document, load
from benchmarks.table import as_markdown

ROOT = Path(__file__).parent.parent
WHOLE_TABLE = {"README.md": False, "benchmarks/README.md": True}
"""The pages with a table, and whether it is the whole one."""

BEGIN, END = "<!-- speed -->", "<!-- /speed -->"
_BLOCK = re.compile(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", flags=re.DOTALL)
_SOURCE = re.compile(r"^<!-- from (\S+) by `python -m benchmarks.readme` -->$", flags=re.MULTILINE)


ALTERNATIVES = {
    "roofline.svg": "GFLOP/s of the training step against hidden units, below the FMA limit",
    "ratios.svg": "PyTorch's time in terms of fastgru's, against hidden units",
}
"""What the plots show, for those who do not see them."""


def images(document: Document, page: str) -> str:
    """Return Markdown that shows the plots of a run on a page, "" where it has none."""
    prefix = "" if page.startswith("benchmarks/") else "benchmarks/"
    shown = [
        f"![{ALTERNATIVES[name]}]({prefix}{FOLDER.name}/{name})" for name in drawable(document)
    ]
    return "\n".join([*shown, "", ""]) if shown else ""


def block(stored: Path, page: str) -> str:
    """Return what stands between the marks of a page for a stored run in the repository."""
    name = stored.resolve().relative_to(ROOT).as_posix()
    source = f"<!-- from {name} by `python -m benchmarks.readme` -->"
    document = load(stored)
    table = as_markdown(document, whole=WHOLE_TABLE[page])
    return f"{source}\n{images(document, page)}{table}\n"


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
    for name in WHOLE_TABLE:
        page = ROOT / name
        text = page.read_text(encoding="utf-8")
        old, new = block_of(text), block(stored, name)
        page.write_text(text.replace(f"{BEGIN}\n{old}{END}", f"{BEGIN}\n{new}{END}"), "utf-8")


def renew_pages(stored: Path) -> None:
    """Put the figures of a stored run into all pages, and draw its plots."""
    draw(load(stored), FOLDER)
    write_tables(stored)


if __name__ == "__main__":
    renew_pages(Path(sys.argv[1]))
