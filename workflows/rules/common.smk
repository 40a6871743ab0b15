# Turns the configuration into files and arguments of the fastgru command.
# The functions of the workflow live here and beside what they read, in configuration.smk; the
# other files hold rules only.
import csv
import os
import re
import shlex
from importlib import metadata
from pathlib import Path

import yaml


def flags(options):
    """Write options as command-line arguments: hidden_size=64 becomes --hidden-size 64."""
    words = []
    for key, value in options.items():
        flag = f"--{key.replace('_', '-')}"
        if isinstance(value, bool):
            words.append(flag if value else f"--no-{key.replace('_', '-')}")
        elif value is not None:
            listed = value if isinstance(value, list) else [value]
            words += [flag, ",".join(map(str, listed))]
    return shlex.join(words)


def split_options(wildcards):
    options = {**SPLIT, "seed": config["seed"]}
    if SPLIT["folds"] > 1:
        # the configuration may keep it for a single split, the command refuses it
        options.pop("test_fraction", None)
    return flags(options)


def fold_template(wildcards, output):
    """Name the files of all folds at once, as the command has it."""
    first = "fold1/split.tsv"
    return output[0].removesuffix(first) + first.replace("1", "{fold}")


def experiment_options(wildcards):
    """How the folds were made, and what belongs to the experiment: results/ may hold more."""
    words = ("method", "identity", "coverage", "folds", "repeats")
    dataset = wildcards.dataset
    controls = [name for name in controls_of(dataset) if name == "shuffled_sequences"]
    return flags(
        {
            **{name: SPLIT[name] for name in words if name in SPLIT},
            "models": MODELS[dataset],
            "baselines": baselines_of(dataset),
            "variants": variants(dataset, fold=1) + controls,
        }
    )


def audit_options(wildcards):
    levels = config.get("audit", {}).get("levels", {})
    return shlex.join(f"--level={code}={level}" for code, level in levels.items())


def variants(dataset, fold):
    """The trainings of a model in a fold: the first fold has those that ask a question."""
    if fold > 1:
        return ["seed1"]
    n_seeds = STUDY["n_seeds"]
    ensemble = n_seeds > 1 and has(dataset, "ensemble")
    labels = "shuffled_labels"
    return [
        *(f"seed{number}" for number in range(1, n_seeds + 1)),
        *(["ensemble"] if ensemble else []),
        *(f"train{round(100 * x)}" for x in STUDY["learning_curve"]),
        *([labels] if labels in controls_of(dataset) else []),
    ]


def members_of_ensemble(wildcards):
    folder = "results/{dataset}/fold{fold}/{model}/seed{seed}/model.safetensors"
    seeds = range(1, STUDY["n_seeds"] + 1)
    return [folder.format(seed=seed, **wildcards) for seed in seeds]


def final_run(wildcards):
    """The model of the first fold that is given to others, and its scores."""
    names = variants(wildcards.dataset, fold=1)
    variant = "ensemble" if "ensemble" in names else "seed1"
    folder = f"results/{wildcards.dataset}/fold1/{wildcards.model}/{variant}"
    return {
        "model": f"{folder}/model.safetensors",
        "metrics": f"{folder}/metrics.json",
    }


def final_models():
    return [
        f"results/{dataset}/models/{model}.safetensors"
        for dataset in DATASETS
        for model in MODELS[dataset]
    ]


def scored(dataset):
    """The folders of all scored runs of a data set."""
    for fold in FOLDS:
        folder = f"results/{dataset}/fold{fold}"
        for model in MODELS[dataset]:
            yield from (
                f"{folder}/{model}/{variant}" for variant in variants(dataset, fold)
            )
        yield from (f"{folder}/baselines/{name}" for name in baselines_of(dataset))


def scores_of(wildcards):
    """All scores of a data set, and those of the models on shuffled sequences."""
    dataset = wildcards.dataset
    names = ("metrics.json", "predictions.tsv")
    files = [f"{folder}/{name}" for folder in scored(dataset) for name in names]
    if "shuffled_sequences" in controls_of(dataset):
        files += main_runs([dataset], "shuffled.json", folds=[1])
    return files


def main_runs(datasets, *names, folds=None):
    """Files of the runs that a model is judged by: those of the first seed in each fold."""
    return [
        f"results/{dataset}/fold{fold}/{model}/seed1/{name}"
        for dataset in datasets
        for model in MODELS[dataset]
        for fold in folds or FOLDS
        for name in names
    ]


def notes(datasets):
    """Logs and timings that the report quotes; where jobs share files it finds them by itself."""
    if not STORED:
        return []
    steps = [step for dataset in datasets for step in steps_of(dataset)]
    timed = [step for step in steps if step.startswith("train")]
    return [
        *(f"logs/{step}.log" for step in steps),
        *(f"results/timings/{step}.tsv" for step in timed),
    ]


def steps_of(dataset):
    for step in ("audit", "split", "experiment"):
        yield f"{step}/{dataset}"
    for folder in scored(dataset):
        _, _, fold, name, variant = folder.split("/")
        run = f"{dataset}/{fold}/{name}"
        if name == "baselines":
            yield f"baseline/{dataset}/{fold}/{variant}"
        else:
            ensemble = variant == "ensemble"
            yield f"ensemble/{run}" if ensemble else f"train/{run}/{variant}"
            yield f"evaluate/{run}/{variant}"
    for model in MODELS[dataset]:
        yield f"annotate/{dataset}/fold1/{model}"
        if "shuffled_sequences" in controls_of(dataset):
            yield f"control/{dataset}/fold1/{model}/seed1"
    for fold in FOLDS if SEARCHED in MODELS[dataset] else []:
        yield f"best/{dataset}/fold{fold}"
        for trial in range(1, config["search"]["trials"] + 1):
            yield f"search/{dataset}/fold{fold}/{trial}"


def found_parameters(wildcards):
    """The file of the search that a model waits for; its own fold's, whose test it never saw."""
    file = "results/{dataset}/search/fold{fold}/best.yaml".format(**wildcards)
    return file if wildcards.model == SEARCHED else []


def found_options(wildcards, input):
    """Options that the search has found, for the model that waits for it.

    They are apart from the others since Snakemake trains again when the parameters of a rule
    change, but leaves out those that depend on a file: that, it looks at itself.
    """
    if wildcards.model != SEARCHED:
        return ""
    found = yaml.safe_load(Path(input.parameters).read_text(encoding="utf-8"))
    (options,) = found["models"].values()
    unlike = ("datasets", "random_state")  # of the variant
    return flags({key: value for key, value in options.items() if key not in unlike})


def model_options(wildcards):
    """Options of a training: those of the model, and what its variant changes."""
    options = {"random_state": config["seed"], **configured(wildcards.model)}
    options.pop("datasets", None)
    if wildcards.model == SEARCHED:  # its other options are what the search has found
        options = {"random_state": options["random_state"]}
    kind, number = re.fullmatch(r"([a-z_]+)(\d*)", wildcards.variant).groups()
    if kind == "seed":
        options["random_state"] += int(number) - 1
    elif kind == "train":
        options["train_fraction"] = int(number) / 100
    else:
        return flags(options) + " --shuffle-labels"
    return flags(options)


def space_words(values):
    """Write the values of a parameter as --space has them."""
    if isinstance(values, dict):
        words = [
            values["low"],
            values["high"],
            *([values["step"]] if "step" in values else []),
        ]
        return ":".join(map(str, [*words, *(["log"] if values.get("log") else [])]))
    return ",".join(
        "+".join(value) if isinstance(value, list) else str(value) for value in values
    )


def search_options(wildcards):
    search = config["search"]
    options = {"random_state": config["seed"], **configured(SEARCHED)}
    options.pop("datasets", None)
    words = [flags({"time_budget": search.get("time_budget"), **options})]
    for name, values in search.get("space", {}).items():
        words.append(shlex.join(["--space", f"{name}={space_words(values)}"]))
    return " ".join(words)


def trials(wildcards):
    """Results of all trials on a fold; they share one journal, which is no output of any."""
    numbers = range(1, config["search"]["trials"] + 1)
    return expand(
        "results/{{dataset}}/search/fold{{fold}}/trial{trial}.json", trial=numbers
    )


def journal(wildcards, output):
    """Name the journal, which is no output: Snakemake would remove it with a job that failed."""
    return f"{os.path.dirname(output[0])}/journal.log"


def warmup_marker(dtype, cell, precision=None):
    """Name the versions that the compiled kernels depend on, so that an upgrade compiles anew."""
    words = [dtype, cell, precision or "usual"]
    for package in ("fastgru", "numba"):
        try:
            words += [package, metadata.version(package)]
        except (
            metadata.PackageNotFoundError
        ):  # it lives in the environment of the rules
            words += [package, "unknown"]
    return f"results/warmup/{'-'.join(words)}.done"


def kernels(*words):
    """The marker that kernels are compiled; none where jobs share no kernels."""
    return [] if STORED else warmup_marker(*words)


def kernels_needed(wildcards):
    options = configured(wildcards.get("model", SEARCHED))
    return kernels(
        options.get("dtype", "float32"),
        options.get("cell", "gru"),
        options.get("precision"),
    )


def print_summary():
    """Show the table of all runs and name the report, at the end of a run."""
    scores = [score for entry in TASKS.values() for score in entry["scores"]]
    wanted = ["dataset", "name", "kind", "n_test", *dict.fromkeys(scores), "verdict"]
    table, page = Path("results/summary.tsv"), Path("results/report.html")
    if not (table.exists() and page.exists()):
        return  # Only a part of the workflow was asked for.
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    columns = [name for name in wanted if rows and name in rows[0]]
    shown = [
        columns,
        *([round_number(row[name] or "") for name in columns] for row in rows),
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*shown)]
    print()
    for row in shown:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print(f"\nReport: {page.resolve()}")


def round_number(cell):
    return f"{float(cell):.3f}" if re.fullmatch(r"-?\d+\.\d+", cell) else cell


wildcard_constraints:
    dataset="[^/]+",
    cell="gru|lstm|rnn",
    dtype="float32|float64",
    fold="[0-9]+",
    model="[^/]+",
    variant="seed[0-9]+|train[0-9]+|shuffled_labels|ensemble",
    trial="[0-9]+",
