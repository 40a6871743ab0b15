"""A search in the workflow: its configuration, its jobs, and what becomes of the result."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.planted import as_fasta, plant
from tests.workflow.running import ROOT, refusals_of, run_snakemake

SHEET = "dataset\talphabet\tfasta\tlabel_field\nd\tdna\ta.fa\tlabel\ne\tdna\ta.fa\tlabel\n"
CONFIG = """\
datasets: config/datasets.tsv
seed: 1
split: {method: random, folds: 1}
baselines: [majority]
controls: []
n_seeds: 1
learning_curve: []
search:
  trials: 3
  time_budget: 1h
  model: {max_epochs: 2, datasets: [d]}
  space:
    hidden_size: [4, 6]
    num_layers: [1]
    pooling: [[last], [mean, max]]
    dropout: {low: 0, high: 0.4, step: 0.1}
    learning_rate: {low: 0.003, high: 0.01, log: true}
models:
  m: {hidden_size: 4, max_epochs: 1}
"""


def make_project(folder: Path, config: str = CONFIG) -> Path:
    (folder / "config").mkdir(parents=True)
    (folder / "config/config.yaml").write_text(config)
    (folder / "config/datasets.tsv").write_text(SHEET)
    (folder / "a.fa").write_text(as_fasta(*plant(80, seed=11)))
    return folder


def test_search__is_planned_with_its_options(tmp_path: Path) -> None:
    result = run_snakemake(make_project(tmp_path), "-n", "--printshellcmds", "--cores", "6")
    assert result.returncode == 0, result.stdout
    counts = dict(re.findall(r"^(\w+) +(\d+)$", result.stdout, flags=re.MULTILINE))
    assert (counts["search"], counts["best"], counts["train"]) == ("3", "1", "3")
    (command,) = re.findall(r"fastgru search .*trial2\.json.*", result.stdout)
    expected = (
        " --journal results/d/search/fold1/journal.log --time-budget 1h --random-state 1 "
        "--max-epochs 2 --space hidden_size=4,6 --space num_layers=1 --space pooling=last,mean+max "
        "--space dropout=0:0.4:0.1 --space learning_rate=0.003:0.01:log --threads 2 --output "
    )
    assert expected in command


def test_workflow__searches_nothing_unless_it_is_asked(tmp_path: Path) -> None:
    config = re.sub(r"search:.*?models", "models", CONFIG, flags=re.DOTALL)
    result = run_snakemake(make_project(tmp_path, config), "-n")
    assert result.returncode == 0, result.stdout
    assert "search" not in result.stdout


FAULTS = [
    ("trials: 3", "trials: 0", "search > trials: 0 is less than the minimum of 1"),
    ("  trials: 3\n", "", "configuration > search: 'trials' is a required property"),
    ("trials: 3", "trails: 3", "search: unknown key 'trails'; did you mean 'trials'?"),
    ("1h", "soon", "search > time_budget: 'soon' does not match"),
    ("[d]", "[x]", "search > model > datasets: not in config/datasets.tsv: x. It lists: d, e."),
    ("num_layers", "layers", "search > space: unknown key 'layers'"),
    ("{low: 0, ", "{", "search > space > dropout"),
]


def test_workflow__refuses_searches_that_it_does_not_understand(tmp_path: Path) -> None:
    projects = []
    for number, (old, new, _) in enumerate(FAULTS):
        assert old in CONFIG
        projects.append(make_project(tmp_path / str(number), CONFIG.replace(old, new, 1)))
    for (_, _, expected), actual in zip(FAULTS, refusals_of(projects), strict=True):
        assert expected in actual


def test_schema__offers_what_the_command_searches() -> None:
    from fastgru.estimators.search_space import _SEARCHABLE

    schema = yaml.safe_load((ROOT / "workflows/schemas/config.schema.yaml").read_text())
    space = schema["properties"]["search"]["properties"]["space"]["properties"]
    assert tuple(space) == _SEARCHABLE


def test_search__stands_beside_the_models_whatever_they_are_called(tmp_path: Path) -> None:
    result = run_snakemake(make_project(tmp_path, CONFIG.replace("  m:", "  searched:")), "-n")
    assert "models: the name 'searched' is taken by the workflow, choose another" in result.stdout


def read_trials(folder: Path) -> list[dict]:
    return [
        trial
        for number in (1, 2, 3)
        for trial in json.loads((folder / f"trial{number}.json").read_text())["trials"]
    ]


@pytest.mark.slow
def test_search__trains_each_fold_with_what_its_own_search_has_found(tmp_path: Path) -> None:
    from fastgru import SequenceClassifier

    project = make_project(tmp_path, CONFIG.replace("folds: 1", "folds: 2"))
    targets = [f"results/d/fold{fold}/searched/seed1/model.safetensors" for fold in (1, 2)]
    result = run_snakemake(project, "--cores", "2", *targets)
    assert result.returncode == 0, result.stdout
    for fold, target in enumerate(targets, start=1):
        folder = project / f"results/d/search/fold{fold}"
        trials = read_trials(folder)
        assert sorted(trial["number"] for trial in trials) == [0, 1, 2]
        assert {trial["state"] for trial in trials} == {"complete"}
        best = min(trials, key=lambda trial: (trial["validation_loss"], trial["number"]))
        written = yaml.safe_load((folder / "best.yaml").read_text())
        expected = {**best["parameters"], "max_epochs": 2, "random_state": 1, "datasets": ["d"]}
        assert written == {"models": {"d_best": expected}}
        model = SequenceClassifier.load(project / target)
        kept = model.history_[model.best_epoch_ - 1]
        assert kept["validation_loss"] == best["validation_loss"]
    # a trial whose result was lost is in the journal still
    lost = (folder / "trial2.json").read_bytes()
    (folder / "trial2.json").unlink()
    result = run_snakemake(project, "--cores", "2", "results/d/search/fold2/trial2.json")
    assert result.returncode == 0, result.stdout
    assert (folder / "trial2.json").read_bytes() == lost


@pytest.mark.slow
def test_search__leaves_a_configuration_that_can_be_run(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    found = "results/d/search/fold1/best.yaml"
    result = run_snakemake(project, "--cores", "2", found)
    assert result.returncode == 0, result.stdout
    target = "results/d/fold1/d_best/seed1/model.safetensors"
    again = ["--configfile", "config/config.yaml", found]
    result = run_snakemake(project, target, "--cores", "2", *again)
    assert result.returncode == 0, result.stdout
    assert (project / target).exists()


def test_readme__names_all_that_a_journal_holds_for() -> None:
    readme = " ".join((ROOT / "config/README.md").read_text().split())
    begin = readme.index("which holds for what it was begun with")
    said = readme[begin : readme.index("More `trials` go on", begin)]
    # what SearchTraining.settings returns, as the configuration has it
    for cause in ("data", "`seed`", "`split`", "`model`", "`space`", "version of fastgru"):
        assert cause in said
    assert "delete `results/{dataset}/search/`" in said
