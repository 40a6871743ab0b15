from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.datasets import load_splice
from tests.data.relatives import families

SPLICE = load_splice()
ARGUMENTS = ["split", SPLICE.files[0], "--label-field", "label"]


def rows_of(text: str) -> list[list[str]]:
    header, *rows = (line.split("\t") for line in text.splitlines())
    assert header == ["id", "label", "split", "split_method", "split_seed"]
    return rows


def test_split__divides_each_class_in_the_same_proportions(tmp_path: Path, run_cli) -> None:
    code, out, err = run_cli([*ARGUMENTS, "-o", tmp_path / "split.tsv"])
    assert (code, out) == (0, "")
    rows = rows_of((tmp_path / "split.tsv").read_text(encoding="utf-8"))
    assert len(rows) == 3004
    sizes = Counter(row[1] for row in rows)
    for (label, part), count in Counter((row[1], row[2]) for row in rows).items():
        share = {"train": 0.7, "validation": 0.1, "test": 0.2}[part]
        assert count == pytest.approx(share * sizes[label], abs=1)
    assert "2 are left out for conflicting labels and 184 as duplicates" in err


def test_split__shares_no_sequence_between_parts(run_cli) -> None:
    sequence_of = dict(zip(SPLICE.ids, SPLICE.sequences, strict=True))
    parts = defaultdict(set)
    for record_id, _, part, *_ in rows_of(run_cli(ARGUMENTS).out):
        parts[part].add(sequence_of[record_id])
    assert sum(map(len, parts.values())) == len(set.union(*parts.values())) == 3004


def test_split__keeps_the_input_order(run_cli) -> None:
    ids = [row[0] for row in rows_of(run_cli(ARGUMENTS).out)]
    assert ids == sorted(ids)


def test_split__obeys_the_seed(run_cli) -> None:
    first, again, other = (run_cli([*ARGUMENTS, "--seed", seed]).out for seed in ("7", "7", "8"))
    assert first == again != other


def test_split__obeys_the_fractions(run_cli) -> None:
    options = ["--test-fraction", "0.5", "--validation-fraction", "0"]
    parts = Counter(row[2] for row in rows_of(run_cli([*ARGUMENTS, *options]).out))
    assert parts == {"train": 1502, "test": 1502} or abs(parts["train"] - parts["test"]) <= 3


def test_split__keeps_what_the_table_says(tmp_path: Path, run_cli) -> None:
    text = "".join(f">r{place}\n{'ACGT'[place % 4] * (place + 1)}\n" for place in range(12))
    (tmp_path / "a.fa").write_text(text, encoding="utf-8")
    parts = ["train", "test", "validation"] * 4
    rows = [f"r{place}\t{'xy'[place // 6]}\t{part}" for place, part in enumerate(parts)]
    table = "\n".join(["id\tlabel\tsplit", *rows]) + "\n"
    (tmp_path / "labels.tsv").write_text(table, encoding="utf-8")
    code, out, _ = run_cli(["split", tmp_path / "a.fa", "--labels", tmp_path / "labels.tsv"])
    assert code == 0
    assert [row[:3] for row in rows_of(out)] == [row.split("\t") for row in rows]
    assert {tuple(row[3:]) for row in rows_of(out)} == {("given", "")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--test-fraction", "1"], "expected a number from 0 to below 1, got '1'"),
        (["--test-fraction", "much"], "expected a number from 0 to below 1, got 'much'"),
        (
            ["--test-fraction", "0.5", "--folds", "3", "-o", "{fold}"],
            "--test-fraction 0.5: each of 3 folds is tested in its turn, expected no share beside",
        ),
        (["--seed", "-1"], "expected a whole number of at least 0, got '-1'"),
        (
            ["--test-fraction", "0.6", "--validation-fraction", "0.6"],
            "must be at least 0 and together below 1, got 0.6 and 0.6.",
        ),
    ],
)
def test_split__refuses_options_out_of_range(options: list[str], message: str, run_cli) -> None:
    code, out, err = run_cli([*ARGUMENTS, *options])
    assert (code, out) == (2, "")
    assert message in err


def test_split__explains_a_file_that_was_given_for_two_classes(tmp_path: Path, run_cli) -> None:
    classes = ["--alphabet", "dna", "--class", f"a={SPLICE.files[0]}"]
    code, out, err = run_cli(["split", *classes, "--class", f"b={SPLICE.files[0]}"])
    assert (code, out) == (1, "")
    assert "no record is left of the class 'a', 'b': each of their sequences has another" in err


def test_split__homology_writes_its_groups(tmp_path: Path, run_cli) -> None:
    data = families(get_alphabet("protein"), n_families=30, size=2, length=50)
    text = "".join(
        f">{record} label={label}\n{letters}\n"
        for record, label, letters in zip(data.ids, data.labels, data.sequences, strict=True)
    )
    (tmp_path / "a.fa").write_text(text, encoding="utf-8")
    options = ["--label-field", "label", "--alphabet", "protein", "--method", "homology"]
    output = tmp_path / "split-{fold}.tsv"
    result = run_cli(["split", tmp_path / "a.fa", *options, "--folds", "3", "-o", output])
    assert result.code == 0, result.err
    assert "30 groups, the largest of 2 sequences" in result.err
    assert "fold 3: 32 train, 8 validation, 20 test sequences" in result.err
    tested: list[str] = []
    made_by = "homology, identity 0.4, coverage 0.8, fold {} of 3, validation 0.1"
    for number in (1, 2, 3):
        lines = (tmp_path / f"split-{number}.tsv").read_text(encoding="utf-8").splitlines()
        assert lines[0] == "id\tlabel\tsplit\tgroup\tsplit_method\tsplit_seed"
        part_of_group = defaultdict(set)
        for record, _, part, group, method, seed in (line.split("\t") for line in lines[1:]):
            assert (method, seed) == (made_by.format(number), "0")
            assert group == f"{record.split('_')[0]}_0"
            part_of_group[group].add(part)
            tested += [record] if part == "test" else []
        assert all(len(parts) == 1 for parts in part_of_group.values())
    assert sorted(tested) == sorted(data.ids)


def test_split__without_mmseqs_makes_no_random_split(
    tmp_path: Path, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMSEQS2_PATH", "/nowhere/mmseqs")
    result = run_cli([*ARGUMENTS, "--method", "homology", "-o", tmp_path / "split.tsv"])
    assert result.code == 1
    assert "error: MMSEQS2_PATH: '/nowhere/mmseqs' is no program" in result.err
    assert not (tmp_path / "split.tsv").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--folds", "2"], "is one name for 2 splits, expected one with {fold}, for their numbers"),
        (["--repeats", "3"], "is one name for 3 splits, expected one with {fold}"),
        (["--identity", "0.5"], "--identity 0.5: no sequences are compared, expected an option"),
        (["--coverage", "0"], "expected a number above 0 and up to 1, got '0'"),
    ],
)
def test_split__refuses_options_that_make_no_sense(
    options: list[str], message: str, tmp_path: Path, run_cli
) -> None:
    result = run_cli([*ARGUMENTS, *options, "-o", tmp_path / "split.tsv"])
    assert result.code == 2
    assert message in result.err
    assert list(tmp_path.iterdir()) == []


def test_split__of_folds_replaces_no_file(tmp_path: Path, run_cli) -> None:
    (tmp_path / "split-2.tsv").write_text("mine", encoding="utf-8")
    result = run_cli([*ARGUMENTS, "--folds", "2", "-o", tmp_path / "split-{fold}.tsv"])
    assert (result.code, "split-2.tsv: exists already" in result.err) == (1, True)
    (tmp_path / "labels-1.tsv").write_text("id\tlabel\n", encoding="utf-8")
    options = ["--labels", tmp_path / "labels-1.tsv", "--folds", "2", "--force"]
    result = run_cli(["split", SPLICE.files[0], *options, "-o", tmp_path / "labels-{fold}.tsv"])
    assert (result.code, "is an input and would be overwritten" in result.err) == (2, True)


@pytest.mark.parametrize(("method", "warns"), [("random", True), ("group", False)])
def test_split__says_that_it_divides_groups(
    method: str, warns: bool, tmp_path: Path, run_cli
) -> None:
    text = "".join(f">r{k}\n{'ACGT'[k % 4] * (k + 1)}\n" for k in range(40))
    (tmp_path / "a.fa").write_text(text, encoding="utf-8")
    rows = [f"r{k}\t{'xy'[k // 20]}\tg{k // 4}" for k in range(40)]
    (tmp_path / "labels.tsv").write_text("\n".join(["id\tlabel\tgroup", *rows]), encoding="utf-8")
    words = ["split", tmp_path / "a.fa", "--labels", tmp_path / "labels.tsv", "--method", method]
    code, _, err = run_cli(words)
    assert code == 0
    assert ("groups of the labels; use --method group to keep" in err) == warns


def test_split__divides_sequences_without_labels(tmp_path: Path, work, run_cli) -> None:
    path = tmp_path / "split.tsv"
    code, _, err = run_cli(["split", work.fasta, "--unlabelled", "-o", path])
    assert code == 0, err
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    assert {row[1] for row in rows if row[0] != "id" and not row[0].startswith("#")} == {"-"}
    assert {row[2] for row in rows} >= {"train", "validation", "test"}
