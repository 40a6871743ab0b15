# Reads and checks the configuration and the sheet of data sets.
import csv
import difflib
import os
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.io import sourcecache_entry
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
    """Look for a file where data are, then among the sources of this workflow.

    Data are in the storage if there is one, else in the working directory. Sources, which Snakemake
    takes to wherever jobs run, are there or in the repository.
    """
    if not exists(path):
        for source in (path, str(REPOSITORY / path)):
            if os.path.exists(source):
                return sourcecache_entry(source, path)
    return path


def read_sheet(path):
    """Return the rows of the sheet by data set, in the order of the sheet."""
    path = path if os.path.exists(path) else locate(path)
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
        place = f"{path}, line {number}"
        check(row, "datasets", place)
        row = {"task": "classification", **row}
        check_columns(row, place)
        row.update(
            {
                column: find_file(row[column], f"{place} > {column}", folders=True)
                for column in FILES
                if column in row
            }
        )
        PLACES.setdefault(row["dataset"], place)
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


def check_columns(row, place):
    """Refuse a row without what its task needs, or with what it does not know."""
    task = TASKS[row["task"]]
    missing = [name for name in task["needs"] if name not in row]
    if missing:
        raise WorkflowError(
            f"{place} > {missing[0]}: is empty, expected it filled, since the task {row['task']} needs "
            f"{' and '.join(task['needs'])} (see config/README.md)."
        )
    known = ["dataset", "task", "alphabet", "fasta", *task["columns"]]
    kind = f"the task {row['task']}"
    if row["alphabet"] == "series":
        if row["task"] not in OF_SERIES["tasks"]:
            raise WorkflowError(
                f"{place} > alphabet: found 'series' for the task {row['task']}, which is about letters, "
                f"expected one of {', '.join(OF_SERIES['tasks'])} with it. Correct one of the two (see "
                "config/README.md)."
            )
        known = [name for name in known if name not in OF_SERIES["lacks_columns"]]
        kind += " of series"
    for name in row:
        if name not in known:
            raise WorkflowError(
                f"{place} > {name}: found {row[name]!r}, expected nothing, since {kind} "
                f"has no such column; it knows {', '.join(known)}. Leave the cell empty, or correct "
                "the task (see config/README.md)."
            )


def find_file(path, place, *, folders=False):
    """Locate a file; refuse one that is not there, for Snakemake would not say who asked for it."""
    found = locate(path)
    if not exists(found) or (os.path.isdir(found) and not folders):
        where = f"the folder in which Snakemake runs ({Path.cwd()})"
        if STORED:
            where = f"the storage ({workflow.storage_settings.default_storage_prefix})"
        raise WorkflowError(
            f"{place}: there is no file {path!r}, expected one in {where} or in the workflow's own. "
            "Correct the path (see config/README.md)."
        )
    return found


def check_forms(name, rows, path):
    """Refuse a data set whose rows differ, or whose labels come from nowhere or several places."""
    forms = {tuple({"class", "labels", "label_field"} & row.keys()) for row in rows}
    tasks = sorted({row["task"] for row in rows})
    one_form = len(forms) == 1 and len(next(iter(forms))) == 1
    if len(tasks) > 1:
        fault = f"its rows have the tasks {' and '.join(tasks)}, expected one for all"
    elif tasks == ["classification"] and not one_form:
        fault = "fill exactly one of the columns class, labels and label_field"
    elif len({row["alphabet"] for row in rows}) != 1:
        fault = "all rows of a data set need the same alphabet"
    elif len({row.get("features") for row in rows}) != 1:
        fault = "all rows of a data set need the same file of features"
    elif "class" not in rows[0] and len(rows) > 1:
        fault = "a data set without the column class has one row, with one FASTA file"
    elif "class" in rows[0] and len({row["class"] for row in rows}) < max(2, len(rows)):
        fault = "a data set with classes needs two rows or more, each with a class of its own"
    else:
        return
    raise WorkflowError(f"{path}, data set {name!r}: {fault}. See config/README.md.")


def check_split():
    """Refuse a split by what a data set does not have: letters to align, or a table with a column."""
    method = SPLIT["method"]
    column = {"group": "group", "given": "split"}.get(method)
    for name, rows in DATASETS.items():
        if method == "homology" and has_series(name):
            raise WorkflowError(
                f"configuration > split > method: 'homology' aligns letters, but the data set {name!r} "
                f"({PLACES[name]}) has series, expected random, group or given. Choose another method "
                "(see config/README.md)."
            )
        if column is not None and "labels" not in rows[0]:
            raise WorkflowError(
                f"configuration > split > method: {method!r} takes the column {column} of the table in "
                f"the column labels, but the data set {name!r} ({PLACES[name]}) has none. Name a table "
                "there, or choose another method (see config/README.md)."
            )


def check_options(model, place):
    """Refuse options of a model that the task of one of its data sets does not know."""
    for dataset in [name for name in DATASETS if model in MODELS[name]]:
        task = task_of(dataset)
        for option in configured(model):
            knowing = MODEL_OPTIONS[option].get("tasks", list(TASKS))
            if task not in knowing:
                raise WorkflowError(
                    f"configuration > {place} > {option}: the data set {dataset!r} ({PLACES[dataset]}) "
                    f"has the task {task}, which does not know this option, expected one of "
                    f"{', '.join(knowing)}. Leave the option out, or name the data sets of the model "
                    "under datasets (see config/README.md)."
                )


def configured(model):
    """Return what the configuration says of a model, or of all that the search tries."""
    if model == SEARCHED:
        return config["search"].get("model", {})
    return config["models"][model]


def datasets_of(options, place, known):
    """Return the data sets that a model or a search is for; all it can be for if none is named."""
    chosen = options.get("datasets", known)
    unknown = set(chosen) - DATASETS.keys()
    if unknown:
        raise WorkflowError(
            f"configuration > {place} > datasets: not in {config['datasets']}: "
            f"{', '.join(sorted(unknown))}. It lists: {', '.join(DATASETS)}."
        )
    others = [name for name in chosen if name not in known]
    if others or not chosen:
        found = ", ".join(f"{name} ({task_of(name)})" for name in others or DATASETS)
        tasks = [
            task for task, entry in TASKS.items() if "search" not in entry["lacks"]
        ]
        inputs = [name for name, parts in LACKS.items() if "search" in parts]
        raise WorkflowError(
            f"configuration > {place} > datasets: found {found}, expected data sets of the task "
            f"{' or '.join(tasks)} without {' or '.join(inputs)}, which a search is for. "
            "Name others, or leave the search out."
        )
    return chosen


def find_models():
    """Return the names of the models that are trained on each data set."""
    chosen = {
        model: datasets_of(configured(model), f"models > {model}", list(DATASETS))
        for model in config["models"]
    }
    if "search" in config:
        searchable = [name for name in DATASETS if has(name, "search")]
        chosen[SEARCHED] = datasets_of(
            configured(SEARCHED), "search > model", searchable
        )
    return {
        dataset: [model for model, datasets in chosen.items() if dataset in datasets]
        for dataset in DATASETS
    }


REPOSITORY = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parents[1]
# Whether data are in a storage, since jobs share no files: then they keep none, journals or kernels.
STORED = workflow.storage_settings.default_storage_provider is not None

check(config, "config", "configuration")
config.setdefault("seed", 1)
SCHEMA = yaml.safe_load(
    (REPOSITORY / "workflows/schemas/config.schema.yaml").read_text(encoding="utf-8")
)
MODEL_OPTIONS = SCHEMA["$defs"]["model"]["properties"]
PLACES = {}
DATASETS = read_sheet(config["datasets"])
SEARCHED = "searched"
MODELS = find_models()
SPLIT = {"method": "homology", "folds": 5, **config.get("split", {})}
FOLDS = range(1, SPLIT["folds"] * SPLIT.get("repeats", 1) + 1)
STUDY = {
    "baselines": SCHEMA["properties"]["baselines"]["default"],
    "controls": ["shuffled_labels", "shuffled_sequences"],
    "n_seeds": 3,
    "learning_curve": [0.25, 0.5],
    **config,
}
check_split()
for name in config["models"]:
    check_options(name, f"models > {name}")
if "search" in config:
    check_options(SEARCHED, "search > model")
