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
    test: str


START = """\
        store(load(b_hn, p * lane), tape, cell)
        source = (steps.symbol[row + i] * panels + p) * 3 * lane
        for gate in range(3):
            store(load(inputs.table, source + gate * lane), tape, cell + (gate + 1) * lane)
"""
START_WITH_BIAS_OUTSIDE = """\
        store(0.0, tape, cell)
        source = (steps.symbol[row + i] * panels + p) * 3 * lane
        for gate in range(3):
            bias = load(b_hn, p * lane) if gate == 2 else 0.0
            store(load(inputs.table, source + gate * lane) + bias, tape, cell + (gate + 1) * lane)
"""

FAULTS: dict[tuple[str, str], list[tuple[str, str, str]]] = {
    ("kernels/gru.py", GRU): [
        ("no fault", "reset", "reset"),
        ("no reset gate", "+ r * q)", "+ q)"),
        ("recurrent bias outside the reset gate", START, START_WITH_BIAS_OUTSIDE),
        ("no recurrent bias", "store(load(b_hn, p * lane), tape, cell)", "store(0.0, tape, cell)"),
        (
            "update gate the other way round",
            "store(n + z * (load(h, before) - n), h,",
            "store(load(h, before) + z * (n - load(h, before)), h,",
        ),
        (
            "r and z swapped",
            "r = sigmoid(load(tape, cell + lane))",
            "r = sigmoid(load(tape, cell + 2 * lane))",
        ),
        (
            "one step more than the length",
            "blocks[block, 2 + active] > t",
            "blocks[block, 2 + active] >= t",
        ),
        (
            "positions from symbols",
            "source = (steps.position[row + i]",
            "source = (steps.symbol[row + i]",
        ),
    ],
    ("layers/direction.py", GRU): [
        (
            "initial state ignored",
            "self.h[blocks.rows_at_start(), : self.padded_size] = h0",
            "self.h[blocks.rows_at_start(), : self.padded_size] = 0",
        ),
        (
            "reset bias without gradient",
            "d_bias_hh[: 2 * hidden] += d_input_bias[: 2 * hidden]",
            "pass",
        ),
    ],
    ("kernels/activations.py", GRU): [
        (
            "exponential too steep",
            "r * (1 / 479001600) + 1 / 39916800",
            "r * (1 / 479001) + 1 / 39916800",
        ),
    ],
    ("kernels/steps.py", GRU): [
        (
            "reversed one step too late",
            "return length - 1 - t if reverse else t",
            "return max(0, length - 2 - t) if reverse else t",
        ),
        (
            "a group left out of the sum",
            "for group in range(1, parts.shape[0])",
            "for group in range(2, parts.shape[0])",
        ),
    ],
    ("kernels/gru_backward.py", GRU): [
        ("no derivative of tanh", "dn = d * (1.0 - z) * (1.0 - n * n)", "dn = d * (1.0 - z)"),
        ("dz with the wrong sign", "(before - n) * z", "(n - before) * z"),
        ("dr without q", "dr = dn * q * r * (1.0 - r)", "dr = dn * r * (1.0 - r)"),
        ("dq without the reset gate", "dq = dn * r\n        store", "dq = dn\n        store"),
        ("state gradient kept whole", "store(d * z, dh, here)", "store(d, dh, here)"),
        (
            "recurrent bias given dn",
            "_add_to(gradients.b_hn, (group * panels + p) * lane, dq)",
            "_add_to(gradients.b_hn, (group * panels + p) * lane, dn)",
        ),
        (
            "no dq for the recurrent bias",
            "_add_to(gradients.b_hn, (group * panels + p) * lane, dq)",
            "pass",
        ),
        (
            "gradients past the length",
            "for i in range(active):\n        cell",
            "for i in range(ROWS):\n        cell",
        ),
        (
            "output gradient one step off",
            "(row + ROWS + i) * dy.shape[1]",
            "(row + i) * dy.shape[1]",
        ),
        ("weight gradients of the first chunk only", "row = start + begin * ROWS", "row = start"),
        (
            "input gradient of the wrong gates",
            "thread, dgates, k, 1, weights.ih)",
            "thread, dgates, k, 0, weights.ih)",
        ),
    ],
    ("kernels/gru_backward.py", MEMORY): [
        ("sums not cleared", "    _clear(gradients.hh, group)\n", ""),
    ],
    ("kernels/pooling.py", POOLING): [
        (
            "mean over one step too many",
            "store(total / length, mean, out)",
            "store(total / (length + 1), mean, out)",
        ),
        (
            "last maximum instead of the first",
            "where = where_less(most, value, t, where)",
            "where = where_less(value, most, where, t)",
        ),
        (
            "maximum spread over neighbours",
            "(where - t) * (where - t), 0.5",
            "(where - t) * (where - t), 1.5",
        ),
    ],
    ("kernels/loss.py", LOSS): [
        ("target not subtracted", "dlogits[b, targets[b]] -= 1.0", "pass"),
        ("weights not normalised", "share = weights[b] / total_weight", "share = weights[b]"),
    ],
    ("kernels/adamw.py", ADAMW): [
        ("no correction of the first moment", "first / correction1", "first"),
        (
            "epsilon under the root",
            "(sqrt(second / correction2) + eps)",
            "sqrt(second / correction2 + eps)",
        ),
        (
            "decay through the moments",
            "g = load(gradient, at) * scale",
            "g = load(gradient, at) * scale + load(decay, at) * load(weight, at)",
        ),
    ],
}
"""What to change: for each file, and the test that must notice, (name, old text, new text)."""

MUTATIONS = [
    Mutation(name, file, old, new, test)
    for (file, test), faults in FAULTS.items()
    for name, old, new in faults
]


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
