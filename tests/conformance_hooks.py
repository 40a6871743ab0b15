"""Hooks of pytest that count what the tests of agreement find, for docs/conformance.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.conformance import Counts, Row, is_table_of, outcome_of, page_of

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
_PROPERTY = "conformance"
_counts: Counts = defaultdict(Counter)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what ``make test-peers`` and ``make conformance`` ask for."""
    text = "check or write docs/conformance.md, after all tests of agreement"
    parser.addoption("--conformance", choices=("check", "write"), help=text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport]:
    report = yield
    marks = list(item.iter_markers("conformance"))
    # what a test expects to fail, as an exception to a rule, is no agreement
    is_told = not report.skipped or hasattr(report, "wasxfail")
    if marks and is_told and (report.when == "call" or report.failed):
        outcome = outcome_of([mark.kwargs for mark in marks], report.passed)
        rows = [(*_row_of(mark, item), outcome) for mark in marks]
        report.user_properties.append((_PROPERTY, rows))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count a report, which may come from another process of pytest-xdist."""
    for name, rows in report.user_properties:
        if name == _PROPERTY and (report.when == "call" or report.failed):
            for *row, outcome in rows:
                _counts[tuple(row)][outcome] += 1


def _row_of(mark: pytest.Mark, item: pytest.Item) -> Row:
    """The row of a test, where ``{name}`` stands for its parameter of that name."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    framework, operator, attribute = (text.format_map(parameters) for text in mark.args)
    return framework, operator, attribute


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page of what was found, or fail where it says something else."""
    wanted = session.config.getoption("conformance")
    if hasattr(session.config, "workerinput"):
        return  # of pytest-xdist: the process that started this one has all reports
    if wanted == "write":
        PAGE.write_text(page_of(_counts), encoding="utf-8")
    elif wanted == "check" and not is_table_of(PAGE.read_text(encoding="utf-8"), _counts):
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        reporter.write_line("docs/conformance.md is not what these tests found: make conformance")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
