from __future__ import annotations

from pathlib import Path

import pytest

from fastgru import SequenceClassifier
from fastgru.cli.selection import select_for_training
from fastgru.data.labelled import LabelledSequences
from fastgru.errors import LabelError
from fastgru.estimators.parameters import check_parameters
from tests.planted import as_fasta, as_table, plant


def grouped(n_groups: int = 20, size: int = 4) -> LabelledSequences:
    """Records of two classes in groups of one class each."""
    sequences, _ = plant(n_groups * size, seed=3)
    groups = [f"g{number // size}" for number in range(len(sequences))]
    labels = ["xy"[number // size % 2] for number in range(len(sequences))]
    ids = [f"r{number}" for number in range(len(sequences))]
    return LabelledSequences(ids, sequences, labels, groups=groups)


def parameters(**changes) -> dict:
    return check_parameters(SequenceClassifier(random_state=1, **changes).get_params())


def parts_of(path: Path, data: LabelledSequences, splits: list[str]) -> str:
    path.write_text(as_table(data.labels, split=splits, group=data.groups), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("where", ["labels", "column", "file"])
def test_select_for_training__holds_whole_groups_out(where: str, tmp_path: Path) -> None:
    data = grouped()
    splits = ["test" if group in ("g0", "g1") else "train" for group in data.groups]
    split = parts_of(tmp_path / "split.tsv", data, splits) if where == "file" else None
    data.splits = splits if where == "column" else None
    training, validation = select_for_training(data, split, parameters())
    assert len(training) + len(validation) == (80 if where == "labels" else 72)
    assert set(validation.labels) == {"x", "y"}
    assert set(training.groups).isdisjoint(validation.groups)
    again = select_for_training(data, split, parameters())
    assert again[1].ids == validation.ids


def test_select_for_training__leaves_the_rest_to_the_classifier() -> None:
    data = grouped()
    assert select_for_training(data, None)[1] is None
    assert select_for_training(data, None, parameters(early_stopping=False))[1] is None
    data.groups = None
    assert select_for_training(data, None, parameters())[1] is None


def test_select_for_training__keeps_the_part_of_a_split(tmp_path: Path) -> None:
    data = grouped()
    splits = ["validation" if group in ("g0", "g1") else "train" for group in data.groups]
    split = parts_of(tmp_path / "split.tsv", data, splits)
    _, validation = select_for_training(data, split, parameters())
    assert set(validation.groups) == {"g0", "g1"}


def test_select_for_training__says_that_groups_cannot_be_held_out() -> None:
    data = grouped()
    data.groups = [
        "only" if label == "x" else group
        for label, group in zip(data.labels, data.groups, strict=True)
    ]
    message = "no groups to hold out for early stopping: too few groups .* .--no-early-stopping"
    with pytest.raises(LabelError, match=message):
        select_for_training(data, None, parameters())


def test_train__stops_by_groups_that_it_has_not_learned_from(
    tmp_path: Path, quick, run_cli
) -> None:
    data = grouped()
    (tmp_path / "a.fa").write_text(as_fasta(data.sequences), encoding="utf-8")
    split = parts_of(tmp_path / "split.tsv", data, ["train"] * 80)
    words = [tmp_path / "a.fa", "--labels", split, "--validation-fraction", "0.2", "--dry-run"]
    _, out, _ = run_cli(["train", *words, *quick])
    assert "validation  16 sequences" in out
    words = [*words[:-1], "--trials", "1", "--journal", tmp_path / "journal.log"]
    code, out, _ = run_cli(["search", *words, "--max-epochs", "1", "-o", "-"])
    assert (code, '"state": "complete"' in out) == (0, True)


def test_train__holds_the_groups_out_that_fit_does(tmp_path: Path, run_cli) -> None:
    data = grouped()
    (tmp_path / "a.fa").write_text(as_fasta(data.sequences), encoding="utf-8")
    table = as_table(data.labels, group=data.groups)
    (tmp_path / "labels.tsv").write_text(table, encoding="utf-8")
    words = ["train", tmp_path / "a.fa", "--labels", tmp_path / "labels.tsv", "--hidden-size", 4]
    words += ["--max-epochs", 2, "--seed", 3, "--threads", 1, "-o", tmp_path / "m"]
    assert run_cli(words)[0] == 0
    options = {"hidden_size": 4, "max_epochs": 2, "random_state": 3, "threads": 1}
    model = SequenceClassifier(**options).fit(data.sequences, data.labels, groups=data.groups)
    expected = SequenceClassifier.load(tmp_path / "m").predict_proba(data.sequences)
    assert model.predict_proba(data.sequences).tobytes() == expected.tobytes()
    assert model.n_validation_ % 4 == 0


@pytest.mark.parametrize("where", ["column", "file"])
def test_select_for_training__refuses_a_split_that_divides_the_groups_beside_it(
    where: str, tmp_path: Path
) -> None:
    data = grouped()
    splits = ["test" if number % 4 == 0 else "train" for number in range(80)]
    split = parts_of(tmp_path / "split.tsv", data, splits) if where == "file" else None
    data.splits = splits if where == "column" else None
    with pytest.raises(LabelError, match="the given split divides 20 groups: 'g0', 'g1'"):
        select_for_training(data, split)


def test_select_for_training__warns_of_a_split_without_groups_that_divides_those_of_the_labels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = grouped()
    parts = ["test" if number % 4 == 0 else "train" for number in range(80)]
    path = tmp_path / "split.tsv"
    path.write_text(as_table(data.labels, split=parts), encoding="utf-8")
    training, _ = select_for_training(data, str(path))
    assert len(training) == 60
    assert "split.tsv divides 20 groups of the labels ('g0', 'g1'" in caplog.text
