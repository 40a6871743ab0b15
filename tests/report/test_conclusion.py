from __future__ import annotations

import copy
from typing import Any

import pytest

from fastgru.report.conclusion import conclude


def scores(auc: float | None) -> dict[str, float | None]:
    return {"roc_auc": auc, "accuracy": 0.9, "log_loss": 0.3}


def contender(name: str, kind: str, auc: float | None) -> dict[str, Any]:
    intervals = {"roc_auc": [0.9, 0.97] if auc else None, "accuracy": [0.85, 0.93]}
    return {"name": name, "kind": kind, "pooled": scores(auc), "intervals": intervals}


EXPERIMENT: dict[str, Any] = {
    "best": "bigru",
    "chosen_by": "validation_loss",
    "n_folds": 5,
    "split": {"folds": 5, "repeats": 1},
    "n_records": 200,
    "n_groups": 50,
    "homology": {"n_related": 100},
    "contenders": [
        contender("bigru", "model", 0.95),
        contender("small", "model", 0.9),
        contender("kmer_logistic", "baseline", 0.91),
    ],
    "comparisons": [
        {"a": "bigru", "b": "small", "metric": "roc_auc", "score_b": 0.99, "p_holm": 0.2,
         "verdict": "no difference shown"},
        {"a": "bigru", "b": "kmer_logistic", "metric": "roc_auc", "score_a": 0.94, "score_b": 0.91,
         "p_holm": 0.01234, "verdict": "a is better"},
    ],
    "shortcuts": [
        {"feature": "length", "roc_auc": 0.7, "detail": "...", "share": 0.44},
        {"feature": "composition", "roc_auc": 0.6, "detail": "...", "share": 0.22},
    ],
    "controls": [
        {"of": "bigru", "kind": "shuffled_labels", "kept": None,
         "metrics": {**scores(0.8), "log_loss": 0.68},
         "reference": scores(0.95), "class_shares": 0.69, "gain_interval": [-0.02, 0.05]},
        {"of": "bigru", "kind": "shuffled_sequences", "kept": "residues", "metrics": scores(0.6),
         "reference": scores(0.95), "reference_interval": [0.9, 0.98]},
        {"of": "small", "kind": "shuffled_labels", "kept": None, "metrics": scores(0.99),
         "reference": scores(0.95)},
    ],
    "seeds": {"bigru": [{"metrics": scores(0.94)}, {"metrics": scores(0.96)}]},
    "ensemble": {"bigru": scores(0.97)},
    "learning_curve": {
        "bigru": [
            {"share": 0.5, "n_train": 50, "metrics": scores(0.9)},
            {"share": 1.0, "n_train": 100, "metrics": scores(0.95)},
        ]
    },
}  # fmt: skip
EXPECTED = """\
bigru, chosen of 2 models by validation loss, reaches a ROC AUC of 0.950 (95 % interval 0.900 to \
0.970) and an accuracy of 0.900 (95 % interval 0.850 to 0.930) on 5 folds that test every sequence \
once, all predictions taken together.
It is better than every baseline: kmer_logistic (logistic regression on words of up to 6 \
nucleotides or 3 residues) reaches a ROC AUC of 0.910, bigru 0.940, both as means over the folds \
(corrected p 0.012).
Sequences of one group (50 groups) were never divided between training and test, and the intervals \
are over groups.
Trained on shuffled labels it learns next to nothing, as it should (log loss 0.680, against 0.300 \
of the model and 0.690 of what knows the class shares alone).
On shuffled sequences, with their residues kept, it falls from 0.950 to 0.600: it reads the order \
of the letters.
2 seeds reach 0.940 to 0.960 on the first fold, and 0.970 when their probabilities are averaged.
With 50 instead of 100 training sequences it reaches 0.900 instead of 0.950 on the first fold, \
more than seeds differ: more data would probably help."""


def changed(**entries: Any) -> list[str]:
    return conclude({**copy.deepcopy(EXPERIMENT), **entries})


def test_conclude__leads_with_model_score_and_interval() -> None:
    assert "\n".join(conclude(EXPERIMENT)) == EXPECTED


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ({"verdict": "no difference shown", "score_b": 1.0},
         "Caveat: a baseline scores higher, but is not shown to be better: kmer_logistic"),
        ({"verdict": "no difference shown", "score_b": 0.945},
         "Caveat: a baseline is as good: kmer_logistic"),
        ({"verdict": "no difference shown"},
         "Caveat: it scores above every baseline, but that may be chance: kmer_logistic"),
        ({"verdict": "b is better"}, "Caveat: a baseline is better: kmer_logistic"),
        ({"verdict": "unknown", "p_holm": None},
         "Whether bigru is better than its baselines is unknown: "),
    ],
)  # fmt: skip
def test_conclude__says_plainly_what_a_baseline_does(
    verdict: dict[str, Any], expected: str
) -> None:
    rows = copy.deepcopy(EXPERIMENT["comparisons"])
    rows[1] |= verdict
    assert changed(comparisons=rows)[1].startswith(expected)


def test_conclude__sets_means_over_folds_beside_means_over_folds() -> None:
    several, single = changed()[:2], changed(n_folds=1, split={"folds": 1, "repeats": 1})[:2]
    assert several[0].endswith(", all predictions taken together.")
    assert "0.910, bigru 0.940, both as means over the folds (" in several[1]
    assert single[0].endswith(" on one test set.")
    assert "0.910, bigru 0.940 (corrected p 0.012)" in single[1]


def test_conclude__does_not_call_it_better_than_a_baseline_that_may_be_as_good() -> None:
    weak = {**EXPERIMENT["comparisons"][1], "b": "length", "score_b": 0.7}
    rows = [*EXPERIMENT["comparisons"], {**weak, "verdict": "no difference shown"}]
    contenders = [*EXPERIMENT["contenders"], contender("length", "baseline", 0.7)]
    said = changed(comparisons=rows, contenders=contenders)[1]
    assert said.startswith("It is better than the highest baseline: kmer_logistic (")


def test_conclude__says_that_few_splits_can_hardly_show_a_difference() -> None:
    expected = (
        "Caveat: with only 2 splits into training and test the comparisons can hardly show any "
        "difference; more folds or repeats can."
    )
    assert changed(n_folds=2, split={"folds": 2, "repeats": 1})[2] == expected
    for n_folds in (1, 4):  # one test set is judged by the bootstrap
        assert not any("can hardly show" in text for text in changed(n_folds=n_folds))
    shown = [{**row, "verdict": "a is better"} for row in EXPERIMENT["comparisons"]]
    assert expected not in changed(n_folds=2, comparisons=shown)


def test_conclude__warns_of_relatives_and_controls() -> None:
    assert "Caveat: 50 % of the sequences are homologous" in changed(n_groups=None)[2]
    assert not any("homologous" in text for text in changed(n_groups=None, homology=None))
    controls = copy.deepcopy(EXPERIMENT["controls"])
    controls[0]["metrics"]["log_loss"], controls[1]["metrics"]["roc_auc"] = 0.45, 0.86
    controls[0]["gain_interval"] = [0.15, 0.33]
    texts = changed(controls=controls)
    assert texts[3] == (
        "Caveat: trained on shuffled labels it still predicts (log loss 0.450, against 0.300 of "
        "the model and 0.690 of what knows the class shares alone; 95 % interval of the gain over "
        "these 0.150 to 0.330): something may leak between training and test."
    )
    assert "it still reaches 0.860 of 0.950: 80 % of what it does above chance does not" in texts[4]


@pytest.mark.parametrize(
    ("found", "own", "shares", "interval", "expected"),
    [
        # three classes, 61 test records, a model that barely works: half of nothing is nothing
        (1.058, 1.045, 1.097, [0.001, 0.08], "learns next to nothing, as it should ("),
        (0.68, 0.71, 0.69, [-0.02, 0.04], "learns next to nothing, as it should ("),
        (0.50, 0.40, 0.69, [-0.01, 0.40], "does better than the class shares, which may be ch"),
        (0.50, 0.40, 0.69, None, "does better than the class shares, which may be chance ("),
        (0.59, 0.30, 0.69, [0.01, 0.20], "does better than the class shares, which may be ch"),
        (0.50, 0.90, 0.69, [0.10, 0.28], "still predicts ("),
    ],
)
def test_conclude__speaks_of_a_leak_only_where_one_is_shown(
    found: float, own: float, shares: float, interval: list[float] | None, expected: str
) -> None:
    control = copy.deepcopy(EXPERIMENT["controls"][0])
    control |= {"class_shares": shares, "gain_interval": interval}
    control["metrics"]["log_loss"], control["reference"]["log_loss"] = found, own
    (text,) = (said for said in changed(controls=[control]) if "shuffled labels" in said)
    assert f"rained on shuffled labels it {expected}" in text
    assert text.startswith("Caveat: ") == (expected == "still predicts (")


def test_conclude__warns_of_a_feature_that_explains_most_of_the_model() -> None:
    detail = "M at place 1: 90.0 % in a, 10.0 % in b"
    entry = {"feature": "first letters", "roc_auc": 0.9, "detail": detail, "share": 0.889}
    said = changed(shortcuts=[*EXPERIMENT["shortcuts"], entry])
    assert said[2] == (
        "Caveat: the first letters alone reach 0.900 (M at place 1: 90.0 % in a, 10.0 % in b), "
        "89 % of the way from chance to the model. Unless that is what the classes are about, the "
        "data have a shortcut."
    )
    better = changed(
        shortcuts=[{**entry, "feature": "length", "roc_auc": 0.99, "share": 0.49 / 0.45}]
    )
    assert "the length alone reaches 0.990" in better[2]
    assert "b), more than the model itself (0.950). Unless" in better[2]
    assert changed(shortcuts=[{**entry, "roc_auc": None, "share": None}])[2] == changed()[2]


def at_chance(**entries: Any) -> list[str]:
    contenders = copy.deepcopy(EXPERIMENT["contenders"])
    contenders[0]["pooled"]["roc_auc"] = 0.575
    contenders[0]["intervals"]["roc_auc"] = [0.458, 0.694]
    shortcuts = [{**entry, "share": None} for entry in EXPERIMENT["shortcuts"]]
    return changed(**{"contenders": contenders, "shortcuts": shortcuts[1:], **entries})


def test_conclude__says_first_that_nothing_above_chance_is_shown() -> None:
    first, second, *rest = at_chance()
    assert first == (
        "Caveat: bigru is not shown to be better than chance, which gives a ROC AUC of 0.5: its "
        "own is 0.575 (95 % interval 0.458 to 0.694)."
    )
    assert second.startswith(
        "bigru, chosen of 2 models by validation loss, reaches a ROC AUC of 0."
    )
    assert not any("above chance" in text or "from chance" in text for text in rest)
    assert not any("shuffled sequences" in text for text in rest)
    contenders = copy.deepcopy(EXPERIMENT["contenders"])
    contenders[0]["intervals"]["roc_auc"] = None
    assert changed(contenders=contenders)[0].endswith("own is 0.950 (no interval is known).")


def test_conclude__names_a_feature_that_is_clearly_better_than_a_model_at_chance() -> None:
    entry = {"feature": "fixed positions", "roc_auc": 1.0, "detail": "...", "share": None}
    expected = (
        "Caveat: the fixed positions alone reach 1.000 (...), more than the model itself (0.575). "
        "Unless that is what the classes are about, the data have a shortcut."
    )
    assert expected in at_chance(shortcuts=[entry])
    assert at_chance(shortcuts=[{**entry, "roc_auc": 0.69}]) == at_chance()
    contenders = [contender("bigru", "model", 0.475), *EXPERIMENT["contenders"][1:]]
    contenders[0]["intervals"]["roc_auc"] = [0.4, 0.55]
    weak = at_chance(contenders=contenders, shortcuts=[{**entry, "roc_auc": 0.56}])
    assert not any("fixed positions" in text for text in weak)


def test_conclude__says_nothing_of_shuffled_sequences_where_their_fold_shows_nothing() -> None:
    controls = copy.deepcopy(EXPERIMENT["controls"])
    controls[1] |= {
        "metrics": scores(0.559), "reference": scores(0.573), "reference_interval": [0.42, 0.71]
    }  # fmt: skip
    assert not any("shuffled sequences" in text for text in changed(controls=controls))
    controls[1] |= {"reference": scores(0.43), "reference_interval": [0.3, 0.49]}
    assert not any("shuffled sequences" in text for text in changed(controls=controls))


def test_conclude__says_that_shuffled_sequences_may_lose_nothing() -> None:
    controls = copy.deepcopy(EXPERIMENT["controls"])
    controls[1]["metrics"] = scores(0.96)
    expected = "it still reaches 0.960 of 0.950: all of what it does above chance does not need"
    assert any(expected in text for text in changed(controls=controls))


def test_conclude__says_when_no_loss_could_choose() -> None:
    expected = (
        "bigru, the first of 2 models by name, as not all have a validation loss, reaches a ROC"
    )
    assert changed(chosen_by=None)[0].startswith(expected)


def test_conclude__does_without_what_is_not_there() -> None:
    (only,) = changed(
        contenders=[contender("bigru", "model", None)],
        comparisons=[], controls=[], seeds={}, learning_curve={}, n_groups=None, homology=None,
        n_folds=1, split={"folds": 1, "repeats": 1},
    )  # fmt: skip
    assert only == "bigru reaches an accuracy of 0.900 on one test set."


def test_conclude__judges_more_data_by_what_seeds_differ() -> None:
    curve = copy.deepcopy(EXPERIMENT["learning_curve"])
    curve["bigru"][0]["metrics"]["roc_auc"] = 0.935  # of seeds that reach 0.94 and 0.96
    assert changed(learning_curve=curve)[-1].endswith("whether more data would help is open.")


def test_conclude__does_not_call_repeats_folds_that_test_once() -> None:
    expected = "on 2 folds, divided anew 3 times, that test every sequence 3 times, all predictions"
    assert expected in changed(n_folds=6, split={"folds": 2, "repeats": 3})[0]
