"""The configuration that ships, and what the workflow refuses."""

from __future__ import annotations

import ast
import csv
import math
import re

import pytest
import yaml

from tests.workflow.running import ROOT, refusals_of, run_snakemake

MODEL_SCHEMA = yaml.safe_load((ROOT / "workflows/schemas/config.schema.yaml").read_text())["$defs"][
    "model"
]["properties"]
SHEET_SCHEMA = yaml.safe_load((ROOT / "workflows/schemas/datasets.schema.yaml").read_text())
SHEET = "dataset\talphabet\tfasta\tclass\nd\tdna\ta.fa\ta\nd\tdna\tb.fa\tb\n"
CONFIG = "datasets: config/datasets.tsv\nseed: 1\nmodels:\n  m: {}\n"


def make_project(folder, config=CONFIG, sheet=SHEET):
    """Write a folder with a small configuration and two files to read."""
    (folder / "config").mkdir(parents=True)
    (folder / "config/config.yaml").write_text(config)
    (folder / "config/datasets.tsv").write_text(sheet)
    for name in ("a", "b"):
        (folder / f"{name}.fa").write_text(">x\nACGT\n")
    return folder


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path)


def test_schema__documents_the_defaults_of_the_estimators():
    from fastgru.estimators.parameters import PARAMETERS

    parameters = {parameter.name: parameter.default for parameter in PARAMETERS}
    documented = {
        name: entry["default"] for name, entry in MODEL_SCHEMA.items() if "default" in entry
    }
    expected = {name: parameters[name] for name in documented}
    expected = {
        name: list(value) if isinstance(value, tuple) else value for name, value in expected.items()
    }
    assert documented == expected


def test_schema__offers_every_option_that_changes_the_model():
    from fastgru.estimators.parameters import PARAMETERS

    elsewhere = {
        "alphabet",  # in the sheet of data sets
        "target_alphabet",
        "validation_fraction",  # of the split
        "threads",  # a matter of rules and profiles
        "verbose",
    }
    expected = {parameter.name for parameter in PARAMETERS} - elsewhere
    assert MODEL_SCHEMA.keys() - {"datasets", "recipe"} == expected


def test_schema__names_the_tasks_that_know_an_option():
    from fastgru.estimators.parameters import PARAMETERS
    from fastgru.models.architecture import TASKS

    for parameter in PARAMETERS:
        entry = MODEL_SCHEMA.get(parameter.name)
        if entry is not None:
            assert set(entry.get("tasks", TASKS)) == set(parameter.tasks), parameter.name
    assert MODEL_SCHEMA["recipe"]["tasks"] == ["classification"]


def test_tables__agree_with_the_command():
    from fastgru.estimators.baselines import BASELINES_OF_SERIES, BASELINES_OF_TASK
    from fastgru.models.architecture import TASKS

    parts = ast.parse((ROOT / "workflows/rules/tasks.smk").read_text()).body
    values = {ast.unparse(part.targets[0]): part.value for part in parts
              if isinstance(part, ast.Assign)}  # fmt: skip
    tasks = ast.literal_eval(values["TASKS"])
    assert tuple(tasks) == TASKS
    of_series = ast.literal_eval(values["OF_SERIES"])["baselines"]
    assert tuple(of_series) == BASELINES_OF_SERIES
    assert SHEET_SCHEMA["properties"]["task"]["enum"] == list(TASKS)
    for name, entry in tasks.items():
        assert tuple(entry["baselines"]) == BASELINES_OF_TASK.get(name, ())
        assert {*entry["columns"], *entry["needs"]} <= SHEET_SCHEMA["properties"].keys()
    config = yaml.safe_load((ROOT / "workflows/schemas/config.schema.yaml").read_text())
    offered = config["properties"]["baselines"]["items"]["enum"]
    assert set(offered) == set().union(*BASELINES_OF_TASK.values())


def test_schema__allows_what_the_estimators_allow():
    from fastgru.estimators.parameters import PARAMETERS

    kinds = {int: "integer", float: "number", bool: "boolean"}
    for parameter in PARAMETERS:
        entry = MODEL_SCHEMA.get(parameter.name, {})
        values = entry.get("items", entry).get("enum", ())
        assert set(values) - {None} == set(parameter.choices) or not entry, parameter.name
        if "type" in entry and not parameter.several:
            assert entry["type"] == kinds[parameter.kind]
            minimum = "exclusiveMinimum" if parameter.above_minimum else "minimum"
            assert entry.get(minimum, -math.inf) == parameter.minimum, parameter.name
            assert entry.get("maximum", math.inf) == parameter.maximum, parameter.name


def test_schema__describes_every_key():
    config = yaml.safe_load((ROOT / "workflows/schemas/config.schema.yaml").read_text())
    entries = [*config["properties"].items(), *MODEL_SCHEMA.items()]
    entries += [*config["properties"]["split"]["properties"].items()]
    entries += [*SHEET_SCHEMA["properties"].items()]
    assert [name for name, entry in entries if not entry.get("description")] == []


def test_config__comments_every_key_and_every_option():
    text = (ROOT / "config/config.yaml").read_text()
    comments = "\n".join(line for line in text.splitlines() if line.strip().startswith("#"))
    for name in MODEL_SCHEMA:
        assert re.search(rf"^#   {name}: ", comments, flags=re.MULTILINE), name
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"( {2})?\w+:", line):
            assert lines[number - 1].strip().startswith("#"), line


def test_config__comments_name_the_defaults():
    text = (ROOT / "config/config.yaml").read_text()
    for name, entry in MODEL_SCHEMA.items():
        if "default" in entry:
            written = re.search(rf"^#   {name}: (\[.*?\]|\S+)", text, flags=re.MULTILINE)[1]
            assert yaml.safe_load(written) == entry["default"], name


def test_sheet__has_the_columns_of_its_schema():
    with (ROOT / "config/datasets.tsv").open() as stream:
        header = next(csv.reader(stream, delimiter="\t"))
    assert header == [name for name in SHEET_SCHEMA["properties"] if name in header]


def test_workflow__plans_every_result(project):
    result = run_snakemake(project, "-n", "--printshellcmds")
    assert result.returncode == 0, result.stdout
    counts = dict(re.findall(r"^(\w+) +(\d+)$", result.stdout, flags=re.MULTILINE))
    once = ("warmup", "audit", "split", "control", "ensemble", "annotate")
    once += ("experiment", "summarise", "report")
    assert [counts[rule] for rule in once] == ["1"] * 9
    # five folds, of which the first has two more seeds, two parts of the data, and a control
    assert [counts[rule] for rule in ("train", "evaluate", "baseline")] == ["10", "11", "35"]


def test_workflow__passes_the_split_the_levels_and_the_variants(project):
    more = (
        "split: {method: random, folds: 2, test_fraction: 0.3}\naudit: {levels: {shortcut: fail}}\n"
    )
    (project / "config/config.yaml").write_text(CONFIG + more)
    printed = run_snakemake(project, "-n", "--printshellcmds").stdout
    assert "--method random --folds 2 --seed 1 --threads" in printed
    assert "results/d/fold{fold}/split.tsv" in printed
    assert " --level=shortcut=fail --threads" in printed
    assert "--random-state 3 --threads" in printed  # the third seed
    assert "--random-state 1 --train-fraction 0.25 --threads" in printed
    assert "--random-state 1 --shuffle-labels --threads" in printed


def test_workflow__says_what_belongs_to_the_experiment(project):
    more = "split: {method: random, folds: 2, repeats: 3}\nbaselines: []\nn_seeds: 2\n"
    (project / "config/config.yaml").write_text(CONFIG + more)
    printed = run_snakemake(project, "-n", "--printshellcmds").stdout
    expected = "fastgru experiment results/d --method random --folds 2 --repeats 3 --models m "
    assert f"{expected}--baselines '' --variants seed1,seed2,ensemble," in printed
    assert ",train25,train50,shuffled_labels,shuffled_sequences --output" in printed


def test_workflow__has_a_seed_without_one(project):
    (project / "config/config.yaml").write_text(CONFIG.replace("seed: 1\n", ""))
    printed = run_snakemake(project, "-n", "--printshellcmds").stdout
    schema = yaml.safe_load((ROOT / "workflows/schemas/config.schema.yaml").read_text())
    default = schema["properties"]["seed"]["default"]
    assert yaml.safe_load((ROOT / "config/config.yaml").read_text())["seed"] == default
    assert f"--seed {default} --threads" in printed


def test_workflow__passes_the_options_that_are_written(project):
    expected = {
        "plain": ("{}", ""),
        "number": ("{hidden_size: 8}", "--hidden-size 8 "),
        "no_flag": ("{bidirectional: false}", "--no-bidirectional "),
        "flag": ("{position_embedding: true}", "--position-embedding "),
        "several": ("{pooling: [last, max]}", "--pooling last,max "),
        "none": ("{class_weight: null}", ""),
        "less": ("{precision: bf16}", "--precision bf16 "),
    }
    models = "".join(f"  {name}: {options}\n" for name, (options, _) in expected.items())
    own_seed = "  own_seed: {random_state: 5}\n"
    (project / "config/config.yaml").write_text(CONFIG.replace("  m: {}\n", models + own_seed))

    result = run_snakemake(project, "-n", "--printshellcmds")

    commands = [line for line in result.stdout.splitlines() if "fastgru train" in line]
    commands = [command for command in commands if "/fold2/" in command]
    by_model = {re.search(r"fold2/(\w+)/seed1/model", line)[1]: line for line in commands}
    for name, (_, flags) in expected.items():
        assert f"split.tsv --random-state 1 {flags}--threads" in by_model[name]
    assert "split.tsv --random-state 5 --threads" in by_model["own_seed"]


FAULTY_CONFIGS = [
    ("{}", "{hiden_size: 8}", "models > m: unknown key 'hiden_size'; did you mean 'hidden_size'?"),
    ("models:\n  m: {}\n", "", "configuration: 'models' is a required property"),
    (
        "seed: 1",
        "seed: 1\nsplit: {folds: '1'}",
        "split > folds: '1' is not of type 'integer'; numbers inside the braces of --config arr",
    ),
    ("seed: 1", "seed: 1\nthreads: 4", "configuration: unknown key 'threads'; known are datasets"),
    ("{}", "{hidden_size: 0}", "models > m > hidden_size: 0 is less than the minimum of 1"),
    (
        "{}",
        "{pooling: [first]}",
        "pooling > 0: 'first' is not one of ['last', 'mean', 'max', 'attention']",
    ),
    ("{}", "{precision: fp16}", "models > m > precision: 'fp16' is not one of ['bf16', None]"),
    ("{}", "{datasets: [e]}", "models > m > datasets: not in config/datasets.tsv: e. It lists: d"),
    ("m: {}", "a/b: {}", "'a/b' does not match"),
    ("m: {}", "baselines: {}", "the name 'baselines' is taken by the workflow"),
    ("seed: 1", "seed: 1\naudit: {levels: {shortcut: bad}}", "'bad' is not one of ['note', 'warn'"),
    ("seed: 1", "seed: 1\nsplit: {method: chance}", "'chance' is not one of ['homology', 'group'"),
    ("m: {}", "on: {}", "models: True is not of type 'string'"),  # YAML reads on and off so
    ("datasets.tsv", "gone.tsv", "config/gone.tsv: cannot read the sheet of data sets"),
]
ONE_FORM = "data set 'd': fill exactly one of the columns class, labels and label_field"
FAULTY_SHEETS = [
    ("dataset\talphabet\tfasta\n", "no data set found, expected a header and one row"),
    (
        SHEET.replace("alphabet", "alfabet"),
        "datasets.tsv, line 1: unknown key 'alfabet'; did you mean 'alphabet'?",
    ),
    (
        SHEET.replace("\t", ","),
        "datasets.tsv, line 1: 'dataset,alphabet,fasta,class' is one column; use tabs between",
    ),
    (
        SHEET.replace("b.fa", "gone.fa"),
        "datasets.tsv, line 3 > fasta: there is no file 'gone.fa', expected one in the folder in",
    ),
    (
        "dataset\talphabet\tfasta\tlabels\nd\tdna\ta.fa\tgone.tsv\n",
        "datasets.tsv, line 2 > labels: there is no file 'gone.tsv'",
    ),
    *(
        (SHEET.replace("d\t", f"{name}\t"), f"line 2 > dataset: the name '{name}' is taken by")
        for name in ("summary.tsv", "report.html", "multiqc")
    ),
    (SHEET.replace("dna", "codons"), "line 2 > alphabet: 'codons' is not one of ['dna', 'rna'"),
    (
        SHEET.replace("d\t", "timings\t"),
        "line 2 > dataset: the name 'timings' is taken by the workflow",
    ),
    ("dataset\talphabet\tfasta\nd\tdna\ta.fa\n", ONE_FORM),
    ("dataset\talphabet\tfasta\tclass\tlabel_field\nd\tdna\ta.fa\ta\tlabel\n", ONE_FORM),
    (SHEET.replace("\tb.fa\tb", "\tb.fa\ta"), "two rows or more, each with a class of its own"),
    (SHEET.replace("d\tdna\tb", "d\trna\tb"), "all rows of a data set need the same alphabet"),
    (
        "dataset\talphabet\tfasta\tlabel_field\nd\tdna\ta.fa\tl\nd\tdna\tb.fa\tl\n",
        "a data set without the column class has one row, with one FASTA file",
    ),
]


def test_workflow__refuses_what_it_does_not_understand(tmp_path):
    cases = [(CONFIG.replace(old, new), SHEET, message) for old, new, message in FAULTY_CONFIGS]
    cases += [(CONFIG, sheet, message) for sheet, message in FAULTY_SHEETS]
    projects = [
        make_project(tmp_path / str(number), config, sheet)
        for number, (config, sheet, _) in enumerate(cases)
    ]
    for (_, _, expected), actual in zip(cases, refusals_of(projects), strict=True):
        assert expected in actual


def test_workflow__names_the_fault_in_one_line_and_without_traceback(tmp_path):
    project = make_project(tmp_path, CONFIG.replace("{}", "{hiden_size: 8}"), SHEET)
    result = run_snakemake(project, "-n")
    assert result.returncode == 1
    assert "did you mean 'hidden_size'?" in result.stdout
    assert "Traceback" not in result.stdout
