"""What an audit says of targets, labels of letters and translations."""

from __future__ import annotations

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.data.answers import Answers
from fastgru.data.audit import audit
from fastgru.data.findings import LEVELS
from fastgru.data.labelled import UNLABELLED, LabelledSequences
from fastgru.data.probes import find_number_shortcuts

DNA = get_alphabet("dna")


def records(n: int, *, seed: int = 0, **columns) -> LabelledSequences:
    rng = np.random.default_rng(seed)
    sequences = ["".join(rng.choice(list("ACGT"), rng.integers(20, 40))) for _ in range(n)]
    return LabelledSequences([f"r{k}" for k in range(n)], sequences, [UNLABELLED] * n, **columns)


def numbers(n: int, seed: int = 5) -> list[tuple[float | None, ...]]:
    return [(float(value),) for value in np.random.default_rng(seed).normal(size=n)]


def message_of(report: dict, code: str) -> str:
    found = next(row for row in report["findings"] if row["code"] == code)
    assert found["level"] == LEVELS[code]
    return found["message"]


def codes_of(report: dict) -> set[str]:
    return {row["code"] for row in report["findings"]}


REGRESSION = Answers("regression", ("y",))


def test_audit__describes_numbers() -> None:
    data = records(5, targets=[(1.0,), (2.0,), (None,), (4.0,), (4.0,)])
    report = audit(data, DNA, answers=REGRESSION)
    assert report["task"] == "regression"
    entry = report["targets"]["y"]
    assert (entry["n"], entry["n_missing"], entry["n_values"]) == (4, 1, 3)
    assert (entry["min"], entry["median"], entry["mean"], entry["max"]) == (1, 3, 2.75, 4)
    assert message_of(report, "missing_targets").endswith("teach nothing: 'y (1)'")
    assert message_of(report, "few_records") == "5 usable records; scores will vary"


def test_audit__has_nothing_to_say_of_good_numbers() -> None:
    report = audit(records(300, targets=numbers(300)), DNA, answers=REGRESSION)
    assert report["findings"] == []
    assert {row["feature"] for row in report["target_shortcuts"]} >= {"length", "composition"}
    assert all(abs(row["pearson"]) < 0.3 for row in report["target_shortcuts"])


def test_audit__sees_numbers_in_the_length() -> None:
    data = records(200)
    data.targets = [(10.0 * len(letters),) for letters in data.sequences]
    report = audit(data, DNA, answers=REGRESSION)
    assert report["target_shortcuts"][0]["feature"] == "length"
    assert report["target_shortcuts"][0]["pearson"] > 0.95
    found = message_of(report, "shortcut")
    assert found.startswith("the length alone predicts y with a correlation of 0.9")
    assert "in records above the mean, " in found


def test_audit__measures_shortcuts_where_a_target_is_known() -> None:
    data = records(200)
    data.targets = [(float(len(s)) if k % 2 else None,) for k, s in enumerate(data.sequences)]
    report = audit(data, DNA, answers=REGRESSION)
    assert report["target_shortcuts"][0]["pearson"] > 0.95


def test_audit__finds_conflicting_targets() -> None:
    data = records(60, targets=numbers(60))
    data.sequences[7], data.sequences[9] = data.sequences[3], data.sequences[5]
    data.targets[9] = data.targets[5]
    report = audit(data, DNA, answers=REGRESSION)
    expected = "1 sequence with more than one set of targets: 2 records left out"
    assert message_of(report, "conflicting_labels") == expected
    assert report["n_kept"] == 57
    assert [row["id"] for row in report["excluded"]] == ["r3", "r7", "r9"]


@pytest.mark.parametrize("value", [3.0, None])
def test_audit__fails_where_a_number_is_always_the_same(value: float | None) -> None:
    report = audit(records(60, targets=[(value,)] * 60), DNA, answers=REGRESSION)
    assert "there is nothing to learn" in message_of(report, "constant_target")
    assert report["target_shortcuts"] == []


def test_audit__describes_several_labels() -> None:
    data = records(100)
    data.targets = [
        (float(k % 2), None if k % 4 == 0 else 1.0, float(len(s) > 29))
        for k, s in enumerate(data.sequences)
    ]
    answers = Answers("multilabel", ("even", "always", "long"))
    report = audit(data, DNA, answers=answers)
    assert report["targets"]["even"] == {"n": 100, "n_missing": 0, "n_positive": 50}
    assert report["targets"]["always"] == {"n": 75, "n_missing": 25, "n_positive": 75}
    assert "'always'; there is nothing" in message_of(report, "constant_target")
    assert "the length alone predicts long with ROC AUC" in message_of(report, "shortcut")
    assert {row["target"] for row in report["target_shortcuts"]} == {"even", "long"}
    assert "rarer answer" in message_of(report, "small_class")


def test_audit__describes_labels_of_letters() -> None:
    data = records(60)
    letters = ["?" + "a" * (len(s) - 1) for s in data.sequences]
    report = audit(data, DNA, answers=Answers("tagging", letters=letters))
    n_letters = sum(map(len, data.sequences))
    assert report["step_labels"] == {"n": {"a": n_letters - 60}, "n_masked": 60}
    assert message_of(report, "one_class").startswith("there is only the label 'a' of letters")
    assert message_of(report, "masked_letters").startswith("60 letters without a label")
    letters[0] = "b" + letters[0][1:]
    report = audit(data, DNA, answers=Answers("tagging", letters=letters))
    assert message_of(report, "small_class").endswith("will vary: 'b (1)'")
    assert "one_class" not in codes_of(report)


def test_audit__finds_two_labellings() -> None:
    data = records(60)
    data.sequences[7] = data.sequences[3]
    letters = ["ab" * (len(s) // 2) + "a" * (len(s) % 2) for s in data.sequences]
    same = audit(data, DNA, answers=Answers("tagging", letters=letters))
    assert (same["n_kept"], "conflicting_labels" in codes_of(same)) == (59, False)
    letters[7] = letters[7].replace("a", "b")
    report = audit(data, DNA, answers=Answers("tagging", letters=letters))
    assert "with more than one labelling: 2 rec" in message_of(report, "conflicting_labels")
    assert report["n_kept"] == 58
    assert report["content_sha256"] != same["content_sha256"]


def test_audit__takes_the_first_of_several_translations() -> None:
    data = records(60)
    data.sequences[7] = data.sequences[3]
    letters = [s * 2 for s in data.sequences]
    letters[7] = "ACG"
    report = audit(data, DNA, answers=Answers("translation", letters=letters))
    assert report["translations"]["n_several"] == 1
    assert report["n_kept"] == 59
    assert "1 sequence with several transl" in message_of(report, "several_translations")
    assert "conflicting_labels" not in codes_of(report)


def test_audit__fails_for_too_few_records() -> None:
    report = audit(records(2), DNA, answers=Answers("language_model"))
    assert message_of(report, "too_few_records") == "2 usable records, too few to split"


def test_audit__looks_for_leaks_whatever_the_task() -> None:
    data = records(60, targets=numbers(60), splits=["train"] * 50 + ["test"] * 10)
    data.sequences[55], data.targets[55] = data.sequences[5], data.targets[5]
    report = audit(data, DNA, answers=REGRESSION)
    assert report["leaks"]["test"]["exact"] == 1
    assert "leaking_split" in codes_of(report)


def test_find_number_shortcuts__keeps_groups_together() -> None:
    # the composition tells the family, and the family the number: memory of relatives
    rng = np.random.default_rng(3)
    sequences, values, groups = [], [], []
    for group in range(40):
        shares, value = rng.dirichlet(np.ones(4)), float(rng.normal())
        for _ in range(10):
            sequences.append("".join(rng.choice(list("ACGT"), 60, p=shares)))
            values.append(value)
            groups.append(group)

    def best(**given) -> tuple[float, str]:
        found, over = find_number_shortcuts(sequences, values, DNA, **given)
        return next(row["pearson"] for row in found if row["feature"] == "composition"), over

    apart, over = best(groups=np.array(groups))
    assert over == "groups"
    together, over = best()
    assert over == "records"
    assert together > apart


@pytest.mark.parametrize("values", [[], [1.0] * 4, [2.0] * 30])
def test_find_number_shortcuts__needs_records_and_differences(values: list[float]) -> None:
    sequences = records(len(values)).sequences
    assert find_number_shortcuts(sequences, values, DNA) == ([], "records")
