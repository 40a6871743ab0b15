# What each task needs and has: the one place that knows how tasks differ.
# The words are those of the columns of the sheet, and of the options of the fastgru command.
# `scores` are the columns of summary.tsv that a run ends by showing.
import shlex

TASKS = {
    "classification": {
        "columns": ["class", "labels", "label_field", "features"],
        "needs": [],
        "baselines": [
            "majority",
            "length",
            "composition",
            "kmer_logistic",
            "kmer_forest",
            "onehot_logistic",
            "nearest",
        ],
        "scores": ["accuracy", "roc_auc"],
        "lacks": [],
    },
    "multilabel": {
        "columns": ["labels", "target", "features"],
        "needs": ["labels", "target"],
        "baselines": [
            "majority",
            "length",
            "composition",
            "kmer_logistic",
            "kmer_forest",
        ],
        "scores": ["roc_auc_macro", "pr_auc_macro"],
        "lacks": ["ensemble", "search"],
    },
    "regression": {
        "columns": ["labels", "target", "features"],
        "needs": ["labels", "target"],
        "baselines": ["mean", "length", "composition", "kmer_ridge"],
        "scores": ["r2", "pearson"],
        "lacks": ["ensemble", "search"],
    },
    "tagging": {
        "columns": ["labels", "step_labels"],
        "needs": ["step_labels"],
        "of_split_alone": ["labels"],  # its file carries groups and parts on
        "baselines": ["majority", "window_logistic"],
        "scores": ["accuracy", "sov"],
        "lacks": ["ensemble", "search"],
    },
    # The last two are scored beside their baselines in the evaluation itself.
    "language_model": {
        "columns": ["labels"],
        "needs": [],
        "baselines": [],
        "scores": ["bits_per_letter"],
        "lacks": ["ensemble", "search", "shuffled_labels"],
    },
    "translation": {
        "columns": ["labels", "translations", "target_alphabet"],
        "needs": ["translations"],
        "of_split_alone": ["labels"],  # its file carries groups and parts on
        "baselines": [],
        "scores": ["written_token_accuracy"],
        "lacks": ["ensemble", "search"],
    },
}

# What data sets lack that have features beside letters, or series in place of them.
LACKS = {
    "features": ["search", "shuffled_sequences"],
    "series": ["search", "shuffled_sequences"],
}

# What series go with: they have no headers, and nothing that is about letters.
OF_SERIES = {
    "tasks": ["classification", "multilabel", "regression"],
    "lacks_columns": ["label_field", "features"],
    "baselines": ["majority", "mean", "length"],
}

# What a command is not told: features, where the letters alone count; and what a model knows.
LEFT_OUT = {
    **{command: ["features"] for command in ("audit", "split", "baseline")},
    "evaluate": ["task", "target", "target_alphabet"],
}

FILES = ["fasta", "labels", "step_labels", "translations", "features"]


def task_of(dataset):
    return DATASETS[dataset][0]["task"]


def has_series(dataset):
    return DATASETS[dataset][0]["alphabet"] == "series"


def has(dataset, part):
    """Whether a data set has a part of the study, such as an ensemble: by task and input."""
    row = DATASETS[dataset][0]
    given = [*row, row["alphabet"]]
    lacking = [part for name, parts in LACKS.items() if name in given for part in parts]
    return part not in [*TASKS[row["task"]]["lacks"], *lacking]


def controls_of(dataset):
    return [name for name in STUDY["controls"] if has(dataset, name)]


def baselines_of(dataset):
    known = TASKS[task_of(dataset)]["baselines"]
    if has_series(dataset):
        known = [name for name in known if name in OF_SERIES["baselines"]]
    return [name for name in STUDY["baselines"] if name in known]


def files_of(command):
    """Return what lists the files of a data set that a command reads."""

    def files(wildcards):
        left_out = LEFT_OUT.get(command, [])
        read = [name for name in FILES if name not in left_out]
        rows = DATASETS[wildcards.dataset]
        return list(
            dict.fromkeys(row[name] for name in read for row in rows if name in row)
        )

    return files


def input_of(command):
    """Return what writes the arguments of a command that name a data set and what is learned.

    Files are named as the job has them, which takes them from a storage to a place of its own.
    """

    def arguments(wildcards, input):
        rows = DATASETS[wildcards.dataset]
        task, row = task_of(wildcards.dataset), rows[0]
        paths = input.get("sequences", input)
        path_of = dict(zip(files_of(command)(wildcards), paths, strict=True))
        sequences = [path_of[row["fasta"]]]
        if "class" in row:
            words = [f"{each['class']}={path_of[each['fasta']]}" for each in rows]
            sequences = [word for named in words for word in ("--class", named)]
        left_out = ["class", *LEFT_OUT.get(command, [])]
        if command not in ("audit", "split"):
            left_out += TASKS[task].get("of_split_alone", [])
        if task == "classification":
            left_out.append("task")
        options = {
            name: path_of[row[name]] if name in FILES else row[name]
            for name in (*TASKS[task]["columns"], "alphabet", "task")
            if name in row and name not in left_out
        }
        return f"{shlex.join(sequences)} {flags(options)}"

    return arguments


def rows_of(wildcards):
    """Return what the sheet says, in which a change makes results anew.

    Snakemake leaves out of account parameters that depend on files, as those of input_of do.
    """
    rows = DATASETS[wildcards.dataset]
    return [f"{name}={row[name]}" for row in rows for name in row]
