"""Arrays of Keras and of TensorFlow 1 against the formulas of their layers, without either."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastgru
from fastgru.errors import ConfigurationError, FastgruError
from fastgru.interop import from_keras, to_keras
from tests.reference import keras_layers as formulas

GATES = {"GRU": 3, "LSTM": 4, "SimpleRNN": 1}
LAYERS: dict[str, Any] = {
    "GRU": formulas.gru,
    "LSTM": formulas.lstm,
    "SimpleRNN": formulas.simple_rnn,
}
CLASSES = {"GRU": fastgru.GRU, "LSTM": fastgru.LSTM, "SimpleRNN": fastgru.RNN}
kinds = pytest.mark.parametrize("kind", sorted(LAYERS))


def arrays_of(
    kind: str,
    rng: np.random.Generator,
    *,
    inputs: int = 3,
    hidden: int = 4,
    bias: str = "usual",
    directions: int = 1,
) -> list[np.ndarray]:
    """Random weights as ``get_weights()`` returns them; bias is usual, before or none."""
    rows = GATES[kind] * hidden
    shapes: list[tuple[int, ...]] = [(inputs, rows), (hidden, rows)]
    if bias != "none":
        shapes.append((2, rows) if kind == "GRU" and bias == "usual" else (rows,))
    return [rng.standard_normal(shape) for shape in shapes * directions]


def states(layer: Any, x: np.ndarray) -> np.ndarray:
    y, _ = layer.forward(x, training=False)
    return np.asarray(y)


def assert_same(layer: Any, x: np.ndarray, expected: np.ndarray) -> None:
    assert layer.dtype == np.float64
    np.testing.assert_allclose(states(layer, x), expected, rtol=0, atol=1e-12)


def inputs_of(rng: np.random.Generator, size: int = 3, steps: int = 6) -> np.ndarray:
    return rng.standard_normal((2, steps, size))


@kinds
@pytest.mark.conformance("Keras", "{kind}", "get_weights(): bias, sizes, Bidirectional")
@pytest.mark.parametrize("bias", ["usual", "before", "none"])
@pytest.mark.parametrize("directions", [1, 2])
def test_arrays__give_keras_states(
    kind: str, bias: str, directions: int, rng: np.random.Generator
) -> None:
    x, arrays = inputs_of(rng), arrays_of(kind, rng, bias=bias, directions=directions)
    layer = from_keras(arrays)
    assert isinstance(layer, CLASSES[kind])
    assert layer.bidirectional == (directions == 2)
    assert layer.bias == (bias != "none")
    if kind == "GRU":
        assert layer.reset_after == (bias != "before")
    formula = LAYERS[kind]
    expected = formula(x, arrays) if directions == 1 else formulas.both_ways(formula, x, arrays)
    assert_same(layer, x, expected)


@pytest.mark.conformance("Keras", "GRU", "reset_after=False without a bias")
def test_gru_without_bias__needs_reset_after_from_its_configuration(
    rng: np.random.Generator,
) -> None:
    x, arrays = inputs_of(rng), arrays_of("GRU", rng, bias="none")
    expected = formulas.gru(x, [*arrays, np.zeros(12)])
    assert_same(from_keras(arrays, config={"reset_after": False}), x, expected)
    with pytest.raises(ConfigurationError, match="neither reset_after nor a bias"):
        from_keras(arrays, keras_version="2.2.4")
    with pytest.raises(ConfigurationError, match="a bias of the other form"):
        from_keras([*arrays, np.zeros(12)], config={"reset_after": True})


@pytest.mark.conformance(
    "Keras", "{kind}", "recurrent_activation: hard_sigmoid of version {version}"
)
@pytest.mark.parametrize(("version", "keras"), [("1", 2), ("2.2.4", 2), ("2.15.0", 2), ("3.5", 3)])
@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_hard_sigmoid__is_that_of_the_version(
    kind: str, version: str, keras: int, rng: np.random.Generator
) -> None:
    x, arrays = inputs_of(rng), arrays_of(kind, rng)
    config = {"recurrent_activation": "hard_sigmoid"}
    layer = from_keras(arrays, config=config, keras_version=version)
    gate = formulas.FUNCTIONS[f"hard_sigmoid of Keras {keras}"]
    assert_same(layer, x, LAYERS[kind](x, arrays, gate))


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.2.2", "hard_sigmoid"), ("2.2.4", "hard_sigmoid"), ("2.3.1", "sigmoid"), ("3", "sigmoid")],
)
def test_gates__have_the_default_of_the_version(
    version: str, expected: str, rng: np.random.Generator
) -> None:
    layer: Any = from_keras(arrays_of("LSTM", rng), keras_version=version)
    assert layer.activations[0].name == expected


def test_gates__are_asked_for_where_a_version_had_two_defaults(rng: np.random.Generator) -> None:
    arrays = arrays_of("LSTM", rng)
    with pytest.raises(
        ConfigurationError, match=r"no recurrent_activation, and Keras 2\.2\.4-tf had"
    ):
        from_keras(arrays, keras_version="2.2.4-tf")
    layer: Any = from_keras(
        arrays, keras_version="2.2.4-tf", config={"recurrent_activation": "sigmoid"}
    )
    assert layer.activations[0].name == "sigmoid"


@kinds
@pytest.mark.conformance("Keras", "{kind}", "activation: {name}")
@pytest.mark.parametrize(
    "name", [name for name in formulas.FUNCTIONS if not name.startswith("hard_sigmoid")]
)
def test_activations__are_keras(kind: str, name: str, rng: np.random.Generator) -> None:
    x, arrays = 0.3 * inputs_of(rng), [0.3 * array for array in arrays_of(kind, rng)]
    layer = from_keras(arrays, config={"activation": name})
    assert_same(layer, x, LAYERS[kind](x, arrays, f=formulas.FUNCTIONS[name]))


@pytest.mark.conformance(
    "Keras", "GRU", "activation: selu, gelu, functions of one's own", refused=True
)
@pytest.mark.parametrize("given", ["selu", "gelu", {"class_name": "ReLU", "config": {}}, 3])
def test_activations__that_fastgru_lacks_are_named(given: object, rng: np.random.Generator) -> None:
    with pytest.raises(ConfigurationError, match=r"arrays: found activation .*, expected one of"):
        from_keras(arrays_of("GRU", rng), config={"activation": given})


def test_activation__may_be_serialised(rng: np.random.Generator) -> None:
    given = {"module": "builtins", "class_name": "function", "config": "relu"}
    layer: Any = from_keras(arrays_of("GRU", rng), config={"activation": given})
    assert layer.activations[1].name == "relu"


def keras_1(arrays: Sequence[np.ndarray], places: Sequence[int]) -> list[np.ndarray]:
    """Keras 1's arrays, W, U and b of each gate in turn, of those of Keras 2."""
    n_gates = len(places)
    return [np.split(array, n_gates, axis=-1)[place] for place in places for array in arrays]


@pytest.mark.conformance("Keras", "{kind}", "arrays of each gate, of Keras 1")
@pytest.mark.parametrize(("kind", "places"), [("GRU", (0, 1, 2)), ("LSTM", (0, 2, 1, 3))])
@pytest.mark.parametrize("directions", [1, 2])
def test_arrays_of_keras_1__give_its_states(
    kind: str, places: Sequence[int], directions: int, rng: np.random.Generator
) -> None:
    arrays = arrays_of(kind, rng, bias="before", directions=directions)
    halves = [arrays[first : first + 3] for first in range(0, len(arrays), 3)]
    old = [one for half in halves for one in keras_1(half, places)]
    layer: Any = from_keras(old, keras_version="1", config={"inner_activation": "sigmoid"})
    for found, expected in zip(to_keras(layer), arrays, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.conformance("Keras", "CuDNN{kind}", "get_weights()")
@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_arrays_of_cudnn__are_each_gates_rows_in_memory(
    kind: str, rng: np.random.Generator
) -> None:
    x, arrays = inputs_of(rng), arrays_of(kind, rng, bias="usual")
    n_gates = GATES[kind]
    rows = [np.split(array.T, n_gates) for array in arrays[:2]]
    kernel, recurrent = (
        np.concatenate([gate.reshape(gate.shape[::-1]) for gate in gates], axis=1) for gates in rows
    )
    if kind == "GRU":
        bias = arrays[2].reshape(-1)
    else:
        other = rng.standard_normal(4 * 4)
        bias = np.concatenate([arrays[2] - other, other])
    layer = from_keras([kernel, recurrent, bias])
    assert_same(layer, x, LAYERS[kind](x, arrays))


@given(
    kind=st.sampled_from(sorted(LAYERS)),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 5)),
    bias=st.sampled_from(["usual", "before", "none"]),
    directions=st.sampled_from([1, 2]),
    wide=st.booleans(),
)
def test_arrays__return_as_they_came(
    kind: str, sizes: tuple[int, int], bias: str, directions: int, wide: bool
) -> None:
    inputs, hidden = sizes
    rng = np.random.default_rng(hidden)
    made = arrays_of(kind, rng, inputs=inputs, hidden=hidden, bias=bias, directions=directions)
    arrays = [array.astype("float64" if wide else "float32") for array in made]
    returned = to_keras(from_keras(arrays))  # type: ignore[arg-type]
    assert len(returned) == len(arrays)
    for found, expected in zip(returned, arrays, strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.conformance("Keras", "Sequential", "set_weights(): num_layers")
def test_deep_layer__gives_the_arrays_of_a_sequential(rng: np.random.Generator) -> None:
    layer = fastgru.GRU(3, 4, 2, bidirectional=True, dtype="float64", random_state=1)
    for value in layer.parameters.values():
        value[...] = rng.standard_normal(value.shape)
    x, arrays = inputs_of(rng), to_keras(layer)
    assert len(arrays) == 12
    between = formulas.both_ways(formulas.gru, x, arrays[:6])
    assert_same(layer, x, formulas.both_ways(formulas.gru, between, arrays[6:]))


# Refusals.


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([np.zeros((3, 12))], "expected the 2 or 3 arrays of a GRU.*found 1"),
        ([np.zeros((3, 12)), np.zeros((5, 12))], r"found \(3, 12\) and \(5, 12\)"),
        ([np.zeros((3, 8)), np.zeros((4, 8))], "g of 1, 3 or 4 gates"),
        ([np.zeros((0, 12)), np.zeros((4, 12))], r"found \(0, 12\)"),
        (
            [np.zeros((3, 16)), np.zeros((4, 16)), np.zeros((2, 16))],
            r"expected a bias of shape \(16,\)",
        ),
        ([np.zeros((3, 12)), np.zeros((4, 12)), np.zeros(13)], r"\(12,\) or \(2, 12\)"),
        ([np.zeros((3, 4))] * 9, "expected W, U and b of each gate in turn"),
        (["a", "b"], "expected arrays of real numbers"),
        ([[[1.0, 2.0], [3.0]], [1.0]], "found a ragged one"),
        (
            [np.zeros((3, 4)), np.zeros((4, 4)), np.zeros((3, 6)), np.zeros((6, 6))],
            "two directions",
        ),
        (7, "source must be a path"),
    ],
)
def test_arrays__that_are_no_layers_are_refused(arrays: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        from_keras(arrays)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gate_order": "onnx"}, "gate_order must be one of"),
        ({"layer": "gru_1"}, "layer='gru_1' is for models and files"),
        ({"keras_version": "new"}, "keras_version must begin with a number"),
        ({"config": {"time_major": True}}, "found time_major=True"),
        ({"config": {"go_backwards": True}}, "found go_backwards=True"),
        ({"config": {"layer": {"class_name": "GRU", "config": {}}}}, r"2 direction\(s\) of a GRU"),
        ({"config": {"layer": None}}, "expected a layer with class_name and config"),
        ({"config": {"layer": {"class_name": "Dense", "config": {}}}}, "found Dense"),
        ({"config": {"layer": {"class_name": "GRUCell", "config": {}}}}, "found GRUCell"),
        ({"config": "abc"}, r"config must hold entries of get_config\(\).* got str"),
        ({"config": {"cell": {"class_name": "StackedRNNCells", "config": {}}}}, "found Stacked"),
        ({"config": {"cell": {"class_name": "LSTMCell", "config": {}}}}, "of a LSTM, found"),
    ],
)
def test_options__that_do_not_fit_are_refused(
    options: Any, message: str, rng: np.random.Generator
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        from_keras(arrays_of("GRU", rng), **options)


@pytest.mark.conformance("Keras", "Bidirectional", "merge_mode {mode}", refused=True)
@pytest.mark.parametrize("mode", ["sum", "mul", "ave", None])
def test_merge_modes__are_refused_by_name(mode: str | None, rng: np.random.Generator) -> None:
    config = {"merge_mode": mode, "layer": {"class_name": "GRU", "config": {}}}
    with pytest.raises(ConfigurationError, match=f"found merge_mode={mode!r}, expected 'concat'"):
        from_keras(arrays_of("GRU", rng, directions=2), config=config)


def test_backward_layer__must_be_like_the_forward_one(rng: np.random.Generator) -> None:
    config: Any = {
        "layer": {"class_name": "GRU", "config": {}},
        "backward_layer": {"class_name": "GRU", "config": {"go_backwards": True}},
    }
    layer: Any = from_keras(arrays_of("GRU", rng, directions=2), config=config)
    assert layer.bidirectional
    config["backward_layer"]["config"]["activation"] = "relu"
    with pytest.raises(ConfigurationError, match="expected a backward_layer like the forward one"):
        from_keras(arrays_of("GRU", rng, directions=2), config=config)
    config = {"layer": {"class_name": "GRU", "config": {"go_backwards": True}}}
    with pytest.raises(ConfigurationError, match="expected a Bidirectional of a layer that runs"):
        from_keras(arrays_of("GRU", rng, directions=2), config=config)


@pytest.mark.conformance("Keras", "{kind}", "set_weights(): {option} of fastgru", refused=True)
@pytest.mark.parametrize(
    ("kind", "option", "value"),
    [
        ("LSTM", "peepholes", True),
        ("LSTM", "input_forget", True),
        ("GRU", "time_decay", True),
        ("GRU", "residual", True),
        ("GRU", "layer_norm", True),
        ("GRU", "clip", 1.0),
        ("GRU", "zoneout", 0.5),
        ("LSTM", "activations", ("sigmoid", "tanh", "relu")),
    ],
)
def test_layers__that_keras_lacks_are_refused(kind: str, option: str, value: Any) -> None:
    layer = getattr(fastgru, kind)(3, 4, 2, **{option: value})
    with pytest.raises(ConfigurationError, match=f"layer: found {option}, which no layer of Keras"):
        to_keras(layer)


def test_to_keras__takes_layers_alone() -> None:
    with pytest.raises(
        ConfigurationError, match=r"layer must be a fastgru\.GRU, LSTM or RNN, got int"
    ):
        to_keras(3)  # type: ignore[arg-type]


def test_packages__that_are_missing_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    monkeypatch.setitem(sys.modules, "keras", None)
    (tmp_path / "model.h5").write_bytes(b"\x89HDF")
    with pytest.raises(FastgruError, match=r"model\.h5: needs h5py, .* 'fastgru\[keras\]'"):
        from_keras(tmp_path / "model.h5")
    with pytest.raises(FastgruError, match=r"as_layer=True: needs keras, .* 'keras>=3'"):
        to_keras(fastgru.GRU(2, 3), as_layer=True)
