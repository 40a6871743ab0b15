"""Deliberate faults, each of which a test must catch: ``python -m tests.kernels.mutations``.

Run without compilation (``NUMBA_DISABLE_JIT=1``).  For each fault the package is copied, one line
of the copy is changed, and one test runs on it; the outcomes are printed as JSON.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from hypothesis import Phase, settings

ROOT = Path(__file__).parents[2]

GRU = "tests.kernels.test_gru:test_gru__equals_reference"
MEMORY = "tests.kernels.test_gru_properties:test_gru__reads_no_memory_that_it_has_not_written"
POOLING = "tests.kernels.test_pooling:test_pooling__equals_reference"
LOSS = "tests.kernels.test_loss:test_softmax_cross_entropy__equals_reference"
ADAMW = "tests.kernels.test_adamw:test_adamw_update__equals_the_textbook_for_100_steps"


class Mutation(NamedTuple):
    """``old`` becomes ``new`` in a file of the package, and ``test`` has to notice."""

    name: str
    file: str
    old: str
    new: str
    test: str = GRU


MUTATIONS = [
    Mutation("no fault", "kernels/gru.py", "reset", "reset"),
    # forward
    Mutation("no reset gate", "kernels/gru.py", "+ r * q)", "+ q)"),
    Mutation(
        "reset gate after the bias",
        "kernels/gru.py",
        "+ r * q)",
        "+ r * (q - load(b_hn, p * lane)) + load(b_hn, p * lane))",
    ),
    Mutation("no recurrent bias", "kernels/gru.py", "store(load(b_hn, p * lane), tape, cell)", "store(0.0, tape, cell)"),
    Mutation(
        "update gate the other way round",
        "kernels/gru.py",
        "store(n + z * (load(h, before) - n), h,",
        "store(load(h, before) + z * (n - load(h, before)), h,",
    ),
    Mutation("r and z swapped", "kernels/gru.py", "r = sigmoid(load(tape, cell + lane))", "r = sigmoid(load(tape, cell + 2 * lane))"),
    Mutation("one step more than the length", "kernels/gru.py", "blocks[block, 2 + active] > t", "blocks[block, 2 + active] >= t"),
    Mutation("positions from symbols", "kernels/gru.py", "source = (steps.position[row + i]", "source = (steps.symbol[row + i]"),
    Mutation("initial state ignored", "layers/direction.py", "self.h[blocks.rows_at_start(), : self.padded_size] = h0", "self.h[blocks.rows_at_start(), : self.padded_size] = 0"),
    Mutation("exponential too steep", "kernels/activations.py", "r * (1 / 479001600) + 1 / 39916800", "r * (1 / 479001) + 1 / 39916800"),
    Mutation("reversed one step too late", "kernels/steps.py", "return length - 1 - t if reverse else t", "return max(0, length - 2 - t) if reverse else t"),
    # backward
    Mutation("no derivative of tanh", "kernels/gru_backward.py", "dn = d * (1.0 - z) * (1.0 - n * n)", "dn = d * (1.0 - z)"),
    Mutation("dz with the wrong sign", "kernels/gru_backward.py", "(before - n) * z", "(n - before) * z"),
    Mutation("dr without q", "kernels/gru_backward.py", "dr = dn * q * r", "dr = dn * r"),
    Mutation("dq without the reset gate", "kernels/gru_backward.py", "dq = dn * r\n", "dq = dn\n"),
    Mutation("state gradient kept whole", "kernels/gru_backward.py", "store(d * z, dh, here)", "store(d, dh, here)"),
    Mutation("recurrent bias given dn", "kernels/gru_backward.py", "_add_to(gradients.b_hn, (group * panels + p) * lane, dq)", "_add_to(gradients.b_hn, (group * panels + p) * lane, dn)"),
    Mutation("no dq for the recurrent bias", "kernels/gru_backward.py", "_add_to(gradients.b_hn, (group * panels + p) * lane, dq)", "pass"),
    Mutation("gradients past the length", "kernels/gru_backward.py", "for i in range(active):\n        cell", "for i in range(ROWS):\n        cell"),
    Mutation("output gradient one step off", "kernels/gru_backward.py", "(row + ROWS + i) * dy.shape[1]", "(row + i) * dy.shape[1]"),
    Mutation("weight gradients of the first chunk only", "kernels/gru_backward.py", "row = start + begin * ROWS", "row = start"),
    Mutation("input gradient of the wrong gates", "kernels/gru_backward.py", "thread, dgates, k, 1, weights.ih)", "thread, dgates, k, 0, weights.ih)"),
    Mutation("sums not cleared", "kernels/gru_backward.py", "    _clear(gradients.hh, group)\n", "", MEMORY),
    Mutation("a group left out of the sum", "kernels/steps.py", "for group in range(1, parts.shape[0])", "for group in range(2, parts.shape[0])"),
    Mutation("reset bias without gradient", "layers/direction.py", "d_bias_hh[: 2 * hidden] += d_input_bias[: 2 * hidden]", "pass"),
    # what stands around it
    Mutation("mean over one step too many", "kernels/pooling.py", "store(total / length, mean, out)", "store(total / (length + 1), mean, out)", POOLING),
    Mutation("last maximum instead of the first", "kernels/pooling.py", "where = where_less(most, value, t, where)", "where = where_less(value, most, where, t)", POOLING),
    Mutation("maximum spread over neighbours", "kernels/pooling.py", "(where - t) * (where - t), 0.5", "(where - t) * (where - t), 1.5", POOLING),
    Mutation("target not subtracted", "kernels/loss.py", "dlogits[b, targets[b]] -= 1.0", "pass", LOSS),
    Mutation("weights not normalised", "kernels/loss.py", "share = weights[b] / total_weight", "share = weights[b]", LOSS),
    Mutation("no correction of the first moment", "kernels/adamw.py", "first / correction1", "first", ADAMW),
    Mutation("epsilon under the root", "kernels/adamw.py", "(sqrt(second / correction2) + eps)", "sqrt(second / correction2 + eps)", ADAMW),
    Mutation("decay through the moments", "kernels/adamw.py", "g = load(gradient, at) * scale", "g = load(gradient, at) * scale + load(decay, at) * load(weight, at)", ADAMW),
]  # fmt: skip


def forget_package() -> None:
    """Drop every module that has seen the package."""
    for name in list(sys.modules):
        if name.split(".")[0] in {"fastgru", "tests"} and name != "tests.kernels.mutations":
            del sys.modules[name]


def outcome_of(test: str) -> str:
    """Run a test on the package as it is now: ``passed``, or what it raised."""
    forget_package()
    module, name = test.split(":")
    function = getattr(importlib.import_module(module), name)
    arguments = {"dtype": "float64"} if test != MEMORY else {}
    if test == ADAMW:
        arguments["rng"] = np.random.default_rng(0)
    try:
        function(**arguments)
    except Exception as error:  # a fault may raise anything
        return type(error).__name__
    return "passed"


def run(mutation: Mutation, folder: Path) -> str:
    """Return the outcome of the mutation's test on a mutated copy of the package."""
    copy = folder / "fastgru"
    shutil.copytree(ROOT / "fastgru", copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = (copy / mutation.file).read_text(encoding="utf-8")
    if mutation.old != mutation.new and source.count(mutation.old) != 1:
        return "does not apply: correct its line in tests/kernels/mutations.py"
    changed = source.replace(mutation.old, mutation.new)
    (copy / mutation.file).write_text(changed, encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        return outcome_of(mutation.test)
    finally:
        sys.path.remove(str(folder))


def main() -> None:
    """Print the outcome of every mutation as JSON."""
    sys.dont_write_bytecode = True
    settings.register_profile(
        "mutations",
        deadline=None,
        derandomize=True,
        max_examples=40,
        phases=[Phase.explicit, Phase.generate],
    )
    settings.load_profile("mutations")
    outcomes = {}
    for mutation in MUTATIONS:
        with tempfile.TemporaryDirectory() as folder:
            outcomes[mutation.name] = run(mutation, Path(folder))
    print(json.dumps(outcomes, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
