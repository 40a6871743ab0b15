"""Experiments of every task: gathered, put into words and tables, and shown on one page."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from fastgru.errors import FastgruError
from fastgru.report.experiment import gather_experiment
from fastgru.report.multiqc import write_multiqc
from fastgru.report.page import render_page
from fastgru.report.reading import find_experiments
from fastgru.report.results import KEYS
from fastgru.report.scored_runs import read_scored_run
from fastgru.report.summary import summary_columns, summary_rows, write_summary
from fastgru.report.tasks import find_task
from fastgru.report.wording import LABELS, phrase
from tests.report.experiment_files import write_experiment
from tests.report.results_files import read_rows, write_json, write_rows
from tests.report.task_files import BASELINES, TASKS, write_task_experiment
from tests.report.test_page import Outline

DECIDING = {
    "multilabel": "roc_auc_macro",
    "regression": "r2",
    "tagging": "f1_macro",
    "language_model": "bits_per_letter",
    "translation": "written_token_accuracy",
}


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Experiments of all tasks but classification, gathered.  Read only."""
    folder = tmp_path_factory.mktemp("tasks") / "results"
    for task in TASKS:
        write_task_experiment(folder / task, task)
        write_json(
            folder / task / "experiment.json", gather_experiment(folder / task, n_resamples=60)
        )
    return folder


def read(gathered: Path, task: str) -> dict:
    return json.loads((gathered / task / "experiment.json").read_text(encoding="utf-8"))


def entry(experiment: dict, name: str) -> dict:
    return next(row for row in experiment["contenders"] if row["name"] == name)


def test_tasks__are_those_that_files_may_be_of() -> None:
    assert set(KEYS) == {"classification", *TASKS}
    for name in KEYS:
        task = find_task(name)
        assert task.name == name
        assert set(task.compared) | set(task.headline) | set(task.with_interval) <= set(task.scores)
        assert set(task.scores) <= set(LABELS)
        assert all("0.5" in phrase(metric, "0.5") for metric in (task.deciding, *task.headline))


@pytest.mark.parametrize("task", TASKS)
def test_gather__pools_folds_as_those_of_classes(gathered, task) -> None:
    experiment, metric = read(gathered, task), DECIDING[task]
    assert (experiment["task"], experiment["best"]) == (task, "gru")
    assert experiment["chosen_by"] == "validation_loss"
    best = entry(experiment, "gru")
    runs = [
        read_scored_run(gathered / task / f"fold{fold}/gru/seed1").predictions for fold in (1, 2)
    ]
    assert best["pooled"] == type(runs[0]).pool(runs).scores()
    folds = [run.scores()[metric] for run in runs]
    assert [fold["metrics"][metric] for fold in best["folds"]] == folds
    assert best["mean"][metric] == pytest.approx(np.mean(folds))
    assert best["sd"][metric] == pytest.approx(np.std(folds, ddof=1))
    low, high = best["intervals"][metric]
    assert low <= best["pooled"][metric] <= high
    assert best["resampled"] == "records"
    assert sum(band["n"] for band in experiment["lengths"]) == 80


@pytest.mark.parametrize("task", TASKS)
def test_gather__compares_the_best_model_with_all_others(gathered, task) -> None:
    experiment, metric = read(gathered, task), DECIDING[task]
    rows = [row for row in experiment["comparisons"] if row["metric"] == metric]
    own = {"language_model": {"markov_0", "markov_1", "markov_2"}}
    own |= {"translation": {"letter_by_letter"}}
    assert {row["b"] for row in rows} == {"small", *BASELINES[task], *own.get(task, set())}
    small = next(row for row in rows if row["b"] == "small")
    assert (small["difference"] > 0) == (metric != "bits_per_letter")
    assert small["method"] == "corrected resampled t test over folds"


@pytest.mark.parametrize("task", TASKS)
def test_gather__pairs_the_records_of_one_fold_over_groups(tmp_path, task) -> None:
    folder = write_task_experiment(tmp_path / "data", task, n_folds=1, groups=True)
    experiment = gather_experiment(folder, n_resamples=200)
    assert experiment["n_groups"] == 10
    rows = [row for row in experiment["comparisons"] if row["metric"] == DECIDING[task]]
    assert {row["method"] for row in rows} == {"paired bootstrap over groups"}
    small = next(row for row in rows if row["b"] == "small")
    assert small["low"] <= small["difference"] <= small["high"]
    assert small["verdict"] == "a is better"
    assert entry(experiment, "gru")["resampled"] == "groups"


def test_gather__says_what_chance_is(gathered) -> None:
    chances = {task: read(gathered, task)["chance"] for task in TASKS}
    assert chances == {
        "multilabel": 0.5,
        "regression": 0,
        "tagging": pytest.approx(1 / 3),
        "language_model": None,
        "translation": None,
    }


def test_gather__keeps_the_scores_of_each_label_target_and_class(gathered) -> None:
    for task, names, score in (
        ("multilabel", {"first", "second"}, "pr_auc"),
        ("regression", {"first", "second"}, "rmse"),
        ("tagging", {"C", "E", "H"}, "sov"),
    ):
        parts = entry(read(gathered, task), "gru")["parts"]
        assert set(parts) == names
        for part in parts.values():
            low, high = part["intervals"][score]
            assert low <= part["metrics"][score] <= high
    assert entry(read(gathered, "translation"), "gru")["parts"] == {}


def test_gather__sets_trivial_features_beside_the_score_of_their_target(gathered) -> None:
    experiment = read(gathered, "multilabel")
    first, second = experiment["target_shortcuts"]
    own = entry(experiment, "gru")["parts"]["first"]["metrics"]["roc_auc"]
    assert first["share"] == pytest.approx((0.97 - 0.5) / (own - 0.5))
    assert second["share"] < 0.2
    said = [text for text in experiment["conclusion"] if "the length alone reaches" in text]
    assert len(said) == 1
    assert "a ROC AUC of 0.970 for first (9 and 3 letters)" in said[0]
    assert not any("alone" in text for text in read(gathered, "regression")["conclusion"])


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("multilabel", "gru, chosen of 2 models by validation loss, reaches a macro ROC AUC of"),
        ("regression", "reaches an R\N{SUPERSCRIPT TWO} of"),
        ("regression", "Trained on shuffled labels it learns next to nothing, as it should (an"),
        ("regression", "With 90 instead of 90 training sequences"),
        ("tagging", "shuffled sequences, with their dinucleotides kept, it still reaches"),
        ("multilabel", "On shuffled sequences, with their dinucleotides kept, it falls from"),
        ("regression", "On shuffled sequences, with their dinucleotides kept, it falls from"),
        ("tagging", "2 seeds reach"),
        ("language_model", "bits per letter (95 % interval"),
        ("language_model", "(counts of letters behind the 2 letters before) reaches"),
        ("language_model", "it reads the order of the letters."),
        ("translation", "letter_by_letter (the commonest token of training for the letter"),
        ("translation", "Trained on shuffled labels it reaches an accuracy as written of"),
    ],
)
def test_conclusion__has_the_words_of_the_task(gathered, task, words) -> None:
    assert any(words in text for text in read(gathered, task)["conclusion"])


def test_conclusion__calls_no_model_better_than_a_markov_model_that_needs_fewer_bits(
    tmp_path,
) -> None:
    folder = write_task_experiment(tmp_path / "data", "language_model", n_folds=1)
    for path in (folder / "fold1").glob("*/*/predictions.tsv"):
        rows = read_rows(path)
        better = [{**row, "markov_2": float(row["markov_2"]) / 2} for row in rows]
        write_rows(path, [list(rows[0]), *([*row.values()] for row in better)])
    experiment = gather_experiment(folder, n_resamples=200)
    assert any(
        text.startswith("Caveat: a baseline is better: markov_2")
        for text in experiment["conclusion"]
    )


def test_conclusion__warns_of_a_control_that_does_not_fail(tmp_path) -> None:
    folder = write_task_experiment(tmp_path / "data", "multilabel", n_folds=1)
    control, own = (folder / f"fold1/gru/{name}" for name in ("shuffled_labels", "seed1"))
    for name in ("metrics.json", "predictions.tsv"):
        (control / name).write_bytes((own / name).read_bytes())
    sentences = gather_experiment(folder, n_resamples=50)["conclusion"]
    assert any("trained on shuffled labels it still predicts" in text for text in sentences)


def test_conclusion__says_when_a_model_is_not_above_chance(tmp_path) -> None:
    folder = write_task_experiment(tmp_path / "data", "regression", n_folds=1)
    for name in ("gru", "small"):
        path = folder / f"fold1/{name}/seed1/predictions.tsv"
        rows = read_rows(path)
        moved = [
            {**row, "first": rows[k - 1]["first"], "second": rows[k - 1]["second"]}
            for k, row in enumerate(rows)
        ]
        write_rows(path, [list(rows[0]), *([*row.values()] for row in moved)])
    first = gather_experiment(folder, n_resamples=50)["conclusion"][0]
    assert first.startswith("Caveat: gru is not shown to be better than chance, which gives an R")


def test_gather__refuses_runs_of_two_tasks(tmp_path) -> None:
    folder = write_task_experiment(tmp_path / "data", "regression", n_folds=1)
    other = write_task_experiment(tmp_path / "other", "multilabel", n_folds=1)
    for name in ("metrics.json", "predictions.tsv"):
        text = (other / "fold1/small/seed1" / name).read_bytes()
        (folder / "fold1/small/seed1" / name).write_bytes(text)
    with pytest.raises(FastgruError, match="was not tested on the records, labels and classes of"):
        gather_experiment(folder, n_resamples=20)


def test_read_scored_run__refuses_an_unknown_task_and_bad_cells(tmp_path) -> None:
    folder = write_task_experiment(tmp_path / "data", "tagging", n_folds=1) / "fold1/gru/seed1"
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    write_json(folder / "metrics.json", {**metrics, "task": "folding"})
    with pytest.raises(FastgruError, match=r"the task is 'folding', expected one of .* Use one"):
        read_scored_run(folder)
    write_json(folder / "metrics.json", metrics)
    rows = read_rows(folder / "predictions.tsv")
    for cell, fault in (("X" * len(rows[0]["labels"]), "the label 'X'"), ("C", "1 labels")):
        changed = [{**rows[0], "labels": cell}, *rows[1:]]
        write_rows(
            folder / "predictions.tsv", [list(rows[0]), *([*row.values()] for row in changed)]
        )
        with pytest.raises(FastgruError, match=f"record 'f1r0': found {fault}, expected one of"):
            read_scored_run(folder)


def test_read_scored_run__refuses_a_cell_that_is_no_number(tmp_path) -> None:
    folder = write_task_experiment(tmp_path / "data", "regression", n_folds=1) / "fold1/gru/seed1"
    path = folder / "predictions.tsv"
    rows = read_rows(path)
    rows[3]["true_first"] = "much"
    write_rows(path, [list(rows[0]), *([*row.values()] for row in rows)])
    with pytest.raises(FastgruError, match=r"record 'f1r3': .*'much', expected numbers"):
        read_scored_run(folder)


def test_summary__has_the_columns_of_all_tasks(gathered) -> None:
    contents = [read(gathered, task) for task in ("regression", "language_model")]
    stream = io.StringIO()
    write_summary(contents, stream)
    header, *lines = (line.split("\t") for line in stream.getvalue().splitlines())
    assert header == summary_columns(["regression", "language_model"])
    assert header[:4] == ["dataset", "name", "kind", "task"]
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    by_name = {(row["dataset"], row["name"]): row for row in rows}
    best = by_name["regression", "gru"]
    assert best["verdict"] == "the best model"
    assert float(best["r2_low"]) <= float(best["r2"]) <= float(best["r2_high"])
    assert best["bits_per_letter"] == best["rmse"] == "NA"
    markov = by_name["language_model", "markov_0"]
    assert (markov["kind"], markov["r2"]) == ("baseline", "NA")
    assert float(markov["bits_per_letter"]) > 1
    assert len(list(summary_rows(contents))) == len(rows)


@pytest.fixture(scope="module")
def page(gathered, tmp_path_factory) -> str:
    """A page with every task."""
    folder = tmp_path_factory.mktemp("classes") / "peptides"
    write_experiment(folder, ["AMP", "UniProt"], alphabet="protein", n_folds=1)
    return render_page(find_experiments([gathered, folder]))


def test_render_page__shows_all_tasks_on_one_page(page) -> None:
    outline = Outline(page)
    assert "Sequence models: results" in outline.words
    assert len(set(outline.ids)) == len(outline.ids)
    assert {"contenders", "contenders-2", "contenders-6"} <= set(outline.ids)
    titles = [
        "first: predicted and measured",
        "second: residuals",
        "Segments of sequences from the worst to the best",
        "Each label",
        "Each sequence beside the best Markov model",
        "Right letters by place",
        "Right tokens beside the baseline",
        "Precision and recall (average precision)",
    ]
    for title in titles:
        assert title in outline.words
    assert all(len(image["aria-label"]) > 40 for image in outline.images)


def test_render_page__describes_what_is_predicted(page) -> None:
    words = Outline(page).words
    for text in (
        "with 2 targets to predict (first and second)",
        "with or without each of 2 labels (first and second)",
        "each letter of one of 3 labels (C, E and H)",
        "of which each letter is predicted from those before",
        "each with its translation",
        "Target Known Missing Smallest Median Largest first 80 0 0.5 4.25 9",
        "Label Known Missing With it first 80 2 31",
        "not known 7",
        "letters of a translation 4 8.5 12",
    ):
        assert text in words


def test_render_page__shows_scores_by_target_and_class(page, gathered) -> None:
    words = Outline(page).words
    part = entry(read(gathered, "regression"), "gru")["parts"]["second"]
    low, high = part["intervals"]["r2"]
    assert f"second {part['metrics']['r2']:.3f} {low:.3f} to {high:.3f}" in words
    part = entry(read(gathered, "tagging"), "gru")["parts"]["H"]
    assert f"H {part['metrics']['f1']:.3f}" in words


def test_render_page__answers_dome_with_what_is_true_of_the_task(page) -> None:
    words = Outline(page).words
    for text in (
        "Mean squared error, minimised by AdamW.",
        "Cross-entropy of the next letter, minimised by AdamW.",
        "Regression: a number for each of first and second",
        "A label of C, E and H for each letter, the likeliest of each.",
        "The probability of each letter behind those before it.",
        "Another sequence, token by token until its end.",
        "The epoch comes from the validation sequences of their fold.",
        "80 records: of which 80 were used.",
    ):
        assert text in words
    assert words.count("Classification: a probability of each of") == 1


def test_render_page__leaves_out_scores_that_no_contender_has(page) -> None:
    # of several targets there is no one unit
    begin = page.index("<h3>Numbers</h3>")
    head = page[begin : page.index("</thead>", begin)]
    assert "Pearson" in head
    assert "RMSE" not in head


def test_multiqc__has_the_scores_of_every_task(gathered, tmp_path) -> None:
    write_multiqc(find_experiments([gathered]), tmp_path / "mqc")
    best = json.loads((tmp_path / "mqc/fastgru_best_mqc.json").read_text(encoding="utf-8"))
    assert set(best["data"]) == set(TASKS)
    assert set(best["headers"]) == set(DECIDING.values())
    assert best["headers"]["bits_per_letter"]["scale"] == "Reds"
    assert "max" not in best["headers"]["bits_per_letter"]
    assert "Sequence models trained" in (tmp_path / "mqc/fastgru_scores_mqc.json").read_text()


def test_find_experiments__refuses_an_unknown_task_and_missing_scores(gathered, tmp_path) -> None:
    content = read(gathered, "regression")
    path = tmp_path / "experiment.json"
    write_json(path, {**content, "task": "folding"})
    with pytest.raises(FastgruError, match="task is 'folding', not one of"):
        find_experiments([path])
    write_json(path, {**content, "targets": "first"})
    with pytest.raises(FastgruError, match="targets is 'first', not a list"):
        find_experiments([path])
