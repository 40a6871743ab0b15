from __future__ import annotations

import dataclasses
import gzip
import hashlib
from pathlib import Path

import pytest

from fastgru.data.label_table import SplitOrigin, SplitSource
from fastgru.data.labelled import UNLABELLED, InputFile, LabelledSequences, read_labelled
from fastgru.data.target_columns import TargetColumns
from fastgru.errors import ConfigurationError, FastaFormatError, FastgruError, LabelError


def write(folder: Path, **texts: str | bytes) -> dict[str, Path]:
    """Write files and return their paths: write(folder, a_fa=">x\nACGT") makes a.fa."""
    paths = {}
    for name, text in texts.items():
        paths[name] = folder / name.replace("_", ".")
        paths[name].write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return paths


def test_read_labelled__gives_the_same_for_all_three_forms(tmp_path: Path) -> None:
    paths = write(
        tmp_path,
        x_fa=">a\nACGT\n>b\nGGTT\n",
        y_fa=">c\nTTTT\n",
        all_fa=">a label=x\nACGT\n>b label=x\nGGTT\n>c label=y\nTTTT\n",
        labels_tsv="id\tlabel\nc\ty\na\tx\nb\tx\n",
    )
    forms = [
        read_labelled("dna", classes={"x": paths["x_fa"], "y": paths["y_fa"]}),
        read_labelled("dna", fasta=paths["all_fa"], labels=paths["labels_tsv"]),
        read_labelled("dna", fasta=paths["all_fa"], label_field="label"),
    ]
    for data in forms:
        assert data.ids == ["a", "b", "c"]
        assert data.sequences == ["ACGT", "GGTT", "TTTT"]
        assert data.labels == ["x", "x", "y"]
        assert data.classes == ["x", "y"]
        assert len(data) == 3
    assert forms[0].sources[2] == f"{paths['y_fa']}, line 1"


def test_read_labelled__remembers_the_files(tmp_path: Path) -> None:
    packed = gzip.compress(b">a\nACGT\n>b\nGG\n")
    paths = write(tmp_path, a_fa=packed, labels_tsv="id\tlabel\na\tx\nb\ty\n")
    data = read_labelled("dna", fasta=paths["a_fa"], labels=paths["labels_tsv"])
    table_sum = hashlib.sha256(paths["labels_tsv"].read_bytes()).hexdigest()
    assert data.files == [
        InputFile("a.fa", hashlib.sha256(packed).hexdigest(), 2),
        InputFile("labels.tsv", table_sum, 0),
    ]


def test_read_labelled__takes_split_and_group_from_the_table(tmp_path: Path) -> None:
    paths = write(
        tmp_path,
        a_fa=">a\nACGT\n>b\nGG\n",
        labels_tsv="id\tlabel\tsplit\tgroup\nb\ty\ttest\tg2\na\tx\ttrain\tg1\n",
    )
    data = read_labelled("dna", fasta=paths["a_fa"], labels=paths["labels_tsv"])
    assert data.splits == ["train", "test"]
    assert data.groups == ["g1", "g2"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a label=x", "x"),
        ("a note label=x more", "x"),
        ("a\tlabel=x", "x"),
        ("a mylabel=z label=x", "x"),
        ('a label="two words" more', "two words"),
        ("a label=a=b", "a=b"),
    ],
)
def test_read_labelled__finds_the_word_in_the_header(
    header: str, expected: str, tmp_path: Path
) -> None:
    path = write(tmp_path, a_fa=f">{header}\nACGT\n")["a_fa"]
    assert read_labelled("dna", fasta=path, label_field="label").labels == [expected]


def test_read_labelled__counts_other_spellings(tmp_path: Path) -> None:
    text = ">a\nacgt\n>b\nACGU\n>c\nacgu\n>d\nACGT\n"
    data = read_labelled("dna", classes={"x": write(tmp_path, a_fa=text)["a_fa"]})
    assert data.sequences == ["ACGT"] * 4
    assert data.respelled == {"lower_case": 2, "u_and_t": 2}
    text = ">a\nMKL*\n>b\nmkl*\n>c\nMKL\n"
    data = read_labelled("protein", classes={"x": write(tmp_path, a_fa=text)["a_fa"]})
    assert data.sequences == ["MKL"] * 3
    assert data.respelled == {"trailing_stop": 2, "lower_case": 1}


def test_read_labelled__allows_an_id_twice_with_the_same_sequence(tmp_path: Path) -> None:
    paths = write(tmp_path, x_fa=">a\nACGT\n>a\nacgt\n", y_fa=">a\nACGU\n")
    data = read_labelled("dna", classes={"x": paths["x_fa"], "y": paths["y_fa"]})
    assert data.ids == ["a", "a", "a"]
    assert data.labels == ["x", "x", "y"]


def test_subset__picks_every_column() -> None:
    data = LabelledSequences(
        ids=["a", "b", "c"],
        sequences=["A", "C", "G"],
        labels=["x", "y", "z"],
        splits=["train", "test", "train"],
        groups=["1", "2", "3"],
        sources=["f, line 1", "f, line 3", "f, line 5"],
        files=[InputFile("f", "0", 3)],
        targets=[(1.0,), (None,), (3.0,)],
        split_file=SplitSource("s.tsv", "0", 2, 0, 1, 3),
        split_origin=SplitOrigin("random", 1),
    )
    actual = data.subset([2, 0])
    of_all = {"files", "respelled", "split_file", "split_origin"}
    for field in dataclasses.fields(data):
        whole = getattr(data, field.name)
        expected = whole if field.name in of_all else [whole[2], whole[0]]
        assert getattr(actual, field.name) == expected
    assert LabelledSequences(["a"], ["A"], ["x"]).subset([0]).splits is None


def test_read_labelled__reads_targets_in_place_of_labels(tmp_path: Path) -> None:
    paths = write(tmp_path, a_fa=">a\nACGT\n>b\nAC\n", t_tsv="id\tx\ty\nb\t1\t\na\t2.5\t3\n")
    targets = TargetColumns(("y", "x"))
    data = read_labelled("dna", fasta=paths["a_fa"], labels=paths["t_tsv"], targets=targets)
    assert data.labels == [UNLABELLED, UNLABELLED]
    assert data.targets == [(3.0, 2.5), (None, 1.0)]


def test_read_labelled__refuses_targets_without_a_table(tmp_path: Path) -> None:
    paths = write(tmp_path, x_fa=">a\nACGT\n")
    message = r"targets stand in the columns of a table, but there is none. Give one FASTA with"
    with pytest.raises(ConfigurationError, match=message):
        read_labelled("dna", classes={"x": paths["x_fa"]}, targets=TargetColumns(("y",)))


PROBLEMS: dict[str, tuple[str, str, str]] = {
    "letter": (
        ">a\nACGT\nACET\n",
        "id\tlabel\na\tx\n",
        r"a\.fa, line 3, record 'a': letter 'E' at position 7 is not .* use the alphabet protein",
    ),
    "empty record": (
        ">a\n>b\nACGT\n",
        "id\tlabel\na\tx\nb\tx\n",
        r"a\.fa, line 1, record 'a': the sequence is empty, expected at least one letter\. Remove",
    ),
    "no name": (
        ">a\nAC\n> \nACGT\n",
        "id\tlabel\na\tx\n",
        r"a\.fa, line 3: the header is empty, expected '>name' or '@name'\. Write a name in each",
    ),
    "id of another sequence": (
        ">a\nACGT\n>a\nACGG\n",
        "id\tlabel\na\tx\n",
        r"a\.fa, line 3, record 'a': the id is that of another sequence \(.*a\.fa, line 1\)\. Give",
    ),
    "sequence without label": (
        ">a\nACGT\n>b\nACGG\n",
        "id\tlabel\na\tx\n",
        r"a\.fa, line 3, record 'b': the record has no label in .*labels\.tsv\. Add a row for it",
    ),
    "label without sequence": (
        ">a\nACGT\n",
        "id\tlabel\na\tx\nb\tx\n",
        r"labels\.tsv, line 3, record 'b': there is no sequence with this id\. Remove the row",
    ),
}


@pytest.mark.parametrize(("fasta", "labels", "message"), PROBLEMS.values(), ids=PROBLEMS)
def test_read_labelled__explains_what_is_wrong(
    fasta: str, labels: str, message: str, tmp_path: Path
) -> None:
    paths = write(tmp_path, a_fa=fasta, labels_tsv=labels)
    with pytest.raises(FastgruError, match=message) as caught:
        read_labelled("dna", fasta=paths["a_fa"], labels=paths["labels_tsv"])
    assert len(str(caught.value).splitlines()) == 1
    assert isinstance(caught.value, LabelError if "label" in message else FastaFormatError)


@pytest.mark.parametrize("header", ["a", "a mylabel=x", "a label=", 'a label="" x', "label=x"])
def test_read_labelled__explains_a_header_without_label(header: str, tmp_path: Path) -> None:
    path = write(tmp_path, a_fa=f">{header}\nACGT\n")["a_fa"]
    message = r"a\.fa, line 1, record '.*': the header has no word label=LABEL\. Add the word"
    with pytest.raises(LabelError, match=message):
        read_labelled("dna", fasta=path, label_field="label")


def test_read_labelled__lists_the_problems_of_all_files(tmp_path: Path) -> None:
    paths = write(tmp_path, x_fa=">a\nACGT\n>b\nAC-T\n>c\n", y_fa=">d\nA*\n>e\nACGT\n>f\nA!\n")
    with pytest.raises(FastaFormatError) as caught:
        read_labelled("dna", classes={"x": paths["x_fa"], "y": paths["y_fa"]})
    found = "is not in the dna alphabet (ACGT, and BDHKMNRSVWXY for ambiguous positions)"
    assert str(caught.value).splitlines() == [
        f"{paths['x_fa']}: 2 problems:",
        f"  line 4, record 'b': letter '-' at position 3 {found}",
        "  line 5, record 'c': the sequence is empty, expected at least one letter",
        "Remove the gaps of the alignment; sequences are read unaligned.",
        "Remove the record or add its sequence.",
        f"{paths['y_fa']}: 2 problems:",
        f"  line 2, record 'd': letter '*' at position 2 {found}",
        f"  line 6, record 'f': letter '!' at position 2 {found}",
        "A '*' is a stop codon: cut the sequence there, or remove the record.",
        "Correct the letter, replace it by N (unknown), or remove the record.",
    ]
    assert caught.value.path == str(paths["x_fa"])
    assert caught.value.line == 4


def test_read_labelled__caps_the_list_and_counts_the_rest(tmp_path: Path) -> None:
    text = "".join(f">p{number}\nMKLV\n" for number in range(1000))
    path = write(tmp_path, a_fa=text)["a_fa"]
    with pytest.raises(FastaFormatError) as caught:
        read_labelled("dna", classes={"x": path})
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}: 1000 problems:"
    assert lines[20].startswith("  line 40, record 'p19': letter 'L' at position 3")
    assert lines[21:] == [
        "  and 980 more",
        "If these are protein sequences, use the alphabet protein (--alphabet protein).",
    ]


def test_read_labelled__reports_a_bad_record_once(tmp_path: Path) -> None:
    # Not a second time as a label without sequence, nor its row as a record without label.
    paths = write(tmp_path, a_fa=">a\nAC!T\n>b\nAC\n", labels_tsv="id\tlabel\na\tx\nb\t\n")
    with pytest.raises(LabelError) as caught:
        read_labelled("dna", fasta=paths["a_fa"], labels=paths["labels_tsv"])
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"fasta": "a.fa"},
        {"labels": "l.tsv"},
        {"classes": {}},
        {"classes": {"x": "a.fa"}, "fasta": "b.fa"},
        {"classes": {"x": "a.fa"}, "label_field": "label"},
        {"fasta": "a.fa", "labels": "l.tsv", "label_field": "label"},
    ],
)
def test_read_labelled__wants_exactly_one_form(arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="exactly one of three forms: one FASTA per class"):
        read_labelled("dna", **arguments)


@pytest.mark.parametrize(
    "arguments",
    [{"classes": {"x": "-", "y": "-"}}, {"fasta": "-", "labels": "-"}],
)
def test_read_labelled__reads_standard_input_once(arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="can be read only once"):
        read_labelled("dna", **arguments)


def test_read_labelled__refuses_class_names_that_break_tables() -> None:
    with pytest.raises(ConfigurationError, match=r"class name 'a\\tb' holds a tab or another"):
        read_labelled("dna", classes={"a\tb": "a.fa"})


def test_read_labelled__refuses_ids_that_a_split_would_skip(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_text(">a label=x\nACGT\n>#b label=y\nAC\n", encoding="utf-8")
    message = "line 3, record '#b': the id begins with '#', which makes its row in a split a comm"
    with pytest.raises(FastaFormatError, match=message):
        read_labelled("dna", fasta=tmp_path / "a.fa", label_field="label")


def test_read_labelled__takes_sequences_without_labels(tmp_path: Path) -> None:
    paths = write(tmp_path, a_fa=">a label=x\nACGT\n>b\nGGTT\n")
    data = read_labelled("dna", fasta=paths["a_fa"], unlabelled=True)
    assert (data.ids, data.labels) == (["a", "b"], [UNLABELLED] * 2)
    with pytest.raises(ConfigurationError, match=r"as one FASTA \(FASTA --unlabelled\), without"):
        read_labelled("dna", fasta=paths["a_fa"], label_field="label", unlabelled=True)
    with pytest.raises(ConfigurationError, match=r"as one FASTA \(FASTA --unlabelled\), without"):
        read_labelled("dna", unlabelled=True)
