# Reads and checks the sections `predict` and `scan` of the configuration: large inputs, which are
# cut into shards and put together again.
import json
import math

# What belongs to an entry itself; the other keys are options of the command.
OF_ENTRY = ("model", "fasta", "shards", "letters_per_shard")
OF_TRACKS = ("calls", "tracks", "class", "call_above", "extend_above")


def read_large(section):
    """Return the entries of a section by name, with their files and the number of their shards."""
    entries = {}
    for name, options in config.get(section, {}).items():
        place = f"configuration > {section} > {name}"
        paths = options["fasta"]
        entry = dict(options)
        entry["fasta"] = [paths] if isinstance(paths, str) else list(paths)
        for key in ("fasta", "regions"):
            listed = entry["fasta"] if key == "fasta" else [options.get(key)]
            check_given(filter(None, listed), f"{place} > {key}")
        entry["fasta"] = [locate(path) for path in entry["fasta"]]
        entry["model"], entry["kernels"] = find_model(options["model"], place)
        if "regions" in entry:
            entry["regions"] = locate(entry["regions"])
        if section == "scan" and ("window" in entry) == ("context" in entry):
            raise WorkflowError(
                f"{place}: expected either window, or, for a model that labels letters, context. "
                "Give one of them (see config/README.md)."
            )
        if "tracks" in entry and "strands" not in entry:
            raise WorkflowError(
                f"{place} > tracks: there are no strands, expected them, which the tracks are "
                "named after. Say under strands which are scanned (see config/README.md)."
            )
        if "bigwig" in entry.get("tracks", ()) and len(entry["fasta"]) > 1:
            raise WorkflowError(
                f"{place} > tracks: bigwig takes the lengths of chromosomes from one file, found "
                f"{len(entry['fasta'])} under fasta, expected one. Join them, for example with cat "
                "(see config/README.md)."
            )
        if "shards" not in entry:
            per_shard = options.get("letters_per_shard", LETTERS_PER_SHARD)
            entry["shards"] = math.ceil(1e6 * text_mb(entry["fasta"]) / per_shard) or 1
        entries[name] = entry
    return entries


def check_given(paths, place):
    """Refuse files that are not there, before anything is run."""
    for path in paths:
        if not Path(locate(path)).is_file():
            raise WorkflowError(
                f"{place}: there is no file {path!r}, expected one in the folder in which "
                f"Snakemake runs ({Path.cwd()}) or in the workflow's own. Correct the path (see "
                "config/README.md)."
            )


def find_model(name, place):
    """Return the file of a model, and the marker that its kernels are compiled."""
    dataset, _, model = name.partition("/")
    if model in MODELS.get(dataset, ()):
        options = configured(model)
        kernels = warmup_marker(
            options.get("dtype", "float32"), options.get("cell", "gru")
        )
        return f"results/{dataset}/models/{model}.safetensors", kernels
    if not Path(locate(name)).is_file():
        known = [
            f"{dataset}/{model}" for dataset in MODELS for model in MODELS[dataset]
        ]
        raise WorkflowError(
            f"{place} > model: there is no file {name!r} and no such model of a data set, expected "
            f"the path of a model file, or one of {', '.join(known)}. Correct the name (see "
            "config/README.md)."
        )
    return locate(name), warmup_marker(*precision_and_cell(locate(name)))


def precision_and_cell(path):
    """Read from a model file which kernels it needs; what is wrong with it, the command will say."""
    try:
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size if size < 1 << 27 else 0))
        card = json.loads(header["__metadata__"]["fastgru"])
        architecture = card.get("members", [card])[0]["architecture"]
        return architecture["dtype"], architecture.get("cell", "gru")
    except (ValueError, LookupError, TypeError):
        return "float32", "gru"


def large_results():
    """What the sections ask for; nothing where they are left out."""
    files = [f"results/predictions/{name}/predictions.tsv.gz" for name in PREDICT]
    for name, entry in SCAN.items():
        wanted = ["windows.tsv.gz"]
        wanted += ["calls.bed"] if entry.get("calls", True) else []
        wanted += ["tracks"] if entry.get("tracks") else []
        files += [f"results/scans/{name}/{file}" for file in wanted]
    return files


def entry_of(wildcards):
    name = wildcards.get("prediction")
    return PREDICT[name] if name is not None else SCAN[wildcards.scan]


def large_files(wildcards):
    return entry_of(wildcards)["fasta"]


def large_model(wildcards):
    return entry_of(wildcards)["model"]


def large_kernels(wildcards):
    return entry_of(wildcards)["kernels"]


def regions_of(wildcards):
    return entry_of(wildcards).get("regions", [])


def number_of_shards(wildcards):
    return entry_of(wildcards)["shards"]


def shards_of(pattern):
    """Return what lists the tables of all shards of an entry in order."""

    def tables(wildcards):
        number = number_of_shards(wildcards)
        return [
            pattern.format(**wildcards, shard=shard, number=number)
            for shard in range(1, number + 1)
        ]

    return tables


def predict_options(wildcards):
    options = PREDICT[wildcards.prediction]
    return flags(
        {key: options[key] for key in options if key not in (*OF_ENTRY, "kernels")}
    )


def window_options(wildcards):
    options = SCAN[wildcards.scan]
    words = ("window", "step", "context", "regions")
    return flags({key: options[key] for key in words if key in options})


def scan_options(wildcards):
    options = SCAN[wildcards.scan]
    others = (*OF_ENTRY, *OF_TRACKS, "kernels", "sum")
    words = [flags({key: options[key] for key in options if key not in others})]
    for name, labels in options.get("sum", {}).items():
        words.append(shlex.join(["--sum", f"{name}={','.join(map(str, labels))}"]))
    return " ".join(words)


def call_options(wildcards):
    options = SCAN[wildcards.scan]
    of_calls = ("class", "call_above", "extend_above")
    return flags({key: options[key] for key in of_calls if key in options})


def track_options(wildcards):
    """Write the files of scores: one, or one for each strand."""
    options = SCAN[wildcards.scan]
    strand = ".{strand}" if options["strands"] == "both" else ""
    suffixes = {"bedgraph": "bedgraph", "bigwig": "bw"}
    folder = f"results/scans/{wildcards.scan}/tracks"
    files = {
        kind: f"{folder}/scores{strand}.{suffixes[kind]}" for kind in options["tracks"]
    }
    return flags({**files, "class": options.get("class")})


def threads_per_shard(wildcards):
    """Share the cores among all shards, up to four: a shard gains little from more."""
    n_shards = sum(entry["shards"] for entry in [*PREDICT.values(), *SCAN.values()])
    return max(1, min(4, workflow.cores // n_shards))


LETTERS_PER_SHARD = SCHEMA["$defs"]["letters_per_shard"]["default"]
PREDICT = read_large("predict")
SCAN = read_large("scan")


wildcard_constraints:
    prediction="[^/]+",
    scan="[^/]+",
    shard="[0-9]+",
    number="[0-9]+",
