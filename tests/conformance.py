"""The table of docs/conformance.md: what tests found of each framework, operator and attribute.

A test of agreement with another library carries ``conformance(framework, operator, attribute)``;
with ``refused=True`` it shows that fastgru refuses something with a message instead.  ``{name}`` in
one of the three stands for the parameter of that name of the test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

Row = tuple[str, str, str]
Counts = dict[Row, Counter[str]]

OUTCOMES = ("passed", "failed", "refused")
PACKAGES = ("torch", "keras", "onnx", "onnxruntime", "h5py", "scikit-learn")
_HEAD = """\
# Conformance

What fastgru shares with other libraries, and how many tests found it so. `make conformance` runs
these tests and writes this page; `make test-peers` runs them and fails where the page says
otherwise. A test is one case, or a property that is tried on many random ones. Refused means that
fastgru says with a message that it cannot do this, and a test holds it to that. The
exceptions to scikit-learn's checks, listed [with their reasons](scikit-learn.md), count as failed.
"""


def outcome_of(marks: Iterable[Mapping[str, object]], passed: bool) -> str:
    """What a test counts as."""
    if not passed:
        return "failed"
    return "refused" if any(mark.get("refused") for mark in marks) else "passed"


def table_of(counts: Counts) -> str:
    """The tables: the sums of each framework, and one for each."""
    frameworks = sorted({row[0] for row in counts})
    lines = ["", "| | passed | failed | refused |", "|---|---|---|---|"]
    for framework in frameworks:
        of_framework = (count for row, count in counts.items() if row[0] == framework)
        lines.append(f"| {framework} | {_cells(sum(of_framework, Counter()))} |")
    for framework in frameworks:
        lines += ["", f"## {framework}", "", "| operator | attribute | passed | failed | refused |"]
        lines += ["|---|---|---|---|---|"]
        rows = sorted(row for row in counts if row[0] == framework)
        lines += [f"| {row[1]} | {row[2]} | {_cells(counts[row])} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cells(count: Counter[str]) -> str:
    return " | ".join(str(count[outcome]) for outcome in OUTCOMES)


def page_of(counts: Counts) -> str:
    """The page: what it is, the versions it was made with, and the tables."""
    return f"{_HEAD}\nMade with {', '.join(_versions())}.\n{table_of(counts)}"


def is_table_of(page: str, counts: Counts) -> bool:
    """Whether a page holds these tables, whatever the versions it was made with."""
    return page.endswith(table_of(counts)) and page.startswith(_HEAD)


def _versions() -> Iterable[str]:
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            continue
