from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fastgru.data.label_table import LabelRow, LabelTable, read_label_table
from fastgru.data.problems import Problems
from fastgru.errors import FastaFormatError, LabelError


def read(folder: Path, text: str) -> LabelTable:
    (folder / "labels.tsv").write_text(text, encoding="utf-8", newline="")
    problems = Problems()
    table = read_label_table(folder / "labels.tsv", problems)
    problems.raise_if_any()
    return table


@pytest.mark.parametrize(
    "text",
    [
        "id\tlabel\na\tx\nb\ty\n",
        "id\tlabel\r\na\tx\r\nb\ty",
        "\ufeffid\tlabel\na\tx\nb\ty\n",
        "ID\tLabel\na\tx\nb\ty\n",
        "#id\tlabel\na\tx\nb\ty\n",
        "# made by hand\n\nid\tlabel\n\na\tx\n#c\tz\nb\ty\n",
        "label\tnote\tid\nx\t\ta\ny\tgood one\tb\n",
        "id\tlabel\n a \tx \nb\ty\t\n",
        "id\tlabel\na\tx\nb\ty\na\tx\n",
    ],
)
def test_read_label_table__accepts_what_people_write(text: str, tmp_path: Path) -> None:
    table = read(tmp_path, text)
    assert [(name, row.label) for name, row in table.rows.items()] == [("a", "x"), ("b", "y")]
    assert not table.has_split
    assert not table.has_group


def test_read_label_table__reads_split_and_group(tmp_path: Path) -> None:
    table = read(tmp_path, "id\tgroup\tlabel\tsplit\na\tg1\tx\ttest\n")
    assert table.rows == {"a": LabelRow("x", "test", "g1", 2)}
    assert table.has_split
    assert table.has_group


def test_read_label_table__digests_the_file(tmp_path: Path) -> None:
    (tmp_path / "l.tsv").write_bytes(b"id\tlabel\na\tx\n")
    digest = hashlib.sha256()
    read_label_table(tmp_path / "l.tsv", Problems(), digest=digest)
    assert digest.hexdigest() == hashlib.sha256(b"id\tlabel\na\tx\n").hexdigest()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "labels.tsv: the table is empty, expected a header with the columns id and label"),
        ("a\tx\nb\ty\n", r"line 1: found 'a\\tx', expected a header with the columns id and label"),
        ("id,label\na,x\n", "line 1: .* separated by tabs, not by commas or semicolons"),
        ("id\tclass\na\tx\n", r"line 1: found 'id\\tclass', expected a header"),
        ("id\tlabel\n\tx\n", "line 2: the id is empty. Give every row an id."),
        ("id\tlabel\na\n", "line 2, record 'a': the label is empty"),
        (
            "id\tlabel\tsplit\na\tx\tval\n",
            "split is 'val', expected one of train, validation, test",
        ),
        ("id\tlabel\tsplit\na\tx\t\n", "split is '', expected one of"),
        ("id\tlabel\tgroup\na\tx\t\n", "the group is empty. Give every row a group"),
        (
            "id\tlabel\na\tx\na\ty\n",
            "line 3, record 'a': the row contradicts line 2, which has the",
        ),
        (
            "id\tlabel\tLabel\na\tx\ty\n",
            "line 1: 2 columns are called 'label', expected one. Rename or remove the others.",
        ),
    ],
)
def test_read_label_table__explains_what_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=message):
        read(tmp_path, text)


def test_read_label_table__lists_all_bad_rows(tmp_path: Path) -> None:
    with pytest.raises(LabelError) as caught:
        read(tmp_path, "id\tlabel\na\t\nb\ty\nc\t\n")
    assert str(caught.value).splitlines()[1:] == [
        "  line 2, record 'a': the label is empty",
        "  line 4, record 'c': the label is empty",
        "Give every row a label, or remove the row and its sequence.",
    ]


def test_read_label_table__refuses_binary_files(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_bytes(b"PK\x03\x04")
    with pytest.raises(FastaFormatError, match="a ZIP archive or an Office document"):
        read_label_table(tmp_path / "labels.tsv", Problems())
