"""The documentation keeps up: links lead somewhere, decisions are indexed, options are named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DECISIONS = ROOT / "docs" / "decisions"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
PAGES = sorted(
    path
    for folder in (".", "benchmarks", "config", "docs", "fastgru")
    for path in (ROOT.glob("*.md") if folder == "." else (ROOT / folder).rglob("*.md"))
)
COMMAND_LINE = ROOT / "docs" / "command-line.md"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def links_of(markdown: str) -> Iterator[str]:
    """Relative links outside code, without their anchors."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", markdown, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if not re.match(r"[a-z]+:|#", target):
            yield target.partition("#")[0]


def options_by_command() -> dict[str, list[list[str]]]:
    """Options of every sub-command, each with all its long spellings."""
    from fastgru.cli import _make_parser

    (subparsers,) = (
        action.choices for action in _make_parser()._actions if isinstance(action.choices, dict)
    )
    return {
        command: [
            [name for name in action.option_strings if name.startswith("--")]
            for action in parser._actions
            if action.option_strings
        ]
        for command, parser in subparsers.items()
    }


def options_in(markdown: str) -> set[str]:
    """Long options named in code, between backticks."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", markdown, flags=re.DOTALL))
    return {name for span in spans for name in re.findall(r"--[a-z][a-z-]*", span)}


def test_pages__were_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/development.md"} <= set(map(name_of, PAGES))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links__lead_to_a_file(page: Path) -> None:
    broken = [
        target
        for target in links_of(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_links_of__leaves_code_and_the_web_alone() -> None:
    markdown = "[a](b.md#c) `[d](e.md)` [f](https://example.org) [g](#h)\n```\n[i](j.md)\n```\n"
    assert list(links_of(markdown)) == ["b.md"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_tables__end_with_an_empty_line(page: Path) -> None:
    # a line of prose below would be one more row
    lines = page.read_text(encoding="utf-8").splitlines()
    glued = [
        after
        for line, after in pairwise(lines)
        if line.startswith("|") and after and not after.startswith(("|", "<!--"))
    ]
    assert not glued


def test_contributing__is_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60


def test_decisions__are_all_in_the_index() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    assert RECORDS
    assert [path.name for path in RECORDS if f"]({path.name})" not in index] == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_decision__has_its_parts_and_is_short(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert text.startswith(f"# {record.name[:4]}. ")
    assert re.search(r"^Status: (accepted|replaced by)", text, flags=re.MULTILINE)
    for part in ("Context", "Decision", "Consequences"):
        assert f"\n## {part}\n" in text
    assert len(text.splitlines()) <= 45


def test_decision_numbers__are_used_once() -> None:
    numbers = [path.name[:4] for path in RECORDS]
    assert len(numbers) == len(set(numbers))


def test_command_line_page__names_every_command_and_option() -> None:
    page = COMMAND_LINE.read_text(encoding="utf-8")
    sections = dict(
        re.findall(r"^## fastgru (\w+)\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    )
    shared = page.partition("\n## fastgru ")[0]
    expected = options_by_command()
    assert list(sections) == list(expected)
    missing = [
        f"{command} {spellings[0]}"
        for command, options in expected.items()
        for spellings in options
        if options_in(shared + sections[command]).isdisjoint(spellings)
    ]
    assert missing == []


def test_command_line_page__names_no_option_that_does_not_exist() -> None:
    page = COMMAND_LINE.read_text(encoding="utf-8")
    known = {
        name
        for options in options_by_command().values()
        for spellings in options
        for name in spellings
    }
    assert options_in(page) - known == {"--citation", "--version"}


def test_command_line_page__gives_the_defaults_of_the_classifier() -> None:
    from fastgru import SequenceClassifier

    page = COMMAND_LINE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `--([a-z-]+)[^|]*\| ([^|]+) \|", page, flags=re.MULTILINE)
    written = {name.replace("-", "_"): default for name, default in rows}
    actual = SequenceClassifier().get_params()
    for elsewhere in ("alphabet", "threads"):
        del actual[elsewhere]
    actual["random_state"] = 0  # the command is repeatable without being asked
    actual["freeze_epochs"] = 0  # of fit
    assert written == {name: default_text(value) for name, value in actual.items()}


def default_text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return str(value).lower()
