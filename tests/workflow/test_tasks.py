"""The workflow on a data set of each task: what it plans, refuses and writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fastgru.models.architecture import TASKS
from tests.report.results_files import read_rows
from tests.task_inputs import ALPHABETS, write_task
from tests.workflow.running import refusals_of, run_snakemake

COLUMNS = ("dataset", "task", "alphabet", "fasta", "class", "labels", "label_field", "target",
           "step_labels", "translations", "target_alphabet", "features")  # fmt: skip
CONFIG = """\
datasets: config/datasets.tsv
seed: 1
split: {method: random, folds: 1}
learning_curve: [0.5]
n_seeds: 2
models:
  tiny: {hidden_size: 4, embedding_size: 4, max_epochs: 2, batch_size: 16}
"""


def sheet_of(*rows: dict[str, str]) -> str:
    lines = [COLUMNS, *([row.get(name, "") for name in COLUMNS] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def write_project(folder: Path, sheet: str, config: str = CONFIG) -> Path:
    (folder / "config").mkdir(parents=True)
    (folder / "config/config.yaml").write_text(config)
    (folder / "config/datasets.tsv").write_text(sheet)
    return folder


def make_project(folder: Path, *tasks: str, config: str = CONFIG) -> Path:
    """Write a configuration with a data set for each task, called after it."""
    folder.mkdir(exist_ok=True)
    rows = [
        {"dataset": f"of_{task}", "task": task, "alphabet": ALPHABETS.get(task, "dna"),
         **write_task(folder, task)}
        for task in tasks
    ]  # fmt: skip
    return write_project(folder, sheet_of(*rows), config)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a dry run of all tasks prints."""
    project = make_project(tmp_path_factory.mktemp("all"), *TASKS)
    result = run_snakemake(project, "-n", "--printshellcmds")
    assert result.returncode == 0, result.stdout
    return result.stdout


COMMON = {
    "multilabel": "multilabel.fa --labels multilabel.tsv{target} --alphabet dna{task}",
    "regression": "regression.fa --labels regression.tsv{target} --alphabet dna{task}",
    "tagging": "tagging.fa --step-labels labels.fa --alphabet dna{task}",
    "language_model": "language_model.fa --alphabet dna{task}",
    "translation": "translation.fa --translations genes.fa --alphabet protein{task}",
}


@pytest.mark.parametrize("task", COMMON)
def test_workflow__names_the_data_in_the_words_of_the_task(task: str, planned: str) -> None:
    targets = {"multilabel": " --target some,many", "regression": " --target dose,half_life"}
    told = COMMON[task].format(target=targets.get(task, ""), task=f" --task {task}")
    known = COMMON[task].format(target="", task="")
    folder = f"results/of_{task}/fold1"
    assert f"fastgru audit {told}  --threads" in planned
    assert f"fastgru split {told} --method random" in planned
    assert f"fastgru train {told} --split {folder}/split.tsv --random-state 1" in planned
    model = f"{folder}/tiny/seed1/model.safetensors"
    assert f"fastgru evaluate {model} {known} --split {folder}/split.tsv --subset test" in planned


BASELINES = {
    "multilabel": "majority,length,composition,kmer_logistic,kmer_forest",
    "regression": "mean,length,composition,kmer_ridge",
    "tagging": "majority,window_logistic",
    "language_model": "''",
    "translation": "''",
}


@pytest.mark.parametrize("task", BASELINES)
def test_workflow__leaves_out_what_a_task_does_not_have(task: str, planned: str) -> None:
    shuffled = "" if task == "language_model" else "shuffled_labels,"
    expected = f"--baselines {BASELINES[task]} --variants seed1,seed2,train50,{shuffled}shuffled_s"
    assert f"fastgru experiment results/of_{task} --method random" in planned
    assert expected in re.search(rf"fastgru experiment results/of_{task} .*", planned)[0]
    for name in BASELINES[task].replace("''", "").split(","):
        assert (f"results/of_{task}/fold1/baselines/{name}/metrics.json" in planned) or not name
    assert f"results/of_{task}/fold1/tiny/ensemble" not in planned


def test_workflow__takes_the_table_of_a_tagger_for_the_split_alone(tmp_path: Path) -> None:
    row = {"dataset": "d", "task": "tagging", "alphabet": "dna", "labels": "table.tsv"}
    project = write_project(
        tmp_path,
        sheet_of({**row, **write_task(tmp_path, "tagging")}),
        CONFIG.replace("random", "group"),
    )
    (tmp_path / "table.tsv").write_text("id\tgroup\n")
    printed = run_snakemake(project, "-n", "--printshellcmds").stdout
    words = "tagging.fa --labels table.tsv --step-labels labels.fa --alphabet dna --task tagging"
    assert f"fastgru split {words} --method group" in printed
    assert f"fastgru audit {words} " in printed
    assert "fastgru train tagging.fa --step-labels labels.fa --alphabet dna --task" in printed


def make_featured(folder: Path, config: str = CONFIG) -> Path:
    """Write a data set without and one with features, both of classes."""
    row = {"alphabet": "dna", **write_task(folder, "classification")}
    featured = {**row, "dataset": "beside", "features": "conservation.npz"}
    (folder / featured["features"]).write_bytes(b"")
    return write_project(folder, sheet_of({**row, "dataset": "letters"}, featured), config)


def test_workflow__reads_features_where_a_model_does(tmp_path: Path) -> None:
    printed = run_snakemake(make_featured(tmp_path), "-n", "--printshellcmds").stdout
    letters = "classification.fa --labels classes.tsv"
    words = f"{letters} --features conservation.npz --alphabet dna --split"
    model = "results/beside/fold1/tiny/ensemble/model.safetensors"
    assert f"fastgru train {words} results/beside/fold1/split.tsv" in printed
    assert f"fastgru evaluate {model} {words} results/beside/fold1/split.tsv" in printed
    of_letters = re.findall(r"fastgru (?:audit|split|baseline \w+) .*", printed)
    assert {command.split()[1] for command in of_letters} == {"audit", "split", "baseline"}
    assert not [command for command in of_letters if "conservation" in command]


def test_workflow__has_of_series_what_knows_no_letters(tmp_path: Path) -> None:
    row = {"alphabet": "series", "fasta": "reads", "labels": "t.tsv"}
    (tmp_path / "reads").mkdir()
    (tmp_path / "t.tsv").write_text("")
    numbers = {**row, "dataset": "numbers", "task": "regression", "target": "dose"}
    project = write_project(tmp_path, sheet_of({**row, "dataset": "classes"}, numbers))
    printed = run_snakemake(project, "-n", "--printshellcmds").stdout
    for command in ("audit", "split", "baseline majority", "baseline length", "train"):
        assert f"fastgru {command} reads --labels t.tsv --alphabet series" in printed
    for dataset, expected in (
        ("classes", "majority,length --variants seed1,seed2,ensemble,train50,shuffled_labels"),
        ("numbers", "mean,length --variants seed1,seed2,train50,shuffled_labels"),
    ):
        experiment = re.search(rf"fastgru experiment results/{dataset} .*", printed)[0]
        assert f"--baselines {expected} --output" in experiment
    assert "shuffled.json" not in printed


def test_workflow__leaves_out_what_features_do_not_have(tmp_path: Path) -> None:
    project = make_featured(tmp_path, f"{CONFIG}search: {{trials: 1}}\n")
    printed = run_snakemake(project, "-n", "--printshellcmds").stdout
    controls = "shuffled_labels,shuffled_sequences"
    for dataset, expected in (("letters", controls), ("beside", "shuffled_labels")):
        variants = f"seed1,seed2,ensemble,train50,{expected}"
        experiment = re.search(rf"fastgru experiment results/{dataset} .*", printed)[0]
        assert f"--variants {variants} --output" in experiment
        complete = dataset == "letters"
        assert (f"results/{dataset}/fold1/tiny/seed1/shuffled.json" in printed) is complete
        assert (f"results/{dataset}/search" in printed) is complete


def test_workflow__searches_on_data_sets_of_classification(tmp_path: Path) -> None:
    config = f"{CONFIG}search: {{trials: 1}}\n"
    project = make_project(tmp_path, "classification", "regression", config=config)
    printed = run_snakemake(project, "-n", "--printshellcmds").stdout
    assert "fold1/searched" in printed
    assert "results/of_regression/fold1/searched" not in printed
    assert "results/of_regression/search" not in printed


ROW = {"dataset": "d", "alphabet": "dna", "fasta": "a.fa"}
TAGGED = {**ROW, "task": "tagging", "step_labels": "b.fa"}
NUMBERS = {**ROW, "task": "regression", "labels": "t.tsv", "target": "y"}
CLASSES = {**ROW, "labels": "t.tsv"}
LINE = "config/datasets.tsv, line 2"
FAULTS = [
    ([{**ROW, "task": "clustering"}], "", f"{LINE} > task: 'clustering' is not one of ['classific"),
    (
        [{**ROW, "task": "regression", "target": "y"}],
        "",
        f"{LINE} > labels: is empty, expected it filled, since the task regression needs labels an",
    ),
    (
        [{**ROW, "task": "multilabel", "labels": "t.tsv"}],
        "",
        f"{LINE} > target: is empty, expected it filled, since the task multilabel needs labels an",
    ),
    ([{**ROW, "task": "tagging"}], "", f"{LINE} > step_labels: is empty, expected it filled"),
    ([{**ROW, "task": "translation"}], "", f"{LINE} > translations: is empty, expected it filled"),
    (
        [{**TAGGED, "target": "y"}],
        "",
        f"{LINE} > target: found 'y', expected nothing, since the task tagging has no such colu",
    ),
    (
        [{**CLASSES, "translations": "b.fa"}],
        "",
        f"{LINE} > translations: found 'b.fa', expected nothing, since the task classification",
    ),
    ([{**NUMBERS, "class": "x"}], "", f"{LINE} > class: found 'x', expected nothing, since the ta"),
    ([{**TAGGED, "step_labels": "gone.fa"}], "", f"{LINE} > step_labels: there is no file 'gone"),
    (
        [{**TAGGED, "features": "b.fa"}],
        "",
        f"{LINE} > features: found 'b.fa', expected nothing, since the task tagging has no such",
    ),
    (
        [{**TAGGED, "alphabet": "series"}],
        "",
        f"{LINE} > alphabet: found 'series' for the task tagging, which is about letters, expected",
    ),
    (
        [{**ROW, "alphabet": "series", "label_field": "x"}],
        "",
        f"{LINE} > label_field: found 'x', expected nothing, since the task classification of seri",
    ),
    (
        [{**CLASSES, "alphabet": "series"}],
        "",
        "split > method: 'homology' aligns letters, but the data set 'd' (config/datasets.tsv, lin",
    ),
    ([{**CLASSES, "features": "gone.npz"}], "", f"{LINE} > features: there is no file 'gone.npz'"),
    (
        [{**ROW, "class": "x", "features": "b.fa"}, {**ROW, "class": "y"}],
        "",
        "data set 'd': all rows of a data set need the same file of features",
    ),
    (
        [{**CLASSES, "features": "b.fa"}],
        "}\nsearch: {trials: 1",
        "expected data sets of the task classification without features or series, which a search",
    ),
    ([{**NUMBERS, "target": "y,,z"}], "", f"{LINE} > target: 'y,,z' does not match"),
    ([CLASSES, NUMBERS], "", "data set 'd': its rows have the tasks classification and regression"),
    ([TAGGED, TAGGED], "", "data set 'd': a data set without the column class has one row, with o"),
    (
        [TAGGED],
        "pooling: [last]",
        f"models > m > pooling: the data set 'd' ({LINE}) has the task tagging, which does not k",
    ),
    (
        [TAGGED],
        "pooling: [last]",
        "this option, expected one of classification, multilabel, regression. Leave the option out",
    ),
    (
        [TAGGED],
        "}\nsplit: {method: given",
        f"labels, but the data set 'd' ({LINE}) has none. Name a table there",
    ),
    (
        [CLASSES],
        "crf: true",
        f"models > m > crf: the data set 'd' ({LINE}) has the task classification, which does not",
    ),
    (
        [CLASSES],
        "}\nsearch: {trials: 1, model: {crf: true}",
        "search > model > crf: the data set 'd'",
    ),
    ([NUMBERS], "recipe: motif", "models > m > recipe: the data set 'd'"),
    ([{**ROW, "task": "language_model"}], "reverse_complement: average", "m > reverse_complement"),
    (
        [TAGGED],
        "}\nsplit: {method: group",
        "configuration > split > method: 'group' takes the column group of the table in the co",
    ),
    (
        [CLASSES, {**NUMBERS, "dataset": "e"}],
        "}\nsearch: {trials: 1, model: {datasets: [e]}",
        "search > model > datasets: found e (regression), expected data sets of the task classific",
    ),
    (
        [NUMBERS],
        "}\nsearch: {trials: 1",
        "search > model > datasets: found d (regression), expected data sets of the task classific",
    ),
]


def test_workflow__refuses_what_does_not_fit_a_task(tmp_path: Path) -> None:
    projects = []
    for number, (rows, options, _) in enumerate(FAULTS):
        config = "datasets: config/datasets.tsv\nmodels:\n  m: {" + options + "}\n"
        project = write_project(tmp_path / str(number), sheet_of(*rows), config)
        for name in ("a.fa", "b.fa"):
            (project / name).write_text(">x\nACGT\n")
        (project / "t.tsv").write_text("id\ty\nx\t1\n")
        projects.append(project)
    for (_, _, expected), actual in zip(FAULTS, refusals_of(projects), strict=True):
        assert expected in actual


SCORES = {
    "multilabel": "roc_auc_macro",
    "regression": "pearson",
    "tagging": "sov",
    "language_model": "bits_per_letter",
    "translation": "token_accuracy",
}
SCORED_BASELINES = {"multilabel": "majority", "regression": "mean", "tagging": "majority"}
BRIEF = CONFIG.replace(
    "learning_curve: [0.5]\nn_seeds: 2",
    """\
learning_curve: []
n_seeds: 1
controls: []
baselines: [majority, mean]""",
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a brief run of all tasks but classification has written."""
    project = make_project(tmp_path_factory.mktemp("run"), *SCORES, config=BRIEF)
    result = run_snakemake(project, "--cores", "2")
    assert result.returncode == 0, result.stdout
    return project / "results"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("task", SCORES)
def test_run__scores_a_model_of_each_task(task: str, results: Path) -> None:
    folder = results / f"of_{task}/fold1/tiny/seed1"
    files = {path.name for path in folder.iterdir()}
    assert files == {"model.safetensors", "history.tsv", "metrics.json", "predictions.tsv"}
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["task"], metrics["kind"], metrics["n_seen"]) == (task, "model", 0)
    assert str(metrics).count(SCORES[task]) > 1  # with its interval
    split = read_rows(results / f"of_{task}/fold1/split.tsv")
    tested = [row["id"] for row in split if row["split"] == "test"]
    assert [row["id"] for row in read_rows(folder / "predictions.tsv")] == tested
    assert len(read_rows(folder / "history.tsv")) == 2


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("task", SCORES)
def test_run__audits_the_data_of_a_task(task: str, results: Path) -> None:
    split = read_rows(results / f"of_{task}/fold1/split.tsv")
    audit = json.loads((results / f"of_{task}/audit.json").read_text())
    assert (audit["task"], audit["n_kept"]) == (task, len(split))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("task", SCORED_BASELINES)
def test_run__scores_the_baselines_of_each_task(task: str, results: Path) -> None:
    folder = results / f"of_{task}/fold1/baselines/{SCORED_BASELINES[task]}"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["task"], metrics["kind"]) == (task, "baseline")
    model = results / f"of_{task}/fold1/tiny/seed1/predictions.tsv"
    ids = [row["id"] for row in read_rows(model)]
    assert [row["id"] for row in read_rows(folder / "predictions.tsv")] == ids


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_run__ends_with_one_report_of_all_tasks(results: Path) -> None:
    page = (results / "report.html").read_text()
    rows = read_rows(results / "summary.tsv")
    for task in SCORES:
        assert f'aria-label="Sequences, of_{task}"' in page
        experiment = json.loads((results / f"of_{task}/experiment.json").read_text())
        assert experiment["task"] == task
        assert {row["task"] for row in rows if row["dataset"] == f"of_{task}"} == {task}
