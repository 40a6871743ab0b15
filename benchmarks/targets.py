"""What this version promises, and how each promise is measured.

A target is about all rows that name it (:mod:`benchmarks.rows`, or a ``bench_*.py`` for what is not
a layer): every one of them has to hold it, or their geometric mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _with_two_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:#.2g}"


@dataclass(frozen=True)
class Measure:
    """What is read off the times of a row.

    Attributes
    ----------
    more_is_better
        Whether the target is a least value; else it is a largest one.
    text
        How a value is shown.
    """

    more_is_better: bool
    text: Callable[[float], str]

    def holds(self, value: float, bound: float) -> bool:
        """Whether a value is on the right side of a bound."""
        return value >= bound if self.more_is_better else value <= bound

    def worst(self, values: list[float]) -> float:
        """Return the value that is furthest on the wrong side."""
        return min(values) if self.more_is_better else max(values)


MEASURES = {
    # work per second in terms of the rival's
    "ratio": Measure(True, lambda value: _with_two_digits(value) + "x"),
    "share": Measure(True, lambda value: f"{100 * value:.0f} %"),
    # time for the same work in terms of the rival's
    "cost": Measure(False, lambda value: f"{value:.2f}x"),
    "seconds": Measure(False, lambda value: f"{value:.3g} s"),
    "floats": Measure(False, lambda value: f"{value:.2f}"),
    "megabytes": Measure(False, lambda value: f"{value:.0f} MB"),
}


@dataclass(frozen=True)
class Target:
    """A promise.

    Attributes
    ----------
    text
        What it is about.
    bound
        Least or largest value.
    measure
        Key of :data:`MEASURES`.
    of_mean
        Whether the geometric mean of the rows counts; else each row does.
    in_readme
        Whether the short table shows it.
    if_missed
        Why it is missed where it is, as found by profiling; "" where that is not known.
    """

    text: str
    bound: float
    measure: str = "ratio"
    of_mean: bool = False
    in_readme: bool = False
    if_missed: str = ""


LIMIT_SHARES = {32: 0.50, 64: 0.65, 128: 0.77, 256: 0.82, 512: 0.82}
"""Share of the FMA limit that a training step reaches, by hidden units."""

DENSE_LOSS = 0.05
"""What dense input may take off those."""

_GATES = "gates, tape and call outweigh the product at this size (decision 0099)"
_SHARED = "the tape passes through memory, and packing through one thread (decision 0099)"
_BOTH = "gates, tape, and what one thread does around the kernels (decision 0099)"
_FOUR_GATES = "five functions of a unit where a GRU has three, and a tape that holds c as well"
_PYTORCH = "PyTorch's call and engine take a tenth of a step of 32 units, more with cold caches"
_NEAR = "both are near the limit of the machine"
_ONE_THREAD = "one thread packs the weights before, and adds up the sums after"
_IF_MISSED = {32: _GATES, 64: _GATES, 128: _BOTH, 256: _SHARED, 512: _SHARED}

_LIMITS = {
    f"limit-{kind}-{hidden}": Target(
        f"GRU training step, {name}, H {hidden}, of the FMA limit",
        round(share - loss, 2),
        "share",
        in_readme=kind == "tokens" and hidden in {64, 256},
        if_missed=_IF_MISSED[hidden],
    )
    for kind, name, loss in (("tokens", "tokens", 0.0), ("dense", "dense I = H", DENSE_LOSS))
    for hidden, share in LIMIT_SHARES.items()
}

TARGETS = {
    **_LIMITS,
    "limit-before": Target(
        "reset-before GRU, H 128, of the FMA limit", 0.70, "share", if_missed=_BOTH
    ),
    "limit-lstm": Target("LSTM, H 128, of the FMA limit", 0.70, "share", if_missed=_BOTH),
    "pytorch-mean": Target(
        "GRU training step against PyTorch, geometric mean of 24 sizes",
        *(8, "ratio"),
        of_mean=True,
        in_readme=True,
        if_missed=_BOTH,
    ),
    "pytorch-32": Target("the same, H 32, each size", 6, if_missed=_GATES),
    "pytorch-64": Target("the same, H 64, each size", 6, if_missed=_GATES),
    "pytorch-128": Target("the same, H 128, each size", 3),
    "pytorch-256": Target("the same, H 256, each size", 1.9, in_readme=True),
    "lstm-tokens": Target(
        "LSTM training step against PyTorch, tokens, H 128", 2, if_missed=_FOUR_GATES
    ),
    "lstm-dense": Target("the same, dense I = H", 1.4, if_missed=_FOUR_GATES),
    "module-share": Target(
        "training step of fastgru.torch.GRU, of the speed of fastgru.GRU, H 32 to 256",
        *(0.90, "share"),
        of_mean=True,
        if_missed=_PYTORCH,
    ),
    "module-ratio": Target(
        "training step of fastgru.torch.GRU against torch.nn.GRU, H 32 to 256",
        *(3, "ratio"),
        of_mean=True,
    ),
    "loop-ratio": Target(
        "training loop in PyTorch with fastgru.torch.GRU against torch.nn.GRU, H 64 and 128",
        *(3, "ratio"),
    ),
    "onednn-tokens": Target(
        "GRU training step against oneDNN, tokens", 1.7, in_readme=True, if_missed=_SHARED
    ),
    "onednn-dense": Target("the same, dense I = H", 1.1, if_missed=_NEAR),
    "onnx-batched": Target(
        "GRU inference against ONNX Runtime, B 64 and 128", 5, in_readme=True, if_missed=_BOTH
    ),
    "onnx-single": Target(
        "the same, B 1, T 1000, H 128", 1, if_missed="a row alone reads all weights for itself"
    ),
    "ragged": Target("ragged batch, time per token over a rectangular one's", 1.1, "cost"),
    "packed": Target("ragged training step against PyTorch's packed", 8),
    "threads": Target("2 threads against 1, training step, B 64", 1.85, if_missed=_ONE_THREAD),
    "memory": Target("floats kept for the gradients, by T x B x H", 5.5, "floats"),
    "memory-saved": Target("the same with save_memory", 1.6, "floats"),
    "memory-time": Target(
        "training step with save_memory, time over that without",
        1.4,
        "cost",
        if_missed="a fourth product beside three, and the gates once more",
    ),
    "start-empty": Target(
        "first step of a new process, kernel cache empty",
        *(15, "seconds"),
        if_missed="each kernel is a compilation of some tens of parts",
    ),
    "start-filled": Target(
        "first step of a new process, kernel cache filled",
        1.5,
        "seconds",
        if_missed="most of it are imports, which a shared core delays",
    ),
    "avx2": Target(
        "GRU training step in AVX2 mode, H 128, of the 256-bit FMA limit",
        *(0.85, "share"),
        if_missed=_BOTH,
    ),
    "hybrid-pytorch": Target(
        "convolution, BiGRU and attention, H 64, training step against PyTorch", 4
    ),
    "hybrid-share": Target(
        "the same against the BiGRU on letters alone",
        *(0.70, "share"),
        if_missed="dense input is a product as large as the recurrence, and twice that on the way "
        "back; with the largest of 2 features there are half as many",
    ),
    "predict": Target(
        "fastgru predict of a file, letters per second of bare inference, H 64",
        *(0.80, "share"),
    ),
    "predict-memory": Target("peak of its memory", 300, "megabytes"),
    "bf16": Target("training step with bf16 against float32, H 256", 1.4),
}
