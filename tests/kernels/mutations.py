"""Deliberate faults, each of which a test must catch: ``python -m tests.kernels.mutations TEST``.

Run without compilation (``NUMBA_DISABLE_JIT=1``).  For each fault that the test has to notice the
package is copied, one line of the copy is changed, and the test runs on it; the outcomes are
printed as JSON.
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

from tests.kernels.faults_around import CASES, FAULTS_AROUND

ROOT = Path(__file__).parents[2]

POOLING = "test_pooling:test_pooling__equals_reference"
ATTENTION = "test_attention:test_attention__equals_reference"
CROSS = "test_cross_attention:test_cross_attention__equals_reference"
LOSS = "test_loss:test_softmax_cross_entropy__equals_reference"
ADAMW = "test_adamw:test_adamw_update__equals_the_textbook_for_100_steps"
GRU, RESET_BEFORE, LSTM, TANH, RELU = (
    f"test_recurrence:test_layer__equals_reference:{cell}"
    for cell in ("gru", "gru reset before", "lstm peepholes", "rnn tanh", "rnn relu")
)
AGAIN = "test_recurrence_backward:test_large_tape__leaves_the_new_gate_to_be_computed_again"
SAVING = "test_recurrence_backward:test_save_memory__takes_every_chunk_forward_again:gru"
ORDER = "test_recurrence:test_layer__goes_through_the_order_that_every_block_has:gru"


class Mutation(NamedTuple):
    """``old`` becomes ``new`` in a file of the package, and ``test`` has to notice."""

    name: str
    file: str
    old: str
    new: str
    test: str


NO_FAULT = "no fault"
"""Name of the package as it is, on which tests have to pass: one that always fails would notice
every fault."""

WRONG_CHUNK = "advance(worker, blocks, block, 0, end - begin,"

FAULTS: dict[tuple[str, str], list[tuple[str, str, str]]] = {
    ("kernels/gru.py", GRU): [
        ("no reset gate", "rounded(r * q)\n        if dense", "q\n        if dense"),
        (
            "update gate the other way round",
            "h = n + z * (h - n)",
            "h = h + z * (n - h)",
        ),
        (
            "r and z swapped",
            "r = sigmoid(with_input(blocks, r,",
            "r = sigmoid(with_input(blocks, z,",
        ),
        ("no derivative of tanh", "dn = d * (1.0 - z) * (1.0 - n * n)", "dn = d * (1.0 - z)"),
        ("dz with the wrong sign", "(before - n) * z", "(n - before) * z"),
        ("dr without q", "dr = dn * q * r * (1.0 - r)", "dr = dn * r * (1.0 - r)"),
        ("dq without the reset gate", "dq = dn * r\n        store", "dq = dn\n        store"),
        ("table without the new gate", "add_to_tables(blocks, group, dn,", "(blocks, group, dn,"),
        ("state gradient kept whole", "store_rows(blocks, d * z,", "store_rows(blocks, d,"),
    ],
    ("kernels/gru.py", AGAIN): [
        (
            "new gate computed again without reset",
            "n = rounded(r * q)\n            n = tanh(",
            "n = q\n            n = tanh(",
        ),
    ],
    ("kernels/recurrence_backward.py", ORDER): [
        (
            "weight gradients of the first chunk only",
            'row = blocks[block]["first"] + begin * rows',
            'row = blocks[block]["first"]',
        ),
    ],
    ("kernels/gru_reset_before.py", RESET_BEFORE): [
        ("state not reset", "store_rows(blocks, r * h,", "store_rows(blocks, h,"),
        ("dr without the state", "g * before * r * (1.0 - r)", "g * r * (1.0 - r)"),
        ("gradient past the reset gate", "d + g * r, dstate", "d + g, dstate"),
        (
            "weight gradient of the whole state",
            "store_rows(blocks, r * before,",
            "store_rows(blocks, before,",
        ),
    ],
    ("kernels/lstm.py", LSTM): [
        ("no forgetting", "c = f * c + i * g", "c = c + i * g"),
        (
            "output gate sees the old cell",
            "c = f * c + i * g\n        store_rows(blocks, c,",
            "store_rows(blocks, f * c + i * g,",
        ),
        (
            "input peephole at the forget gate",
            "sigmoid(f + load_rows(blocks, peepholes, padded + unit, 0)",
            "sigmoid(f + load_rows(blocks, peepholes, unit, 0)",
        ),
        ("no gradient through tanh of c", "d * o * (1.0 - tanh_c * tanh_c)", "d * o"),
        (
            "no gradient through the output peephole",
            "2 * padded + unit, 0) * do",
            "2 * padded + unit, 0) * 0.0",
        ),
        (
            "output peephole given the old cell",
            "3 * lane) * load(state, before + rows * stride)",
            "3 * lane) * load(state, before)",
        ),
        ("cell gradient dropped", "e = e * f + load_rows", "e = load_rows"),
    ],
    ("kernels/rnn.py", TANH): [
        ("derivative of tanh off by a power", "return 1.0 - h * h", "return 1.0 - h"),
        (
            "state gradient left in place",
            "store_rows(blocks, 0.0, dstate,",
            "(blocks, 0.0, dstate,",
        ),
    ],
    ("kernels/rnn.py", RELU): [
        ("relu without its corner", "return where_less(x, 0.0, 0.0, x)", "return x"),
        ("gradient of relu everywhere", "where_less(0.0, h, 1.0, h * 0.0)", "h * 0.0 + 1.0"),
    ],
    ("kernels/blocks.py", GRU): [
        ("one step more than the length", '["lengths"][active] > t', '["lengths"][active] >= t'),
        (
            "reversed one step too late",
            '["lengths"][i] - 1 - t if reverse',
            '["lengths"][i] - 2 - t if reverse',
        ),
        (
            "a copy one column short",
            "store_first(load_first(source, at + c, width - c), target, to + c, width - c)",
            "store_first(load_first(source, at + c, width - c), target, to + c, width - 1 - c)",
        ),
    ],
    ("kernels/step.py", GRU): [
        (
            "positions from symbols",
            "places[worker, _POSITION, i] = place * entry_size",
            "places[worker, _POSITION, i] = places[worker, _TABLE, i]",
        ),
        (
            "the first step's symbol in all",
            "tokens[places[worker, _BEGIN, i] + step]",
            "tokens[places[worker, _BEGIN, i]]",
        ),
        (
            "positions not added",
            "if inputs.position_table.shape[0] > 0:\n        second",
            "if False:\n        second",
        ),
        (
            "outputs of another sequence",
            "places[worker, _STATE, i] = max(row, 0)",
            "places[worker, _STATE, i] = abs(step)",
        ),
        ("ended sequences go on", "state, next_row + i, 0, state.shape[1])", "state, row, 0, 1)"),
        (
            "output gradient of another step",
            "load_picked_first(blocks, dy, places, first + _STATE * rows, at",
            "load_picked_first(blocks, dy, places, first, at",
        ),
        (
            "gradients of positions by symbol",
            "second = first + _POSITION * rows_of(blocks)\n        add_picked",
            "second = first\n        add_picked",
        ),
    ],
    ("kernels/rows.py", GRU): [
        ("rows past the end stored", "[: max(count, 0)]:\n        number", ":\n        number"),
        ("only the first row's gradient", "picks[: max(count, 0)]", "picks[:1]"),
    ],
    ("kernels/recurrence.py", GRU): [
        (
            "initial state ignored",
            "copy_row(given, source, 0, state, row + i, s * padded, hidden)",
            "pass",
        ),
        ("input product in the wrong place", "first + input_at * lane", "first"),
        ("no zero before the input product", "store(0.0, products, first", "(0.0, products, first"),
    ],
    ("kernels/recurrence.py", LSTM): [
        ("cell state given as h", "row + i, s * padded, hidden)", "row + i, 0, hidden)"),
    ],
    ("kernels/recurrence_backward.py", GRU): [
        (
            "input gradient of the wrong gates",
            "* width + input_at) * lane",
            "* width) * lane",
        ),
        ("gradients cut in every step", "t % bptt_steps == 0", "True"),
        ("gradients never cut", "bptt_steps > 0 and t > 0", "False"),
        ("shorter sequences cut too", "start + active * dstate", "start + rows * dstate"),
    ],
    ("kernels/recurrence_backward.py", SAVING): [
        (
            "gates of another chunk",
            "advance(worker, blocks, block, begin, end,",
            WRONG_CHUNK,
        ),
    ],
    ("kernels/packing.py", GRU): [
        (
            "recurrent bias without gradient",
            "_add_bias(sums, n_rows, first + hh_at[j] * lane, entry, d_bias_hh, to, left)",
            "pass",
        ),
        ("recurrent bias in the input part", "to = at + hh_at[j] * lane", "to = at + j * lane"),
        (
            "symbols' gradient of the last gate alone",
            "d_vectors[n, c] += d * weight_ih[row, c]",
            "d_vectors[n, c] = d * weight_ih[row, c]",
        ),
        (
            "sums of the first group alone",
            "for group in range(1, sums.shape[0])",
            "for group in ()",
        ),
        (
            "gates in another order",
            "(order[j] * hidden + unit) * size",
            "(j * hidden + unit) * size",
        ),
    ],
    ("kernels/transposing.py", GRU): [
        ("a tile that stays as it is", "tile[: len(place), row] +", "tile[row, : len(place)] +"),
        ("rows without their last", "range(min(to_rows, lanes))", "range(min(to_rows, lanes) - 1)"),
    ],
    ("layers/cells.py", GRU): [
        ("recurrent bias outside the reset gate", "hh_at=(1, 2, 0)", "hh_at=(1, 2, 3)"),
    ],
    ("kernels/activations.py", GRU): [
        (
            "exponential too steep",
            "r * (1 / 479001600) + 1 / 39916800",
            "r * (1 / 479001) + 1 / 39916800",
        ),
    ],
    ("kernels/pooling.py", POOLING): [
        (
            "mean over one step too many",
            "mean[b, c] /= max(length, 1)",
            "mean[b, c] /= length + 1",
        ),
        (
            "last maximum instead of the first",
            "if value > maximum[b, c] or",
            "if value >= maximum[b, c] or",
        ),
        (
            "maximum spread over later steps",
            "if first[b, c] == t",
            "if first[b, c] <= t",
        ),
    ],
    ("kernels/attention.py", ATTENTION): [
        ("weights that are no shares", "scores[b, t] /= total", "pass"),
        ("no derivative of the softmax", "(d_scores[b, t] - mean)", "d_scores[b, t]"),
        (
            "states without the gradient of their scores",
            "add_multiple(d_scores[b, t], weight, 0, dy, y_at, channels)",
            "pass",
        ),
    ],
    ("kernels/cross_attention.py", CROSS): [
        (
            "no bias by distance",
            "weights[first + t, u] += offset_bias[_distance(u, centres[b, t], reach)]",
            "pass",
        ),
        (
            "no derivative of the shares of states",
            "(d_scores[at + t, u] - mean)",
            "d_scores[at + t, u]",
        ),
        (
            "states without the gradient of their queries",
            "multiply(True, d_states",
            "multiply(False, d_states",
        ),
        (
            "bias without the gradient of its scores",
            "d_offset_bias[b, _distance(u, centres[b, t], reach)] += d_score",
            "pass",
        ),
        ("far states without bias", "max(-reach, min(reach, u - centre))", "0"),
    ],
    ("kernels/matrices.py", CROSS): [
        (
            "one tile of rows alone",
            "for m in range(0, rows, ROWS):",
            "for m in range(0, ROWS, ROWS):",
        ),
    ],
    ("kernels/dots.py", ATTENTION): [
        (
            "first vector of a product left out",
            "for at in range(0, whole, lane):\n        total",
            "for at in range(lane, whole, lane):\n        total",
        ),
    ],
    ("kernels/loss.py", LOSS): [
        ("target not subtracted", "- wanted * slope)", ")"),
        ("rest not spread", "label_smoothing / n_classes + (1.0", "(1.0"),
        ("factor of the focus lost", "slope = factor + focal_gamma", "slope = 1.0 + focal_gamma"),
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
    for (file, test), faults in [*FAULTS.items(), *FAULTS_AROUND.items()]
    for name, old, new in faults
]


def forget_package() -> None:
    """Drop every module that has seen the package."""
    for name in list(sys.modules):
        if name.split(".")[0] in {"fastgru", "tests"} and name != "tests.kernels.mutations":
            del sys.modules[name]


def arguments_of(test: str, case: str = "") -> dict[str, object]:
    """Return what a test is called with; a case that is none of ``CASES`` is a cell."""
    if case in CASES:
        return CASES[case]
    arguments: dict[str, object] = {} if test in {SAVING, ORDER} else {"dtype": "float64"}
    if test == AGAIN:
        arguments["kind"] = "positions"
    if case:
        arguments["cell"] = case
    if test == ADAMW:
        arguments["rng"] = np.random.default_rng(0)
    return arguments


def outcome_of(test: str) -> str:
    """Run a test on the package as it is now: ``passed``, or what it raised."""
    forget_package()
    module, name, *case = test.split(":")
    folder = "tests" if "." in module else "tests.kernels"
    function = getattr(importlib.import_module(f"{folder}.{module}"), name)
    try:
        function(**arguments_of(test, *case))
    except Exception as error:  # a fault may raise anything
        return type(error).__name__
    return "passed"


def run(mutation: Mutation, folder: Path) -> str:
    """Return the outcome of the mutation's test on a mutated copy of the package."""
    copy = folder / "fastgru"
    shutil.copytree(ROOT / "fastgru", copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = (copy / mutation.file).read_text(encoding="utf-8")
    if source.count(mutation.old) != 1:
        return "does not apply: correct its line in tests/kernels/mutations.py"
    changed = source.replace(mutation.old, mutation.new)
    (copy / mutation.file).write_text(changed, encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        return outcome_of(mutation.test)
    finally:
        sys.path.remove(str(folder))


def main(test: str) -> None:
    """Print the outcome of every mutation that a test has to notice as JSON."""
    sys.dont_write_bytecode = True
    settings.register_profile(
        "mutations",
        deadline=None,
        derandomize=True,
        max_examples=40,
        phases=[Phase.explicit, Phase.generate],
    )
    settings.load_profile("mutations")
    outcomes = {NO_FAULT: outcome_of(test)}
    for mutation in MUTATIONS:
        if mutation.test != test:
            continue
        with tempfile.TemporaryDirectory() as folder:
            outcomes[mutation.name] = run(mutation, Path(folder))
    print(json.dumps(outcomes, indent=1))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
