from __future__ import annotations

from dataclasses import replace

import pytest

from fastgru.report.dome import UNKNOWN, answer
from fastgru.report.model_views import view_models
from fastgru.report.reading import Experiment, find_experiments
from fastgru.report.results import read_audit


@pytest.fixture(scope="module")
def prepared(experiments):
    (experiment,) = find_experiments([experiments / "splice"])
    return experiment, read_audit(experiment.folder), view_models(experiment, "a")


def answers_for(prepared, **changes):
    experiment, audit, models = prepared
    return answer(Experiment(experiment.folder, {**experiment.content, **changes}), audit, models)


def test_answer__has_the_parts_of_the_recommendations(prepared):
    parts = {part: list(answers) for part, answers in answers_for(prepared).items()}
    assert parts == {
        "Data": ["Provenance", "Size and parts", "Redundancy", "Availability"],
        "Optimisation": [
            *("Algorithm", "Meta-predictions", "Encoding", "Parameters"),
            *("Features", "Fitting", "Regularisation", "Availability"),
        ],
        "Model": ["Interpretability", "Output", "Execution time", "Availability"],
        "Evaluation": [
            *("Method", "Performance measures", "Comparison", "Confidence", "Availability"),
        ],
    }


def test_answer__is_filled_from_what_was_run(prepared):
    experiment, audit, (model, *_) = prepared
    answers = answers_for(prepared)
    data = answers["Data"]
    assert "records.fa.gz (SHA-256 000000000000…)" in data["Provenance"]
    assert "EI 40, of which" in data["Size and parts"]
    tested = "Tested on 2 folds that test every sequence once"
    first = experiment.best["folds"][0]
    counts = [first[f"n_{part}"] for part in ("train", "validation", "test")]
    parts = "{} sequences to learn from, {} to stop by and {} to test with.".format(*counts)
    assert f"{tested}; in fold 1 {parts}" in data["Size and parts"]
    assert audit["content_sha256"] in data["Availability"]
    optimisation = answers["Optimisation"]
    assert (
        "hidden_size 1, num_layers 1, bidirectional no, pooling last" in optimisation["Algorithm"]
    )
    assert optimisation["Regularisation"] == "Early stopping, dropout 0.0, weight_decay 0.01."
    assert f"{model.n_weights / counts[0]:.1f} learned numbers per" in optimisation["Fitting"]
    assert "chose the epoch (12 and 12)" in optimisation["Fitting"]
    assert "bigru on shuffled labels" in optimisation["Fitting"]
    evaluation = answers["Evaluation"]
    assert f"{tested}. " in evaluation["Method"]
    assert "the choice is not wholly independent of the test seq" in evaluation["Method"]
    assert "kmer_logistic and majority, on the same parts" in evaluation["Comparison"]
    expected = "t test over folds, corrected by Holm's rule within each score and test."
    assert expected in evaluation["Comparison"]
    assert "bootstrap over records" in evaluation["Confidence"]
    assert "Over 3 seeds" in evaluation["Confidence"]
    assert "divided by a fitted temperature" in answers["Model"]["Output"]


def test_answer__describes_the_network_that_was_trained(prepared):
    experiment, audit, (model, *others) = prepared
    changes = {"cell": "lstm", "conv_channels": [6], "reverse_complement": "average"}
    training = model.card["training"]
    card = {
        **model.card,
        "architecture": {**model.card["architecture"], **changes},
        "training": {**training, "parameters": {**training["parameters"], **changes}},
    }
    changed = (experiment, audit, [replace(model, card=card), *others])
    before, after = (answers_for(given)["Optimisation"] for given in (prepared, changed))
    assert before["Algorithm"].startswith("bigru: a gated recurrent unit (GRU) over the letters (h")
    assert after["Algorithm"] == (
        "bigru: a long short-term memory (LSTM) over 1 convolutional layer over the letters "
        "(conv_channels 6, hidden_size 1, num_layers 1, bidirectional no, pooling last), a linear "
        "layer (averaged over both strands) and softmax. Cross-entropy, minimised by AdamW. A "
        "standard method."
    )
    assert "convolutional" not in before["Encoding"]
    assert "they stand for, then 1 convolutional layer; embedding_size 1" in after["Encoding"]


def test_answer__does_not_make_up_what_nobody_told_it(prepared):
    data = answers_for(prepared)["Data"]
    assert data["Provenance"].endswith(UNKNOWN)
    assert data["Availability"].endswith(UNKNOWN)


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (
            {"method": "homology", "identity": 0.4, "coverage": 0.8},
            "Similar sequences (from 40 % identity and 80 % coverage) stand together",
        ),
        ({"method": "group"}, "Sequences of one given group stand on one side"),
        ({"method": "random"}, "similar ones may be, and scores on related sequences"),
        ({"method": "given"}, "The parts were given with the labels"),
        ({"method": None}, "How the parts were made is not recorded"),
    ],
)
def test_answer__says_how_parts_were_made(prepared, split, words):
    split = {"identity": None, "coverage": None, "folds": 2, "repeats": 1, **split}
    answers = answers_for(prepared, split=split, n_groups=17)
    for text in (answers["Data"]["Redundancy"], answers["Evaluation"]["Method"]):
        assert words in text


def test_answer__says_what_was_not_done(prepared):
    split = {**prepared[0].content["split"], "folds": 1}
    empty = {"seeds": {}, "controls": [], "comparisons": []}
    answers = answers_for(prepared, **empty, n_folds=1, split=split)
    assert "One seed was trained" in answers["Evaluation"]["Confidence"]
    assert "No control on shuffled labels" in answers["Optimisation"]["Fitting"]
    assert "Tested on one test set. " in answers["Evaluation"]["Method"]
    assert "by its loss on validation sequences, which are not" in answers["Evaluation"]["Method"]
    assert "Holm" not in answers["Evaluation"]["Comparison"]
