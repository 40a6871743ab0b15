from __future__ import annotations

import copy

import pytest

from fastgru.report.reading import Experiment, find_experiments
from fastgru.report.verdicts import contenders, plain_words


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
    assert verdicts["bigru"] == ("the model chosen by its validation loss", "best")
    assert verdicts["wide"] == ("worse than bigru (p < 0.001)", "worse")
    expected = ("as good as bigru: no difference shown (p = 0.400)", "equal")
    assert verdicts["kmer_logistic"] == expected
    expected = ("not applicable: the sequences are of different lengths", "none")
    assert verdicts["onehot_logistic"] == expected
    assert verdicts["bigru on shuffled labels"][0].startswith("has to fail: MCC is ")


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


def test_plain_words__say_when_a_baseline_is_as_good(experiment):
    (words,) = plain_words(experiment)
    row = experiment.comparison("kmer_logistic")
    assert words.startswith(f"A baseline is as good as bigru ({row['score_a']:.3f}): kmer_logistic")
    assert f"MCC {row['score_b']:.3f}" in words
    row["verdict"] = "b is better"
    (words,) = plain_words(experiment)
    assert words.startswith("A baseline is better than bigru")


def test_plain_words__are_silent_where_the_model_is_better(experiment):
    experiment.comparison("kmer_logistic")["verdict"] = "a is better"
    experiment.comparison("wide")["verdict"] = "no difference shown"  # a model, not a baseline
    assert plain_words(experiment) == []
