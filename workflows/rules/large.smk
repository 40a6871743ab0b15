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
        entry = dict(options)
        paths = options["fasta"]
        paths = [paths] if isinstance(paths, str) else paths
        entry["fasta"] = [find_file(path, f"{place} > fasta") for path in paths]
        entry["model"], entry["kernels"] = find_model(options["model"], place)
        if "regions" in entry:
            entry["regions"] = find_file(options["regions"], f"{place} > regions")
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
            letters = 1e6 * text_mb(map(workflow.inputfile, entry["fasta"]))
            entry["shards"] = math.ceil(letters / per_shard) or 1
        entries[name] = entry
    return entries


def find_model(name, place):
    """Return the file of a model, and the marker that its kernels are compiled."""
    dataset, _, model = name.partition("/")
    if model in MODELS.get(dataset, ()):
        options = configured(model)
        needed = kernels(options.get("dtype", "float32"), options.get("cell", "gru"))
        return f"results/{dataset}/models/{model}.safetensors", needed
    found = locate(name)
    if not exists(found) or os.path.isdir(found):
        known = [
            f"{dataset}/{model}" for dataset in MODELS for model in MODELS[dataset]
        ]
        raise WorkflowError(
            f"{place} > model: there is no file {name!r} and no such model of a data set, expected "
            f"the path of a model file, or one of {', '.join(known)}. Correct the name (see "
            "config/README.md)."
        )
    return found, kernels(*precision_and_cell(found))


def precision_and_cell(path):
    """Read from a model file which kernels it needs; what is wrong with it, the command will say."""
    try:
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size if size < 1 << 27 else 0))
        card = json.loads(header["__metadata__"]["fastgru"])
        architecture = card.get("members", [card])[0]["architecture"]
        return architecture["dtype"], architecture.get("cell", "gru")
    except (OSError, ValueError, LookupError, TypeError):
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
    words = ("window", "step", "context")
    return flags({key: options[key] for key in words if key in options})


def scan_options(wildcards):
    options = SCAN[wildcards.scan]
    others = (*OF_ENTRY, *OF_TRACKS, "kernels", "regions", "sum")
    words = [flags({key: options[key] for key in options if key not in others})]
    for name, labels in options.get("sum", {}).items():
        words.append(shlex.join(["--sum", f"{name}={','.join(map(str, labels))}"]))
    return " ".join(words)


def region_options(wildcards, input):
    return flags({"regions": input.regions or None})


def call_options(wildcards):
    options = SCAN[wildcards.scan]
    of_calls = ("class", "call_above", "extend_above")
    return flags({key: options[key] for key in of_calls if key in options})


def track_kinds(wildcards):
    return SCAN[wildcards.scan]["tracks"]


def track_files(wildcards, output):
    """Name the files of scores: one, or one for each strand."""
    strand = ".{strand}" if SCAN[wildcards.scan]["strands"] == "both" else ""
    suffixes = {"bedgraph": "bedgraph", "bigwig": "bw"}
    return flags(
        {
            kind: f"{output}/scores{strand}.{suffixes[kind]}"
            for kind in track_kinds(wildcards)
        }
    )


def track_options(wildcards):
    return flags({"class": SCAN[wildcards.scan].get("class")})


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
