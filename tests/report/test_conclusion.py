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
        {"a": "bigru", "b": "kmer_logistic", "metric": "roc_auc", "score_a": 0.95, "score_b": 0.91,
         "p_holm": 0.01234, "verdict": "a is better"},
    ],
    "shortcuts": [
        {"feature": "length", "roc_auc": 0.7, "detail": "...", "share": 0.44},
        {"feature": "composition", "roc_auc": 0.6, "detail": "...", "share": 0.22},
    ],
    "controls": [
        {"of": "bigru", "kind": "shuffled_labels", "kept": None,
         "metrics": {**scores(0.8), "log_loss": 0.68},
         "reference": scores(0.95), "class_shares": 0.69},
        {"of": "bigru", "kind": "shuffled_sequences", "kept": "residues", "metrics": scores(0.6),
         "reference": scores(0.95)},
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
once.
It is better than every baseline; of these kmer_logistic (logistic regression on words of up to 6 \
nucleotides or 3 residues) reaches in the mean of the folds a ROC AUC of 0.910 (corrected p \
0.012), the highest.
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


def test_conclude__warns_of_relatives_and_controls() -> None:
    assert "Caveat: 50 % of the sequences are homologous" in changed(n_groups=None)[2]
    assert not any("homologous" in text for text in changed(n_groups=None, homology=None))
    controls = copy.deepcopy(EXPERIMENT["controls"])
    controls[0]["metrics"]["log_loss"], controls[1]["metrics"]["roc_auc"] = 0.45, 0.86
    texts = changed(controls=controls)
    assert texts[3].startswith(
        "Caveat: trained on shuffled labels it still predicts (log loss 0.45"
    )
    assert "it still reaches 0.860 of 0.950: 80 % of what it does above chance does not" in texts[4]


def test_conclude__warns_of_a_feature_that_explains_most_of_the_model() -> None:
    detail = "M at place 1: 90.0 % in a, 10.0 % in b"
    entry = {"feature": "first letters", "roc_auc": 0.9, "detail": detail, "share": 0.889}
    said = changed(shortcuts=[*EXPERIMENT["shortcuts"], entry])
    assert said[2] == (
        "Caveat: the first letters alone reach 0.900 (M at place 1: 90.0 % in a, 10.0 % in b), "
        "89 % of the way from chance to the model. Unless that is what the classes are about, the "
        "data have a shortcut."
    )
    better = changed(shortcuts=[{**entry, "feature": "length", "share": 1.2}])
    assert "the length alone reaches 0.900" in better[2]
    assert "100 % of the way" in better[2]
    assert changed(shortcuts=[{**entry, "share": None}]) == changed()


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
    assert changed(learning_curve=curve)[-1].endswith("more data of this kind would hardly help.")


def test_conclude__does_not_call_repeats_folds_that_test_once() -> None:
    expected = "on 2 folds, divided anew 3 times, that test every sequence 3 times."
    assert changed(n_folds=6, split={"folds": 2, "repeats": 3})[0].endswith(expected)
