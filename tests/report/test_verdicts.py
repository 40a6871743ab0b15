from __future__ import annotations

import copy

import pytest

from fastgru.report.reading import Experiment, find_experiments
from fastgru.report.verdicts import contenders


@pytest.fixture
def experiment(experiments):
    (found,) = find_experiments([experiments / "splice"])
    return Experiment(found.folder, copy.deepcopy(found.content))


def said(experiment):
    return {
        row.name: (row.verdict.replace("\N{NO-BREAK SPACE}", " "), row.level)
        for row in contenders(experiment)
    }


def test_contenders__say_how_each_compares_with_the_best(experiment):
    verdicts = said(experiment)
    assert verdicts["bigru"] == ("chosen of 2 models by validation loss", "best")
    assert verdicts["wide"] == ("worse than bigru (p < 0.001)", "worse")
    expected = ("as good as bigru (no difference shown, p = 0.400)", "equal")
    assert verdicts["kmer_logistic"] == expected
    far = experiment.comparison("kmer_logistic")
    far["score_b"] = far["score_a"] - 0.05
    expected = ("not shown to be worse than bigru (no difference shown, p = 0.400)", "none")
    assert said(experiment)["kmer_logistic"] == expected
    far["score_b"] = far["score_a"] + 0.05
    expected = ("higher than bigru, but not shown to be better (p = 0.400)", "higher")
    assert said(experiment)["kmer_logistic"] == expected
    expected = ("not applicable: the sequences are of different lengths", "none")
    assert verdicts["onehot_logistic"] == expected
    labels, sequences = (
        verdicts[f"bigru on shuffled {what}"][0] for what in ("labels", "sequences")
    )
    assert labels.startswith("has to fail: Log loss is ")
    assert labels.endswith(", 0.690 for the class shares")
    assert sequences.startswith("has to fail: MCC is ")


def test_contenders__say_when_another_is_better_or_nothing_is_known(experiment):
    rows = {row["b"]: row for row in experiment.content["comparisons"]}
    rows["kmer_logistic"]["verdict"] = "b is better"
    rows["majority"] |= {"verdict": "unknown", "p_holm": None}
    experiment.content["comparisons"].remove(rows["wide"])
    verdicts = said(experiment)
    assert verdicts["kmer_logistic"] == ("better than bigru (p = 0.400)", "equal")
    assert verdicts["majority"] == ("not compared with bigru", "none")
    assert verdicts["wide"] == ("not compared with bigru", "none")


def test_contenders__are_models_baselines_and_controls_with_their_scores(experiment):
    rows = contenders(experiment)
    kinds = [row.kind for row in rows]
    assert kinds == ["model"] * 2 + ["baseline"] * 3 + ["control"] * 2
    assert rows[0].scores == experiment.best["pooled"]
    assert rows[0].intervals == experiment.best["intervals"]
    assert set(rows[4].scores.values()) == {None}
    assert rows[5].scores == experiment.content["controls"][0]["metrics"]
