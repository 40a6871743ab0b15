from __future__ import annotations

import copy
from typing import Any

import pytest

from fastgru.report.conclusion import conclude


def scores(auc: float | None) -> dict[str, float | None]:
    return {"roc_auc": auc, "accuracy": 0.9}


def contender(name: str, kind: str, auc: float | None) -> dict[str, Any]:
    intervals = {"roc_auc": [0.9, 0.97] if auc else None, "accuracy": [0.85, 0.93]}
    return {"name": name, "kind": kind, "pooled": scores(auc), "intervals": intervals}


EXPERIMENT: dict[str, Any] = {
    "best": "bigru",
    "n_folds": 5,
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
        {"a": "bigru", "b": "kmer_logistic", "metric": "roc_auc", "score_b": 0.91,
         "p_holm": 0.01234, "verdict": "a is better"},
    ],
    "controls": [
        {"of": "bigru", "kind": "shuffled_labels", "kept": None, "metrics": scores(0.52),
         "reference": scores(0.95)},
        {"of": "bigru", "kind": "shuffled_sequences", "kept": "residues", "metrics": scores(0.6),
         "reference": scores(0.95)},
        {"of": "small", "kind": "shuffled_labels", "kept": None, "metrics": scores(0.99),
         "reference": scores(0.95)},
    ],
    "seeds": {"bigru": [{"metrics": scores(0.94)}, {"metrics": scores(0.96)}]},
    "ensemble": {"bigru": scores(0.97)},
    "learning_curve": {
        "bigru": [
            {"n_train": 50, "metrics": scores(0.9)},
            {"n_train": 100, "metrics": scores(0.95)},
        ]
    },
}  # fmt: skip
EXPECTED = """\
bigru, chosen of 2 models by validation loss, reaches a ROC AUC of 0.950 (95 % interval 0.900 to \
0.970) and an accuracy of 0.900 (95 % interval 0.850 to 0.930) on 5 folds that test every sequence \
once.
It is better than every baseline; the strongest, kmer_logistic (logistic regression on words of up \
to 6 nucleotides or 3 residues), reaches 0.910 (corrected p 0.012).
Sequences of one group (50 groups) were never divided between training and test, and the intervals \
are over groups.
Trained on shuffled labels it is near chance, as it should be (0.520).
On shuffled sequences, with their residues kept, it falls to 0.600: it reads the order of the \
letters.
2 seeds reach 0.940 to 0.960 on the first fold, and 0.970 when their probabilities are averaged.
With 50 instead of 100 training sequences it reaches 0.900 instead of 0.950 on the first fold: \
more data would probably help."""


def changed(**entries: Any) -> list[str]:
    return conclude({**copy.deepcopy(EXPERIMENT), **entries})


def test_conclude__leads_with_model_score_and_interval() -> None:
    assert "\n".join(conclude(EXPERIMENT)) == EXPECTED


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("no difference shown", "A baseline is as good, as far as these data show: kmer_logistic"),
        ("b is better", "A baseline is better: kmer_logistic"),
        ("unknown", "Whether bigru is better than kmer_logistic"),
    ],
)
def test_conclude__says_plainly_what_a_baseline_does(verdict: str, expected: str) -> None:
    rows = copy.deepcopy(EXPERIMENT["comparisons"])
    rows[1]["verdict"] = verdict
    assert changed(comparisons=rows)[1].startswith(expected)


def test_conclude__warns_of_relatives_and_controls() -> None:
    assert "Caveat: 50% of the sequences are homologous" in changed(n_groups=None)[2]
    assert not any("homologous" in text for text in changed(n_groups=None, homology=None))
    controls = copy.deepcopy(EXPERIMENT["controls"])
    controls[0]["metrics"]["roc_auc"], controls[1]["metrics"]["roc_auc"] = 0.8, 0.9
    texts = changed(controls=controls)
    assert texts[3].startswith("Caveat: trained on shuffled labels it still reaches a ROC AUC of 0")
    assert "most of what it does needs composition alone" in texts[4]


def test_conclude__does_without_what_is_not_there() -> None:
    (only,) = changed(
        contenders=[contender("bigru", "model", None)],
        comparisons=[], controls=[], seeds={}, learning_curve={}, n_groups=None, homology=None,
        n_folds=1,
    )  # fmt: skip
    assert only == "bigru reaches an accuracy of 0.900 on one test set."
    curve = copy.deepcopy(EXPERIMENT["learning_curve"])
    curve["bigru"][0]["metrics"]["roc_auc"] = 0.949
    assert changed(learning_curve=curve)[-1].endswith("more data of this kind would hardly help.")
