# Memory and run time of a rule, from the size of what it reads.
# The figures that the rules give here were measured (config/README.md says how), with some room.
# A job that is started again asks for as much again (`attempt`).
import math

PACKED = (".gz", ".bz2", ".xz")


def text_mb(paths):
    """Return about the megabytes of text in files; compressed ones hold five times their size."""
    found = [Path(path) for path in map(str, paths) if Path(path).is_file()]
    return sum(
        path.stat().st_size / 1e6 * (5 if path.suffix in PACKED else 1)
        for path in found
    )


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
