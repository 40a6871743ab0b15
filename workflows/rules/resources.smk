# Threads, memory and run time of a rule, the last two from the size of what it reads.
# The figures that the rules give here were measured (config/README.md says how), with some room.
# A job that is started again asks for as much again (`attempt`).
import math

PACKED = (".gz", ".bz2", ".xz")


def text_mb(paths):
    """Return about the megabytes of text in files; compressed ones hold five times their size."""
    return sum(
        bytes_in(path) / 1e6 * (5 if str(path).endswith(PACKED) else 1)
        for path in paths
    )


def bytes_in(path):
    """Return the size of a file, here or in a storage; nothing of what is not there yet."""
    stored = getattr(path, "flags", {}).get("storage_object")
    if stored is not None:
        return stored.size() if stored.exists() else 0
    return Path(path).stat().st_size if Path(path).is_file() else 0


def sized(base, per_mb=0, *, of=None, sharing=False):
    """Return what says how much of a resource a job needs.

    That is base + per_mb for each megabyte of text in the input (or in what `of` lists), or, where
    shards share it, in a shard.
    """

    def amount(wildcards, input, attempt):
        slope = per_mb(wildcards) if callable(per_mb) else per_mb
        megabytes = text_mb(input if of is None else of(wildcards))
        if sharing:
            megabytes /= int(wildcards.number)
        return math.ceil((base + slope * megabytes) * attempt)

    return amount


def baseline_mb(wildcards):
    """Memory of a baseline for each megabyte: words take 75 bytes per letter, series count none."""
    return 10 if has_series(wildcards.dataset) else 100


def threads_per_trial(wildcards):
    n_searches = len(FOLDS) * sum(SEARCHED in names for names in MODELS.values())
    return max(1, workflow.cores // (config["search"]["trials"] * n_searches))


def threads_per_run(wildcards):
    """Share the cores among the trainings: jobs side by side do not wait for one another."""
    n_runs = sum(
        len(variants(dataset, fold)) * len(models)
        for dataset, models in MODELS.items()
        for fold in FOLDS
    )
    return max(1, workflow.cores // n_runs)


def threads_per_dataset(wildcards):
    return max(1, workflow.cores // len(DATASETS))
