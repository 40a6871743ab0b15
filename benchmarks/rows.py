"""The rows of the table that compare one layer with a rival.

Beside the sizes that targets are about stand some where the engine is not at its best: a wide dense
input, where PyTorch spends its time in the linear algebra library; a single sequence, of which a
tile of several rows computes one; and a single sequence through a wide layer, where reading the
weights is all there is to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.cases import Case
from benchmarks.targets import LIMIT_SHARES

STEPS = (100, 500)
BATCHES = (16, 64, 128)
HIDDEN = (32, 64, 128, 256)


@dataclass(frozen=True)
class Comparison:
    """One row: a case, what is timed of it, and against what.

    Attributes
    ----------
    case
    what
        One of :data:`benchmarks.cases.PASSES`.
    rival
        Key of :data:`benchmarks.rivals.RIVALS`.
    targets
        Keys of :data:`benchmarks.targets.TARGETS`.
    measure
        Key of :data:`benchmarks.targets.MEASURES`.
    """

    case: Case
    what: str
    rival: str
    targets: tuple[str, ...] = ()
    measure: str = "ratio"

    @property
    def name(self) -> str:
        """What ``-k`` selects it by."""
        words = f"{self.rival}-{self.what}-{self.case.label}"
        return words.replace(", ", "-").replace(" ", "")


def _dense(case: Case) -> Case:
    return replace(case, input_size=case.hidden_size, n_symbols=None)


def _of_the_limit() -> Iterator[Comparison]:
    for hidden in LIMIT_SHARES:
        for steps in STEPS:
            case = Case(64, steps, hidden)
            for kind, given in (("tokens", case), ("dense", _dense(case))):
                target = f"limit-{kind}-{hidden}"
                yield Comparison(given, "step", "FMA limit", (target,), "share")
    for cell, target in (("gru_before", "limit-before"), ("lstm", "limit-lstm")):
        for steps in STEPS:
            case = Case(64, steps, 128, cell=cell)
            yield Comparison(case, "step", "FMA limit", (target,), "share")
    for hidden in (64, 256):
        yield Comparison(Case(64, 100, hidden), "step", "FMA limit of 1 thread", (), "share")


def _against_pytorch() -> Iterator[Comparison]:
    for hidden in HIDDEN:
        for batch in BATCHES:
            for steps in STEPS:
                targets = ("pytorch-mean", f"pytorch-{hidden}")
                yield Comparison(Case(batch, steps, hidden), "step", "PyTorch", targets)
    lstm = Case(64, 200, 128, cell="lstm")
    yield Comparison(lstm, "step", "PyTorch", ("lstm-tokens",))
    yield Comparison(_dense(lstm), "step", "PyTorch", ("lstm-dense",))
    dense, dense_wide = _dense(Case(64, 200, 128)), _dense(Case(128, 50, 256))
    single, single_wide = Case(1, 1000, 128), Case(1, 200, 512)
    for case in (dense, dense_wide):
        yield Comparison(case, "step", "PyTorch")
    for case in (Case(64, 200, 64), Case(64, 200, 256), dense, dense_wide, single, single_wide):
        yield Comparison(case, "forward", "PyTorch")
    for case in (Case(64, 200, 64), Case(64, 200, 256), dense):
        yield Comparison(case, "backward", "PyTorch")


def _modules_for_pytorch() -> Iterator[Comparison]:
    for hidden in HIDDEN:
        case = Case(64, 200, hidden, n_symbols=None)
        yield Comparison(case, "step", "native layer", ("module-share",), "share")
        yield Comparison(case, "step", "torch.nn", ("module-ratio",))


def _against_onednn() -> Iterator[Comparison]:
    for hidden in (64, 128, 256):
        case = Case(64, 200, hidden)
        yield Comparison(case, "step", "oneDNN", ("onednn-tokens",))
        yield Comparison(_dense(case), "step", "oneDNN", ("onednn-dense",))


def _against_onnx() -> Iterator[Comparison]:
    for case in (*(Case(64, 200, hidden) for hidden in HIDDEN), Case(128, 500, 128)):
        yield Comparison(case, "forward", "ONNX Runtime", ("onnx-batched",))
    yield Comparison(Case(1, 1000, 128), "forward", "ONNX Runtime", ("onnx-single",))


def _against_itself() -> Iterator[Comparison]:
    for case in (Case(64, 200, 64, ragged=True), Case(64, 500, 128, ragged=True)):
        yield Comparison(case, "step", "rectangular", ("ragged",), "cost")
        yield Comparison(case, "step", "PyTorch", ("packed",))
    for hidden in HIDDEN:
        yield Comparison(Case(64, 200, hidden), "step", "1 thread", ("threads",))
    for hidden in (64, 128, 256):
        case = Case(64, 500, hidden, save_memory=True)
        yield Comparison(case, "step", "all kept", ("memory-time",), "cost")
    yield Comparison(Case(64, 200, 256, precision="bf16"), "step", "float32", ("bf16",))


ROWS = [
    *_of_the_limit(),
    *_against_pytorch(),
    *_modules_for_pytorch(),
    *_against_onednn(),
    *_against_onnx(),
    *_against_itself(),
]
