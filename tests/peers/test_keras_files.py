"""Files of Keras 1 to 3, read without it (``make test-peers``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru.errors import ConfigurationError
from fastgru.interop import from_keras
from tests.peers.keras_files import sequential, write_archive, write_legacy
from tests.peers.keras_models import fill, live_keras, run
from tests.reference import keras_layers as formulas

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

HARD = formulas.FUNCTIONS["hard_sigmoid of Keras 2"]


@pytest.fixture(scope="module", autouse=True)
def _h5py() -> None:
    pytest.importorskip("h5py")


def draw(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6)


X = np.random.default_rng(5).standard_normal((2, 6, 3)).astype(np.float32)
GRU_BEFORE = draw((3, 12), (4, 12), (12,))
LSTM = draw((3, 16), (4, 16), (16,))


# Keras 3.


@pytest.fixture(scope="module")
def model() -> Any:
    keras = live_keras()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None, 3)),
            layers.Masking(),
            layers.Bidirectional(layers.GRU(4, return_sequences=True, dropout=0.1)),
            layers.Dropout(0.2),
            layers.Bidirectional(layers.GRU(4, return_sequences=True, recurrent_dropout=0.1)),
            layers.LSTM(3, return_sequences=True, name="named", use_bias=False),
            layers.RNN(layers.GRUCell(3), return_sequences=True),
            layers.SimpleRNN(2, recurrent_regularizer="l2"),
            layers.Dense(2, name="head"),
        ]
    )
    fill(model)
    return model


@pytest.mark.conformance("Keras", "file", "{name} of Keras 3")
@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_whole_model__gives_its_outputs(name: str, model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / name)
    chain: Any = from_keras(str(tmp_path / name))
    assert [len(step.names) for step in chain.steps] == [2, 1, 1, 1]
    weight, bias = chain.after["head"]
    assert_close(chain.forward(X) @ weight + bias, run(model, X))


@pytest.mark.conformance("Keras", "file", "functional .keras of Keras 3")
def test_functional_model__gives_its_outputs(tmp_path: Path) -> None:
    keras = live_keras()
    x = keras.Input((None, 3))
    y = keras.layers.LSTM(4, return_sequences=True)(x)
    y = keras.layers.LSTM(4)(keras.layers.Dropout(0.5)(y))
    model = keras.Model(x, y)
    fill(model)
    for name in ("model.keras", "model.h5"):
        model.save(tmp_path / name)
        chain: Any = from_keras(tmp_path / name)
        assert chain.layers[0].num_layers == 2
        assert_close(chain.forward(X), run(model, X))


def test_weights_without_a_recurrent_layer__are_named(tmp_path: Path) -> None:
    layers = live_keras().layers
    stack = layers.RNN([layers.GRUCell(2), layers.GRUCell(2)], name="stack")
    path = tmp_path / "model.weights.h5"
    live_keras().Sequential([live_keras().Input((None, 3)), stack]).save_weights(path)
    with pytest.raises(
        ConfigurationError, match=r"expected a recurrent layer .* found .*'stack'\."
    ):
        from_keras(path)


@pytest.mark.conformance("Keras", "file", ".weights.h5 of Keras 3")
def test_weights_file__gives_layers_by_name(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    for layer in model.layers:
        if layer.name.startswith(("bidirectional", "named", "simple_rnn")):
            found: Any = from_keras(path, layer.name)
            expected: Any = from_keras(layer)
            assert found.parameters.keys() == expected.parameters.keys()
            for name, value in expected.parameters.items():
                np.testing.assert_array_equal(found.parameters[name], value)
    with pytest.raises(ConfigurationError, match="a file of weights alone, which does not tell"):
        from_keras(path)
    with pytest.raises(ConfigurationError, match="got 'head'"):
        from_keras(path, "head")


@pytest.mark.conformance("Keras", "file", "subclassed model", refused=True)
def test_subclassed_model__is_refused_by_its_class(tmp_path: Path) -> None:
    keras = live_keras()

    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.gru = keras.layers.GRU(4)

        def call(self, x: Any) -> Any:
            return self.gru(x)

    model = Own()
    model(X)
    model.save(tmp_path / "own.keras")
    for source in (model, tmp_path / "own.keras"):
        with pytest.raises(
            ConfigurationError, match="found class 'Own', whose layers only its own"
        ):
            from_keras(source)


# Keras 1 and 2, written by hand.


@pytest.mark.conformance("Keras", "file", ".h5 of Keras 2")
@pytest.mark.parametrize("as_list", [True, False], ids=["until 2.2.2", "from 2.2.3"])
def test_keras_2__has_its_hard_sigmoid_and_one_bias(as_list: bool, tmp_path: Path) -> None:
    options = {"units": 4, "activation": "tanh", "recurrent_activation": "hard_sigmoid"}
    layers = [
        ("GRU", "gru_1", {**options, "return_sequences": True}),
        ("Dropout", "dropout_1", {"rate": 0.5}),
        ("LSTM", "lstm_1", {**options, "return_sequences": False}),
    ]
    above = draw((4, 16), (4, 16), (16,))
    path = write_legacy(
        tmp_path / "model.h5",
        {"gru_1": GRU_BEFORE, "dropout_1": [], "lstm_1": above},
        sequential(layers, as_list),
    )
    expected = formulas.lstm(formulas.gru(X, GRU_BEFORE, HARD), above, HARD)[:, -1]
    chain: Any = from_keras(path)
    assert not chain.layers[0].reset_after
    assert_close(chain.forward(X), expected)
    gru: Any = from_keras(path, "gru_1")
    assert_close(gru.forward(X, training=False)[0], formulas.gru(X, GRU_BEFORE, HARD))
    newer: Any = from_keras(path, keras_version="3")
    assert newer.layers[0].activations[0].alpha == 1 / 6


@pytest.mark.conformance("Keras", "file", ".h5 of tf.keras: functional, Bidirectional, reset_after")
def test_tf_keras__functional_model_gives_its_outputs(tmp_path: Path) -> None:
    weights = draw(*[(3, 12), (4, 12), (2, 12)] * 2)
    gru = {"name": "gru", "units": 4, "recurrent_activation": "sigmoid", "reset_after": True}
    inner = {"class_name": "GRU", "config": {**gru, "return_sequences": True}}
    layers = [
        {"class_name": "InputLayer", "name": "input_1", "config": {}, "inbound_nodes": []},
        {
            "class_name": "Bidirectional",
            "name": "both",
            "config": {"name": "both", "layer": inner, "merge_mode": "concat"},
            "inbound_nodes": [[["input_1", 0, 0, {}]]],
        },
    ]
    config = {"class_name": "Functional", "config": {"name": "model", "layers": layers}}
    path = write_legacy(tmp_path / "model.hdf5", {"both": weights}, config, "2.4.0")
    chain: Any = from_keras(path)
    assert_close(chain.forward(X), formulas.both_ways(formulas.gru, X, weights))


@pytest.mark.conformance("Keras", "file", ".h5 of Keras 1")
@pytest.mark.parametrize("version", [None, "1.2.2"])
@pytest.mark.parametrize(
    ("kind", "arrays", "places"),
    [("GRU", GRU_BEFORE, (0, 1, 2)), ("LSTM", LSTM, (0, 2, 1, 3))],
)
def test_keras_1__keeps_the_arrays_of_each_gate(
    kind: str, arrays: list[np.ndarray], places: tuple[int, ...], version: Any, tmp_path: Path
) -> None:
    split = [np.split(array, len(places), axis=-1) for array in arrays]
    old = [blocks[place] for place in places for blocks in split]
    name = f"{kind.lower()}_1"
    options = {"output_dim": 4, "activation": "tanh", "inner_activation": "hard_sigmoid"}
    config = sequential([(kind, name, options)], as_list=True)
    path = write_legacy(tmp_path / "model.h5", {name: old}, config, version)
    formula: Any = formulas.gru if kind == "GRU" else formulas.lstm
    expected = formula(X, arrays, HARD)
    chain: Any = from_keras(path)
    assert_close(chain.forward(X), expected[:, -1])
    weights = write_legacy(tmp_path / "weights.h5", {name: old}, None, version)
    layer: Any = from_keras(weights, name)
    assert_close(layer.forward(X, training=False)[0], expected)


@pytest.mark.conformance("Keras", "file", ".h5 of weights alone, of Keras 2 and tf.keras")
def test_weights_of_keras_2__have_the_defaults_of_their_version(tmp_path: Path) -> None:
    path = write_legacy(tmp_path / "weights.h5", {"gru_1": GRU_BEFORE})
    chain: Any = from_keras(path)
    assert_close(chain.forward(X), formulas.gru(X, GRU_BEFORE, HARD)[:, -1])
    sequences: Any = from_keras(path, config={"return_sequences": True, "activation": "relu"})
    expected = formulas.gru(X, GRU_BEFORE, HARD, formulas.FUNCTIONS["relu"])
    assert_close(sequences.forward(X), expected)
    path = write_legacy(tmp_path / "tf.h5", {"lstm": LSTM}, version="2.2.4-tf")
    with pytest.raises(ConfigurationError, match=r"layer 'lstm': found no recurrent_activation"):
        from_keras(path)
    layer: Any = from_keras(path, "lstm", config={"recurrent_activation": "sigmoid"})
    assert_close(layer.forward(X, training=False)[0], formulas.lstm(X, LSTM))


def test_names_in_parts__are_joined(tmp_path: Path) -> None:
    import h5py

    path = write_legacy(tmp_path / "weights.h5", {"gru_1": GRU_BEFORE})
    with h5py.File(path, "a") as file:
        names = file["gru_1"].attrs["weight_names"]
        del file["gru_1"].attrs["weight_names"]
        file["gru_1"].attrs["weight_names0"] = names[:2]
        file["gru_1"].attrs["weight_names1"] = names[2:]
    layer: Any = from_keras(path, "gru_1")
    assert_close(layer.forward(X, training=False)[0], formulas.gru(X, GRU_BEFORE, HARD))


@pytest.mark.conformance("Keras", "file", ".keras of tf.keras 2.12 to 2.15")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("layers/gru/cell/vars", "layers/gru_1/cell/vars"),
        ("_layer_checkpoint_dependencies/gru/cell/vars", "layers/gru_2/cell/vars"),
        (r"layers\gru\cell/vars", r"layers\gru_10\cell/vars"),
    ],
)
@pytest.mark.parametrize("compress", [False, True])
def test_archive_of_tf_keras__gives_its_outputs(
    first: str, second: str, compress: bool, tmp_path: Path
) -> None:
    below, above = draw((3, 12), (4, 12), (2, 12)), draw((4, 12), (4, 12), (2, 12))
    options = {"units": 4, "recurrent_activation": "hard_sigmoid", "return_sequences": True}
    config = sequential([("GRU", "b", options), ("GRU", "a", options)])
    groups = {second: above, first: below}
    path = write_archive(tmp_path / "model.keras", groups, config, compress=compress)
    chain: Any = from_keras(path)
    assert chain.steps[0].names == ("b", "a")
    assert_close(chain.forward(X), formulas.gru(formulas.gru(X, below, HARD), above, HARD))


@pytest.mark.parametrize("names", [("forward_gru", "backward_gru"), ("gru_1", "gru_2")])
def test_nested_model_of_keras_2__is_told_from_a_bidirectional_by_its_names(
    names: tuple[str, str], tmp_path: Path
) -> None:
    import h5py

    parts = [f"{one}/{end}:0" for one in names for end in ("kernel", "recurrent_kernel", "bias")]
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"enc"]
        group = file.create_group("enc")
        group.attrs["weight_names"] = [f"enc/{part}".encode() for part in parts]
        for part, array in zip(parts, draw(*[(4, 12), (4, 12), (12,)] * 2), strict=True):
            group[f"enc/{part}"] = array
    if names[0] == "forward_gru":
        assert getattr(from_keras(path, "enc", keras_version="2.2.4"), "bidirectional", None)
    else:
        with pytest.raises(ConfigurationError, match="'enc', which holds recurrent layers"):
            from_keras(path, "enc", keras_version="2.2.4")
