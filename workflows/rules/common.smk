# Reads and checks the configuration, and turns it into arguments of the fastgru command.
# All functions of the workflow live here; the other files hold rules only.
import csv
import difflib
import re
import shlex
from importlib import metadata
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate


def check(record, schema, place):
    """Validate a dictionary; on failure name the place and the fault, not the whole schema."""
    try:
        validate(record, f"../schemas/{schema}.schema.yaml", set_default=False)
    except WorkflowError as error:
        fault = error.__context__
        where = " > ".join([place, *(str(key) for key in fault.absolute_path)])
        text = fault.message
        if fault.validator == "additionalProperties":
            text = describe_unknown_key(fault.instance, fault.schema["properties"])
        elif fault.validator == "not":
            text = (
                f"the name {fault.instance!r} is taken by the workflow, choose another"
            )
        elif fault.validator == "type" and isinstance(fault.instance, str):
            text += "; numbers inside the braces of --config arrive as text, give them in a --configfile"
        raise WorkflowError(f"{where}: {text} (see config/README.md).") from None


def describe_unknown_key(record, known):
    unknown = next(key for key in record if key not in known)
    similar = difflib.get_close_matches(unknown, known, n=1)
    hint = (
        f"did you mean {similar[0]!r}?" if similar else f"known are {', '.join(known)}"
    )
    return f"unknown key {unknown!r}; {hint}"


def locate(path):
    """Look for a file in the working directory, then in the repository of this workflow."""
    bundled = REPOSITORY / path
    if Path(path).exists() or not bundled.exists():
        return path
    return str(bundled)


def read_sheet(path):
    """Return the rows of the sheet by data set, in the order of the sheet."""
    path = locate(path)
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WorkflowError(
            f"{path}: cannot read the sheet of data sets ({error})."
        ) from None
    datasets = {}
    header = None
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter="\t"))]
        if header is None:
            header = cells
            check_header([*filter(None, header)], f"{path}, line {number}")
            continue
        row = {key: cell for key, cell in zip(header, cells) if cell}
        check(row, "datasets", f"{path}, line {number}")
        check_files(row, f"{path}, line {number}")
        datasets.setdefault(row["dataset"], []).append(row)
    if not datasets:
        raise WorkflowError(
            f"{path}: no data set found, expected a header and one row or more."
        )
    for name, rows in datasets.items():
        check_forms(name, rows, path)
    return datasets


def check_header(columns, place):
    """Refuse columns that do not exist, before a row is taken for the fault."""
    schema = REPOSITORY / "workflows/schemas/datasets.schema.yaml"
    known = yaml.safe_load(schema.read_text(encoding="utf-8"))["properties"]
    if set(columns) <= known.keys():
        return
    if len(columns) == 1:
        fault = f"{columns[0]!r} is one column; use tabs between the columns"
    else:
        fault = describe_unknown_key(columns, known)
    raise WorkflowError(f"{place}: {fault} (see config/README.md).")


def check_files(row, place):
    """Refuse files that are not there, for Snakemake would not say who asked for them."""
    for column in ("fasta", "labels"):
        if column in row and not Path(locate(row[column])).exists():
            raise WorkflowError(
                f"{place} > {column}: there is no file {row[column]!r}, expected one in the folder "
                f"in which Snakemake runs ({Path.cwd()}) or in the workflow's own. Correct the "
                "path (see config/README.md)."
            )


def check_forms(name, rows, path):
    """Refuse a data set whose labels come from nowhere, or from several places."""
    forms = {tuple({"class", "labels", "label_field"} & row.keys()) for row in rows}
    if len(forms) != 1 or len(next(iter(forms))) != 1:
        fault = "fill exactly one of the columns class, labels and label_field"
    elif len({row["alphabet"] for row in rows}) != 1:
        fault = "all rows of a data set need the same alphabet"
    elif "class" not in rows[0] and len(rows) > 1:
        fault = "a data set with labels or label_field has one row, with one FASTA file"
    elif "class" in rows[0] and len({row["class"] for row in rows}) < max(2, len(rows)):
        fault = "a data set with classes needs two rows or more, each with a class of its own"
    else:
        return
    raise WorkflowError(f"{path}, data set {name!r}: {fault}. See config/README.md.")


def datasets_of(options, place):
    """Return the data sets that a model or a search is for."""
    chosen = options.get("datasets", list(DATASETS))
    unknown = set(chosen) - DATASETS.keys()
    if unknown:
        raise WorkflowError(
            f"configuration > {place} > datasets: not in {config['datasets']}: "
            f"{', '.join(sorted(unknown))}. It lists: {', '.join(DATASETS)}."
        )
    return chosen


def find_models():
    """Return the names of the models that are trained on each data set."""
    chosen = {
        model: datasets_of(options, f"models > {model}")
        for model, options in config["models"].items()
    }
    if "search" in config:
        chosen[SEARCHED] = datasets_of(
            config["search"].get("model", {}), "search > model"
        )
    return {
        dataset: [model for model, datasets in chosen.items() if dataset in datasets]
        for dataset in DATASETS
    }


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


def fasta_files(wildcards):
    return [locate(row["fasta"]) for row in DATASETS[wildcards.dataset]]


def data_files(wildcards):
    """All files of a data set: sequences and, if there is one, the table of labels."""
    rows = DATASETS[wildcards.dataset]
    return fasta_files(wildcards) + [
        locate(row["labels"]) for row in rows if "labels" in row
    ]


def baseline_mb(paths):
    """Memory of a baseline: words take 75 bytes per letter, a compressed letter four times that."""
    sizes = ((path, Path(path).stat().st_size) for path in map(str, paths))
    packed = (".gz", ".bz2", ".xz")
    letters = sum(4 * size if path.endswith(packed) else size for path, size in sizes)
    return 2000 + letters // 10_000


def labelled_input(wildcards):
    """Arguments that name sequences and labels, in the form that the sheet uses."""
    rows = DATASETS[wildcards.dataset]
    words = []
    for row in rows:
        if "class" in row:
            words += ["--class", f"{row['class']}={locate(row['fasta'])}"]
        elif "labels" in row:
            words += [locate(row["fasta"]), "--labels", locate(row["labels"])]
        else:
            words += [locate(row["fasta"]), "--label-field", row["label_field"]]
    return shlex.join([*words, "--alphabet", rows[0]["alphabet"]])


def split_options(wildcards):
    options = {**SPLIT, "seed": config["seed"]}
    if SPLIT["folds"] > 1:
        # the configuration may keep it for a single split, the command refuses it
        options.pop("test_fraction", None)
    return flags(options)


def experiment_options(wildcards):
    """How the folds were made, and what belongs to the experiment: results/ may hold more."""
    words = ("method", "identity", "coverage", "folds", "repeats")
    controls = [name for name in STUDY["controls"] if name == "shuffled_sequences"]
    return flags(
        {
            **{name: SPLIT[name] for name in words if name in SPLIT},
            "models": MODELS[wildcards.dataset],
            "baselines": STUDY["baselines"],
            "variants": variants(fold=1) + controls,
        }
    )


def audit_options(wildcards):
    levels = config.get("audit", {}).get("levels", {})
    return shlex.join(f"--level={code}={level}" for code, level in levels.items())


def variants(fold):
    """The trainings of a model in a fold: the first fold has those that ask a question."""
    if fold > 1:
        return ["seed1"]
    n_seeds = STUDY["n_seeds"]
    return [
        *(f"seed{number}" for number in range(1, n_seeds + 1)),
        *(["ensemble"] if n_seeds > 1 else []),
        *(f"train{round(100 * x)}" for x in STUDY["learning_curve"]),
        *(name for name in STUDY["controls"] if name == "shuffled_labels"),
    ]


def members_of_ensemble(wildcards):
    folder = "results/{dataset}/fold{fold}/{model}/seed{seed}/model.safetensors"
    seeds = range(1, STUDY["n_seeds"] + 1)
    return [folder.format(seed=seed, **wildcards) for seed in seeds]


def scored(dataset):
    """The folders of all scored runs of a data set."""
    for fold in FOLDS:
        folder = f"results/{dataset}/fold{fold}"
        for model in MODELS[dataset]:
            yield from (f"{folder}/{model}/{variant}" for variant in variants(fold))
        yield from (f"{folder}/baselines/{name}" for name in STUDY["baselines"])


def scores_of(wildcards):
    """All scores of a data set, and those of the models on shuffled sequences."""
    files = [f"{folder}/metrics.json" for folder in scored(wildcards.dataset)]
    if "shuffled_sequences" in STUDY["controls"]:
        main = f"results/{wildcards.dataset}/fold1/.*/seed1/metrics.json"
        files += [
            file.replace("metrics.json", "shuffled.json")
            for file in files
            if re.fullmatch(main, file)
        ]
    return files


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
    if wildcards.model == SEARCHED:
        shared = config["search"].get("model", {})
        options = {"random_state": shared.get("random_state", config["seed"])}
    else:
        options = {"random_state": config["seed"], **config["models"][wildcards.model]}
        options.pop("datasets", None)
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
    options = {"random_state": config["seed"], **search.get("model", {})}
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


def threads_per_trial(wildcards):
    n_searches = len(FOLDS) * sum(SEARCHED in names for names in MODELS.values())
    return max(1, workflow.cores // (config["search"]["trials"] * n_searches))


def threads_per_run(wildcards):
    """Share the cores among the trainings: jobs side by side do not wait for one another."""
    n_models = sum(map(len, MODELS.values()))
    n_runs = sum(len(variants(fold)) for fold in FOLDS) * n_models
    return max(1, workflow.cores // n_runs)


def threads_per_dataset(wildcards):
    return max(1, workflow.cores // len(DATASETS))


def warmup_marker(dtype, cell):
    """Name the versions that the compiled kernels depend on, so that an upgrade compiles anew."""
    words = [dtype, cell]
    for package in ("fastgru", "numba"):
        try:
            words += [package, metadata.version(package)]
        except (
            metadata.PackageNotFoundError
        ):  # it lives in the environment of the rules
            words += [package, "unknown"]
    return f"results/warmup/{'-'.join(words)}.done"


def kernels_needed(wildcards):
    if wildcards.get("model", SEARCHED) == SEARCHED:
        options = config["search"].get("model", {})
    else:
        options = config["models"][wildcards.model]
    return warmup_marker(options.get("dtype", "float32"), options.get("cell", "gru"))


def print_summary():
    """Show the table of all runs and name the report, at the end of a run."""
    columns = ["dataset", "name", "kind", "n_test", "accuracy", "roc_auc", "verdict"]
    table, page = Path("results/summary.tsv"), Path("results/report.html")
    if not (table.exists() and page.exists()):
        return  # Only a part of the workflow was asked for.
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    shown = [columns, *([round_number(row[name]) for name in columns] for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*shown)]
    print()
    for row in shown:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print(f"\nReport: {page.resolve()}")


def round_number(cell):
    return f"{float(cell):.3f}" if re.fullmatch(r"-?\d+\.\d+", cell) else cell


REPOSITORY = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parents[1]

check(config, "config", "configuration")
config.setdefault("seed", 1)
DATASETS = read_sheet(config["datasets"])
SEARCHED = "searched"
MODELS = find_models()
SPLIT = {"method": "homology", "folds": 5, **config.get("split", {})}
FOLDS = range(1, SPLIT["folds"] * SPLIT.get("repeats", 1) + 1)
STUDY = {
    "baselines": [
        "majority",
        "length",
        "composition",
        "kmer_logistic",
        "kmer_forest",
        "onehot_logistic",
        "nearest",
    ],
    "controls": ["shuffled_labels", "shuffled_sequences"],
    "n_seeds": 3,
    "learning_curve": [0.25, 0.5],
    **config,
}


wildcard_constraints:
    dataset="[^/]+",
    cell="gru|lstm|rnn",
    dtype="float32|float64",
    fold="[0-9]+",
    model="[^/]+",
    variant="seed[0-9]+|train[0-9]+|shuffled_labels|ensemble",
    trial="[0-9]+",
