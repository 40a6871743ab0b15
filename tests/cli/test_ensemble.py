from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fastgru import SequenceClassifier
from fastgru.models.model_file import read_model


@pytest.fixture(scope="module")
def models(work, tmp_path_factory) -> list[Path]:
    """Two of other seeds, the second also of other labels."""
    from fastgru.cli import main

    folder = tmp_path_factory.mktemp("models")
    paths = [folder / "1.safetensors", folder / "2.safetensors"]
    for seed, path in enumerate(paths, start=1):
        words = ["train", "-q", work.fasta, "--labels", work.labels, "--split", work.split]
        words += ["--max-epochs", 1, "--hidden-size", 4, "-t", 1, "--seed", seed, "-o", path]
        assert main([str(word) for word in words]) == 0
    return paths


@pytest.fixture
def ensemble(models, run_cli, tmp_path: Path) -> Path:
    code, out, err = run_cli(["ensemble", *models, "-o", tmp_path / "e.safetensors"])
    assert (code, out) == (0, "")
    assert "2 networks averaged, " in err
    assert "warning" not in err
    return tmp_path / "e.safetensors"


def test_ensemble__averages_and_knows_where_its_members_come_from(models, ensemble, work) -> None:
    rows = [SequenceClassifier.load(path).predict_proba(work.sequences) for path in models]
    found = SequenceClassifier.load(ensemble).predict_proba(work.sequences)
    assert found.tobytes() == ((rows[0] + rows[1]) / 2).tobytes()
    assert read_model(ensemble).card["data"] == read_model(models[0]).card["data"]


def test_ensemble__says_of_data_and_use_what_holds_for_all_models(
    models, work, run_cli, quick, tmp_path
) -> None:
    words = ["train", work.fasta, "--labels", work.labels, "--license", "CC0-1.0", *quick]
    run_cli([*words, "--intended-use", "Tests.", "-o", tmp_path / "a"])
    run_cli([*words, "--seed", 5, "-o", tmp_path / "b"])
    run_cli(["ensemble", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "joined"])
    card = read_model(tmp_path / "joined").card
    assert card["license"] == "CC0-1.0"
    assert "intended_use" not in card
    run_cli(["ensemble", tmp_path / "a", models[0], "-o", tmp_path / "unlike"])
    card = read_model(tmp_path / "unlike").card
    assert "license" not in card
    assert "split" not in card["data"]  # one has one, the other has not


def test_ensemble__refuses_the_same_network_twice(models, ensemble, run_cli, tmp_path) -> None:
    for twice in ([models[0], models[0]], [ensemble, models[1]]):
        code, _, err = run_cli(["ensemble", *twice, "-o", tmp_path / "twice"])
        assert code == 2
        assert f"{twice[1]}: holds the same network as {twice[0]}, expected networks that" in err
    assert not (tmp_path / "twice").exists()


def test_ensemble__warns_of_members_with_different_training_sequences(
    models, work, run_cli, quick, tmp_path
) -> None:
    rows = work.split.read_text(encoding="utf-8").splitlines()
    swap = {"train": "test", "test": "train", "validation": "validation", "split": "split"}
    swapped = ["\t".join([*row.split("\t")[:-1], swap[row.split("\t")[-1]]]) for row in rows]
    (tmp_path / "other.tsv").write_text("\n".join(swapped), encoding="utf-8")
    words = [work.fasta, "--labels", work.labels, "--split"]
    run_cli(["train", *words, tmp_path / "other.tsv", *quick, "-o", tmp_path / "other"])
    joined = tmp_path / "joined"
    code, _, err = run_cli(["ensemble", models[0], tmp_path / "other", "-o", joined])
    assert code == 0
    assert "warning: the models were trained on different sequences, so what is new to one" in err
    _, out, err = run_cli(["evaluate", joined, *words, work.split, "--n-resamples", 10])
    assert json.loads(out)["n_seen"] == 24
    assert "has seen 24 of these 24 sequences" in err


def test_ensemble__gives_the_same_bytes_again(models, ensemble, run_cli, tmp_path) -> None:
    assert run_cli(["ensemble", *models, "-o", tmp_path / "again"]).code == 0
    assert (tmp_path / "again").read_bytes() == ensemble.read_bytes()
    code, _, err = run_cli(["ensemble", *models, "-o", ensemble])
    assert code == 1
    assert "--force" in err


def test_ensemble__predicts_with_every_option_that_needs_no_threshold_by_name(
    ensemble, work, run_cli
) -> None:
    words = ["predict", ensemble, work.fasta, "-t", 1]
    code, out, _ = run_cli(
        [*words, "--prevalence", 0.1, "--threshold", 0.4, "--abstain", "0.3,0.6"]
    )
    assert code == 0
    assert len(out.splitlines()) == 81
    code, out, err = run_cli([*words, "--threshold", "f1"])
    assert (code, out) == (2, "")
    assert "no thresholds in the model (those of single networks do not hold for the aver" in err


def test_ensemble__is_evaluated_as_any_model(ensemble, work, run_cli) -> None:
    words = [work.fasta, "--labels", work.labels, "--split", work.split, "--n-resamples", 10]
    code, out, err = run_cli(["evaluate", ensemble, *words])
    assert code == 0, err
    metrics = json.loads(out)
    assert metrics["temperature"] == 1
    assert metrics["thresholds"] == []
    assert metrics["uncalibrated"]["log_loss"] == pytest.approx(metrics["log_loss"])


def test_info__describes_every_network(ensemble, run_cli) -> None:
    code, out, _ = run_cli(["info", ensemble])
    assert code == 0
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert ["ensemble", "2 networks, whose probabilities are averaged"] in lines
    assert ["network", "1    random_state 1"] in lines
    assert ["network", "2    random_state 2"] in lines
    assert out.count("1 GRU layer of 4 units, both directions") == 2
    assert out.count("calibration  temperature ") == 2
    assert json.loads(run_cli(["info", "--json", ensemble]).out) == read_model(ensemble).card


def test_ensemble__of_a_control_is_a_control(models, work, run_cli, tmp_path: Path) -> None:
    words = ["train", "-q", work.fasta, "--labels", work.labels, "--split", work.split]
    words += ["--max-epochs", 1, "--hidden-size", 4, "-t", 1, "--shuffle-labels"]
    assert run_cli([*words, "-o", tmp_path / "control"]).code == 0
    assert run_cli(["ensemble", models[0], tmp_path / "control", "-o", tmp_path / "e"]).code == 0
    assert "CONTROL" in run_cli(["info", tmp_path / "e"]).out
    assert (
        "e was trained on shuffled labels" in run_cli(["predict", tmp_path / "e", work.fasta]).err
    )


def test_ensemble__refuses_what_it_cannot_join(models, run_cli, tmp_path: Path) -> None:
    output = ["-o", tmp_path / "e"]
    code, _, err = run_cli(["ensemble", models[0], *output])
    assert code == 2
    assert "ensemble: 1 model given, expected two or more. Train others with other seeds." in err
    other = SequenceClassifier(hidden_size=2, max_epochs=1, threads=1, random_state=0)
    other.fit(["ACGT", "AACC"] * 4, ["a", "b"] * 4).save(tmp_path / "other")
    code, _, err = run_cli(["ensemble", models[0], tmp_path / "other", *output])
    assert code == 1
    assert f"{tmp_path / 'other'}: has the classes 'a', 'b', expected 'no', 'yes' as " in err
    assert not (tmp_path / "e").exists()


def test_ensemble__refuses_bad_outputs(models, run_cli, tmp_path: Path) -> None:
    code, _, err = run_cli(["ensemble", *models, "-o", tmp_path / "e.safetensors.gz"])
    assert code == 2
    assert "model files are not compressed, expected a name such as ensemble.safetensors" in err
    code, _, err = run_cli(["ensemble", *models, "--force", "-o", models[1]])
    assert code == 2
    assert f"{models[1]}: is an input and would be overwritten" in err


def test_ensemble__is_better_than_most_of_its_members_on_planted_motifs(work, models) -> None:
    truth = np.array(work.truth) == "yes"

    def loss(path: Path) -> float:
        shares = SequenceClassifier.load(path).predict_proba(work.sequences)[:, 1]
        return float(-np.log(np.where(truth, shares, 1 - shares)).mean())

    from fastgru import average_models

    both = average_models([SequenceClassifier.load(path) for path in models])
    shares = both.predict_proba(work.sequences)[:, 1]
    mean_loss = -np.log(np.where(truth, shares, 1 - shares)).mean()
    # the logarithm is concave
    assert mean_loss < np.mean([loss(path) for path in models])
