from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data.label_table import LabelRow, LabelTable, read_label_table
from fastgru.data.problems import Problems
from fastgru.data.target_columns import TargetColumns
from fastgru.errors import ConfigurationError, FastaFormatError, LabelError


def read(folder: Path, text: str) -> LabelTable:
    (folder / "labels.tsv").write_text(text, encoding="utf-8", newline="")
    problems = Problems()
    table = read_label_table(folder / "labels.tsv", problems)
    problems.raise_if_any()
    return table


def test_read_label_table__needs_no_labels_of_tasks_without(tmp_path: Path) -> None:
    path, problems = tmp_path / "labels.tsv", Problems()
    path.write_text("group\tid\tlabel\ng\ta\t\n", encoding="utf-8")
    table = read_label_table(path, problems, unlabelled=True)
    assert table.rows == {"a": LabelRow("-", None, "g", 2)}
    assert not problems
    path.write_text("group\nx\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"found 'group', expected a header with the column id\."):
        read_label_table(path, problems, unlabelled=True)


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


TARGETS = TargetColumns(("dose", "Half life"))


def read_targets(folder: Path, text: str, targets: TargetColumns = TARGETS) -> LabelTable:
    (folder / "targets.tsv").write_text(text, encoding="utf-8")
    problems = Problems()
    table = read_label_table(folder / "targets.tsv", problems, targets=targets)
    problems.raise_if_any()
    return table


def test_read_label_table__reads_targets_in_their_order(tmp_path: Path) -> None:
    text = "Half life\tID\tlabel\tdose\tGroup\n\ta\t\t-1.5e3\tg\n+.5\tb\tx\t7.\tg\n"
    table = read_targets(tmp_path, text)
    assert table.rows == {
        "a": LabelRow("-", None, "g", 2, (-1500.0, None)),
        "b": LabelRow("-", None, "g", 3, (7.0, 0.5)),
    }


def test_read_label_table__tells_targets_by_their_case(tmp_path: Path) -> None:
    table = read_targets(tmp_path, "Id\tdose\tDOSE\tHalf life\na\t1\t2\t3\n")
    assert table.rows["a"].targets == (1.0, 3.0)


def test_read_label_table__lets_rows_repeat_their_targets(tmp_path: Path) -> None:
    table = read_targets(tmp_path, "id\tdose\tHalf life\na\t1\t\na\t1.0\t\n")
    assert table.rows["a"].targets == (1.0, None)


@pytest.mark.parametrize(
    "cell", ["x", "nan", "NA", "inf", "1,5", "1e999", "0x10", "1_000", "\u0661", "--1"]
)
def test_read_label_table__refuses_what_is_no_number(cell: str, tmp_path: Path) -> None:
    with pytest.raises(LabelError) as caught:
        read_targets(tmp_path, f"id\tdose\tHalf life\na\t1\t2\nb\t{cell}\t2\n")
    assert str(caught.value) == (
        f"{tmp_path / 'targets.tsv'}, line 3, record 'b': dose is {cell!r}, expected a number such "
        "as 0.5 or -1e3 (of at most 1e+100), or nothing if it is missing. Correct the cell, or "
        "leave it empty."
    )


@pytest.mark.parametrize("cell", ["2", "0.0", "yes", "-1"])
def test_read_label_table__refuses_what_is_no_answer(cell: str, tmp_path: Path) -> None:
    message = rf"line 2, record 'a': dose is '{cell}', expected 0, 1, or nothing if it is unknown"
    with pytest.raises(LabelError, match=message):
        read_targets(tmp_path, f"id\tdose\na\t{cell}\n", TargetColumns(("dose",), binary=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the table is empty, expected a header with the columns id, dose and Half life"),
        (
            "id\tdose\thalf life\n",
            "found 'id', 'dose', 'half life', expected the columns id, dose and Half life. Correct",
        ),
        ("id\tDose\tHalf life\n", "there is no column 'dose', found 'id', 'Dose', 'Half life'"),
        ("a\t1\t2\n", "line 1: found 'a\\t1\\t2', expected a header with the columns id, dose and"),
        ("id\tdose\tHalf life\tdose\n", "2 columns are called 'dose', expected one"),
        (
            "id\tdose\tHalf life\na\t1\t\na\t1\t2\n",
            "line 3, record 'a': the row contradicts line 2",
        ),
        ("id\tdose\tHalf life\n\t1\t2\n", "line 2: the id is empty"),
    ],
)
def test_read_label_table__explains_what_is_wrong_with_targets(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(LabelError, match=re.escape(message)):
        read_targets(tmp_path, text)


@pytest.mark.parametrize("names", [(), ("a", "a"), ("",), ("Split",), ("label",)])
def test_target_columns__refuse_names(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="expected different names of columns, separated"):
        TargetColumns(names)


@given(st.floats(-1e100, 1e100))
def test_target_columns__read_what_python_writes(number: float) -> None:
    assert TARGETS.read("dose", repr(number)) == number
