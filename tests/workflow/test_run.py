"""A real run of the whole workflow on small data, checked file by file."""

from __future__ import annotations

import gzip
import json
import re
import shlex

import numpy as np
import pytest

from fastgru.evaluation import classification_metrics
from fastgru.models.model_file import read_model
from tests.report.results_files import read_rows
from tests.workflow.running import ROOT, run_snakemake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SHEET = """\
dataset\talphabet\tfasta\tclass\tlabels
sites\tdna\tmy data/donor's.fa\tdonor
sites\tdna\tmy data/other.fa.gz\tother
peptides\tprotein\tmy data/peptides.fa\t\tmy data/labels.tsv
"""
CONFIG = """\
datasets: config/datasets.tsv
seed: 3
split: {method: random, folds: 2}
baselines: [majority, kmer_logistic, nearest]
n_seeds: 2
learning_curve: [0.5]
license: CC0-1.0
intended_use: "Tests; it's for nothing else."
models:
  tiny: {hidden_size: 4, embedding_size: 4, max_epochs: 3, learning_rate: 0.02}
  windows: {hidden_size: 4, max_epochs: 2, position_embedding: true, datasets: [sites]}
"""
MODELS = {"sites/tiny", "sites/windows", "peptides/tiny"}
RUNS = {f"{dataset}/fold{fold}/{model}/seed1"
        for dataset, model in (name.split("/") for name in MODELS) for fold in (1, 2)}  # fmt: skip
FIRST = ("seed1", "seed2", "train50", "shuffled_labels")
BASELINES = ("majority", "kmer_logistic", "nearest")
METRICS = {
    "accuracy",
    "balanced_accuracy",
    "classes",
    "confusion_matrix",
    "f1_macro",
    "log_loss",
    "mcc",
    "n_test",
    "n_train",
    "n_validation",
    "pr_auc",
    "roc_auc",
    "schema_version",
}


def write_inputs(folder):
    """Write sequences whose class shows, and among them duplicates and a contradiction."""
    rng = np.random.default_rng(5)

    def draw(letters, length):
        return "".join(rng.choice(list(letters), length))

    donors = [f"{draw('ACGT', 9)}GTAAGT{draw('ACGT', 9)}" for _ in range(60)]
    others = [draw("ACGT", 24) for _ in range(60)]
    donors[7] = donors[3]
    others[9] = donors[5]
    (folder / "donor's.fa").write_text(
        "".join(f">donor_{k} site\n{s}\n" for k, s in enumerate(donors))
    )
    with gzip.open(folder / "other.fa.gz", "wt") as stream:
        stream.write("".join(f">other_{k}\n{s}\n" for k, s in enumerate(others)))
    labels = ["helix", "sheet", "coil"]
    peptides = [
        draw({"helix": "AEL", "sheet": "VIT", "coil": "GPS"}[labels[k % 3]], 12 + k % 9)
        for k in range(90)
    ]
    (folder / "peptides.fa").write_text("".join(f">p{k}\n{s}\n" for k, s in enumerate(peptides)))
    rows = "".join(f"p{k}\t{labels[k % 3]}\n" for k in range(90))
    (folder / "labels.tsv").write_text(f"id\tlabel\n{rows}")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a finished run, and what it printed."""
    project = tmp_path_factory.mktemp("project")
    (project / "config").mkdir()
    (project / "config/config.yaml").write_text(CONFIG)
    (project / "config/datasets.tsv").write_text(SHEET)
    (project / "my data").mkdir()
    write_inputs(project / "my data")
    result = run_snakemake(project, "--cores", "2")
    assert result.returncode == 0, result.stdout
    return project, result.stdout


@pytest.fixture(scope="module")
def results(run):
    return run[0] / "results"


def test_run__writes_the_files_of_the_contract_and_no_others(results):
    expected = {"summary.tsv", "report.html"}
    summaries = [f"multiqc/fastgru_{name}_mqc.json" for name in ("best", "scores", "learning")]
    expected |= {*summaries, "multiqc/.snakemake_timestamp"}
    for name in ("sites", "peptides"):
        expected |= {f"{name}/audit.json", f"{name}/experiment.json"}
        expected |= {f"{name}/fold{fold}/split.tsv" for fold in (1, 2)}
        expected |= {
            f"{name}/fold{fold}/baselines/{baseline}/{file}"
            for fold in (1, 2)
            for baseline in BASELINES
            for file in ("metrics.json", "predictions.tsv")
        }
    files = ("model.safetensors", "history.tsv", "predictions.tsv", "metrics.json")
    for dataset, model in (name.split("/") for name in MODELS):
        first = f"{dataset}/fold1/{model}"
        expected |= {f"{first}/{variant}/{file}" for variant in FIRST for file in files}
        expected |= {f"{first}/seed1/shuffled.json", f"{first}/ensemble/model.safetensors"}
        expected |= {f"{first}/ensemble/{name}" for name in ("metrics.json", "predictions.tsv")}
        expected |= {f"{dataset}/fold2/{model}/seed1/{file}" for file in files}
        expected.add(f"{dataset}/models/{model}.safetensors")
    found = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    assert {name for name in found if not name.startswith(("timings/", "warmup/"))} == expected


def test_run__ends_with_the_table_and_the_report(run, results):
    _, printed = run
    ending = printed[printed.index("dataset  ") :]
    assert re.search(r"^sites +windows +model +\d+ +[01]\.\d{3} ", ending, flags=re.MULTILINE)
    assert f"Report: {results / 'report.html'}" in ending


def test_run__is_up_to_date_afterwards(run):
    again = run_snakemake(run[0], "--cores", "2")
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout


def test_audit__says_what_was_left_out(results):
    audit = json.loads((results / "sites/audit.json").read_text())
    assert audit["schema_version"] == 2
    assert audit["n_records"] == 120
    assert {(row["id"], row["reason"]) for row in audit["excluded"]} == {
        ("donor_7", "duplicate"),
        ("donor_5", "conflicting_labels"),
        ("other_9", "conflicting_labels"),
    }


def test_split__holds_every_kept_record_once(results):
    kept = {f"{name}_{k}" for name in ("donor", "other") for k in range(60)}
    kept -= {"donor_7", "donor_5", "other_9"}
    tested = []
    for fold in (1, 2):
        rows = read_rows(results / f"sites/fold{fold}/split.tsv")
        assert list(rows[0]) == ["id", "label", "split", "split_method", "split_seed"]
        assert sorted(row["id"] for row in rows) == sorted(kept)
        tested += [row["id"] for row in rows if row["split"] == "test"]
        n_validation = [row["split"] for row in rows].count("validation")
        assert n_validation == pytest.approx(0.1 * len(rows), abs=2)
    assert sorted(tested) == sorted(kept)


@pytest.mark.parametrize("name", sorted(RUNS))
def test_model__can_be_loaded(results, name):
    from fastgru import SequenceClassifier

    model = SequenceClassifier.load(results / name / "model.safetensors")
    assert model.random_state == 3
    assert model.hidden_size == 4
    assert model.position_embedding == ("windows" in name)


def test_history__has_one_row_per_epoch(results):
    rows = read_rows(results / "sites/fold1/tiny/seed1/history.tsv")
    assert list(rows[0])[:4] == ["epoch", "learning_rate", "train_loss", "validation_loss"]
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]


@pytest.mark.parametrize("name", sorted(RUNS))
def test_predictions__are_those_of_the_test_part_in_input_order(results, name):
    split = {row["id"]: row for row in read_rows((results / name).parents[1] / "split.tsv")}
    rows = read_rows(results / name / "predictions.tsv")
    classes = json.loads((results / name / "metrics.json").read_text())["classes"]
    beside = ["true_label", "length"]
    assert list(rows[0]) == ["id", "status", "label", "flags", *beside, *classes]
    assert [row["id"] for row in rows] == [
        key for key, row in split.items() if row["split"] == "test"
    ]
    assert {row["status"] for row in rows} == {"ok"}
    for row in rows:
        probabilities = [float(row[name]) for name in classes]
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)
        assert row["label"] == classes[int(np.argmax(probabilities))]


@pytest.mark.parametrize("name", sorted(RUNS))
def test_metrics__are_those_of_the_predictions(results, name):
    metrics = json.loads((results / name / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert metrics.keys() >= METRICS
    split = {row["id"]: row for row in read_rows((results / name).parents[1] / "split.tsv")}
    rows = read_rows(results / name / "predictions.tsv")
    expected = classification_metrics(
        [split[row["id"]]["label"] for row in rows],
        [row["label"] for row in rows],
        [[float(row[name]) for name in metrics["classes"]] for row in rows],
        metrics["classes"],
    )
    assert metrics["confusion_matrix"] == expected["confusion_matrix"]
    for score in ("accuracy", "mcc", "roc_auc", "pr_auc", "log_loss"):
        assert metrics[score] == pytest.approx(expected[score], abs=1e-4)
    parts = [row["split"] for row in split.values()]
    for part in ("train", "validation", "test"):
        assert metrics[f"n_{part}"] == parts.count(part)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_final_model__has_its_scores_and_says_what_it_is_for(name, results):
    dataset, model = name.split("/")
    folder = results / dataset / "fold1" / model / "ensemble"
    card = read_model(results / dataset / "models" / f"{model}.safetensors").card
    scored = json.loads((folder / "metrics.json").read_text())
    found = {row["name"]: row for row in card["metrics"]["scores"] if row["part"] is None}
    assert found["roc_auc"]["value"] == scored["roc_auc"]
    assert found["roc_auc"]["interval"] == scored["intervals"]["roc_auc"]
    assert card["metrics"]["data"]["split"] == card["data"]["split"]
    assert (card["metrics"]["n_seen"], card["data"]["split"]["name"]) == (0, "split.tsv")
    assert card["license"] == "CC0-1.0"
    assert card["intended_use"] == "Tests; it's for nothing else."


def test_files__have_the_entries_that_are_documented(results):
    page = (ROOT / "docs/file-formats.md").read_text()
    entries = json.loads((results / "sites/fold1/tiny/seed1/metrics.json").read_text()).keys()
    gathered = json.loads((results / "sites/experiment.json").read_text()).keys()
    columns = read_rows(results / "summary.tsv")[0].keys()
    assert [name for name in (*entries, *gathered, *columns) if f"`{name}`" not in page] == []


def test_variants__change_what_they_say(results):
    folder = results / "sites/fold1/tiny"
    cards = {name: read_model(folder / name / "model.safetensors").card for name in FIRST}
    seeds = [cards[name]["training"]["parameters"]["random_state"] for name in ("seed1", "seed2")]
    assert seeds == [3, 4]
    whole, half = (cards[name]["training"]["n_train"] for name in ("seed1", "train50"))
    assert half == pytest.approx(whole / 2, abs=1)
    assert [cards[name].get("shuffled_labels", False) for name in FIRST] == [False] * 3 + [True]


def test_experiment__concludes(results):
    for name in ("sites", "peptides"):
        experiment = json.loads((results / name / "experiment.json").read_text())
        assert experiment["n_folds"] == 2
        assert len(experiment["conclusion"]) >= 4
        assert [entry["n_test"] for entry in experiment["contenders"][0]["folds"]]
        assert experiment["bands"]
        assert {run["variant"] for run in experiment["seeds"]["tiny"]} == {"seed1", "seed2"}
        kinds = {control["kind"] for control in experiment["controls"]}
        assert kinds == {"shuffled_labels", "shuffled_sequences"}


def test_summary__has_one_row_per_contender(results):
    rows = read_rows(results / "summary.tsv")
    models = [f"{row['dataset']}/{row['name']}" for row in rows if row["kind"] == "model"]
    assert models == ["sites/tiny", "sites/windows", "peptides/tiny"]
    baselines = [row["name"] for row in rows if row["kind"] == "baseline"]
    assert sorted(baselines) == sorted([*BASELINES, *BASELINES])


def test_report__shows_every_run_and_the_commands(results):
    page = (results / "report.html").read_text()
    for word in ("sites", "peptides", "tiny", "windows", "helix", "fastgru train ", "donor_7"):
        assert word in page
    assert page.count("<script") == 1  # its own, which fetches nothing
    assert "src=" not in page


def test_results__do_not_name_the_folder_of_the_run(run, results):
    for path in results.rglob("*"):
        if path.is_file():
            assert str(run[0]).encode() not in path.read_bytes(), path


def test_logs_and_timings__exist_for_every_job(run):
    project, _ = run
    steps = [*(f"{step}/{name}" for step in ("audit", "split") for name in ("sites", "peptides"))]
    steps += [f"{step}/{name}" for step in ("train", "evaluate") for name in RUNS]
    steps += ["baseline/sites/fold2/nearest", "control/sites/fold1/tiny/seed1", "experiment/sites"]
    for step in (*steps, "warmup/float32-gru-usual", "summarise", "report"):
        first_line = (project / f"logs/{step}.log").read_text().splitlines()[0]
        assert re.match(r"fastgru \S+: fastgru \w+", first_line)
        assert (project / f"results/timings/{step}.tsv").read_text().startswith("s\th:m:s")


def test_train__can_be_repeated_by_hand_bit_for_bit(run, run_cli, monkeypatch, tmp_path):
    project, _ = run
    line = (project / "logs/train/sites/fold2/windows/seed1.log").read_text().splitlines()[0]
    words = shlex.split(line.split(": fastgru ", 1)[1])
    words[words.index("--threads") + 1] = "1"
    words[words.index("--output") + 1] = str(tmp_path / "model.safetensors")
    words[words.index("--history") + 1] = str(tmp_path / "history.tsv")
    monkeypatch.chdir(project)
    code, _, err = run_cli(words)
    assert code == 0, err
    for name in ("model.safetensors", "history.tsv"):
        expected = (project / "results/sites/fold2/windows/seed1" / name).read_bytes()
        assert (tmp_path / name).read_bytes() == expected


def test_snakemake_report__holds_results_with_captions(run):
    project, _ = run
    result = run_snakemake(project, "--report", "run.html")
    assert result.returncode == 0, result.stdout
    page = (project / "run.html").read_text()
    for word in (
        "training (seed1)",
        "experiment",
        "table of all models",
        "What is in the data set",
    ):
        assert word in page


def test_new_model__is_all_that_is_run(run):
    project, _ = run
    config = project / "config/more.yaml"
    config.write_text(CONFIG + "  more: {hidden_size: 3, datasets: [peptides]}\n")
    result = run_snakemake(project, "-n", "--configfile", str(config))
    counts = dict(re.findall(r"^(\w+) +(\d+)$", result.stdout, flags=re.MULTILINE))
    expected = {
        "train": "5",
        "evaluate": "6",
        "ensemble": "1",
        "control": "1",
        "annotate": "1",
        "experiment": "1",
        "summarise": "1",
    }
    assert counts == {**expected, "report": "1", "all": "1", "total": "18"}


@pytest.mark.parametrize(
    ("old", "new", "n_trained"),
    [
        ("max_epochs: 3", "max_epochs: 4", "10"),  # of one model, in two data sets
        ("learning_rate: 0.02}", "learning_rate: 0.02, conv_channels: [3]}", "10"),
        ("seed: 3", "seed: 4", "15"),
    ],
)
def test_changed_model__is_trained_again(run, old: str, new: str, n_trained: str) -> None:
    project, _ = run
    config = project / "config/changed.yaml"
    assert old in CONFIG
    config.write_text(CONFIG.replace(old, new))
    result = run_snakemake(project, "-n", "--configfile", str(config))
    counts = dict(re.findall(r"^(\w+) +(\d+)$", result.stdout, flags=re.MULTILINE))
    assert counts.get("train") == n_trained, result.stdout
