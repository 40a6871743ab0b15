from __future__ import annotations

import copy

import pytest

from fastgru.report.reading import Experiment, find_experiments
from fastgru.report.score_figures import (
    band_picture,
    contender_picture,
    share_picture,
    spread_picture,
)


@pytest.fixture
def experiment(single_model):
    (found,) = find_experiments([single_model])
    return Experiment(found.folder, copy.deepcopy(found.content))


def test_contender_picture__tells_every_score_and_interval(experiment):
    picture = contender_picture(experiment)
    for row in experiment.scored:
        low, high = row["intervals"]["mcc"]
        said = f"{row['name']} {row['pooled']['mcc']:.3f} ({low:.3f} to {high:.3f})"
        assert said in picture.alt
        assert f"<title>{said}</title>" in picture.svg
    assert "bigru on shuffled labels" in picture.alt
    assert [entry.label for entry in picture.legend][-1] == "95 % interval"


def test_contender_picture__leaves_out_what_is_not_defined(experiment):
    experiment.best["pooled"]["mcc"] = None
    experiment.content["controls"] = []
    picture = contender_picture(experiment)
    assert "bigru" not in picture.alt
    assert [entry.label for entry in picture.legend] == ["baseline", "95 % interval"]


def test_spread_picture__has_a_point_for_each_fold_and_seed(experiment):
    picture = spread_picture(experiment)
    for fold in experiment.best["folds"]:
        text = f"bigru, fold {fold['fold']}: {fold['metrics']['mcc']:.3f}"
        assert text in picture.alt
        assert f"<title>{text}</title>" in picture.svg
    assert "bigru, seed 3: " in picture.alt
    experiment.content["seeds"] = {}
    assert [entry.label for entry in spread_picture(experiment).legend] == ["one fold"]


def test_share_picture__has_a_point_for_each_size(experiment):
    picture = share_picture(experiment)
    for row in experiment.content["learning_curve"]["bigru"]:
        text = f"{row['n_train']} training sequences: {row['metrics']['mcc']:.3f}"
        assert text in picture.alt
        assert text in picture.svg


def test_share_picture__skips_a_size_without_a_score(experiment):
    experiment.content["learning_curve"]["bigru"][0]["metrics"]["mcc"] = None
    picture = share_picture(experiment)
    assert picture.svg.count("<title>") == 2


def test_band_picture__has_a_point_for_each_band_and_contender(experiment):
    bands = experiment.content["bands"]
    bands[0]["metrics"]["bigru"]["mcc"] = None
    del bands[1]["metrics"]["majority"]
    picture = band_picture("By identity", "Identity", bands, "mcc")
    assert picture.svg.count("<title>") == 3 * len(experiment.scored) - 2
    value = bands[2]["metrics"]["bigru"]["mcc"]
    assert f"bigru, above 60 %: {value:.3f}" in picture.alt


def test_figures__write_shares_as_percentages(experiment):
    alone = Experiment(experiment.folder, {**experiment.content, "comparisons": []})
    picture = contender_picture(alone)
    accuracy = alone.best["pooled"]["accuracy"]
    assert f"bigru {100 * accuracy:.1f}\N{NO-BREAK SPACE}% (" in picture.alt
    assert picture.title == "Accuracy of all contenders"
