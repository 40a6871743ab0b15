"""fastgru against live layers and models of Keras 3 (``make test-peers``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastgru
from fastgru.errors import ConfigurationError
from fastgru.interop import from_keras, to_keras
from fastgru.interop.keras_chain import KerasChain
from tests.peers.keras_models import fill, live_keras, run

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

KINDS = ("GRU", "LSTM", "SimpleRNN")
GATED = ("GRU", "LSTM")
FUNCTIONS = ("tanh", "sigmoid", "relu", "linear", "elu", "softsign", "softplus", "leaky_relu")
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    return live_keras()


def made(
    keras: Any, kind: str, units: int, *, inputs: int = 3, both: bool = False, **o: Any
) -> Any:
    """A layer with weights; both ways if wanted."""
    layer = getattr(keras.layers, kind)(units, **{"return_sequences": True, **o})
    layer = keras.layers.Bidirectional(layer) if both else layer
    layer.build((None, None, inputs))
    fill(layer)
    return layer


def inputs_of(seed: int = 0, sequences: int = 3, steps: int = 6, size: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((sequences, steps, size)).astype(np.float32)


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * max(1, abs(expected).max()))


def assert_same_layer(layer: Any, x: np.ndarray) -> None:
    ours: Any = from_keras(layer)
    assert_close(ours.forward(x, training=False)[0], run(layer, x))


@st.composite
def options(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    found = {"use_bias": draw(st.booleans()), "activation": draw(st.sampled_from(FUNCTIONS))}
    if kind != "SimpleRNN":
        found["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid", "tanh"]))
    if kind == "GRU":
        found["reset_after"] = draw(st.booleans())
    return found


@kinds
@pytest.mark.conformance("Keras", "{kind}", "sizes, options and activations drawn at random")
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_layer__equals_keras(kind: str, data: st.DataObject, keras: Any) -> None:
    units, inputs, steps = (data.draw(st.integers(1, 6)) for _ in range(3))
    layer = made(
        keras, kind, units, inputs=inputs, both=data.draw(st.booleans()), **data.draw(options(kind))
    )
    assert_same_layer(layer, inputs_of(steps, 2, steps, inputs))


@pytest.mark.conformance("Keras", "GRU", "reset_after={reset_after}, use_bias={use_bias}")
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("use_bias", [True, False])
def test_gru__equals_keras_in_both_forms(reset_after: bool, use_bias: bool, keras: Any) -> None:
    layer = made(keras, "GRU", 5, reset_after=reset_after, use_bias=use_bias)
    ours: Any = from_keras(layer)
    assert ours.reset_after == reset_after
    assert_same_layer(layer, inputs_of())


@pytest.mark.conformance("Keras", "{kind}", "recurrent_activation: hard_sigmoid of version 3")
@pytest.mark.parametrize("kind", GATED)
def test_hard_sigmoid__is_that_of_keras_3(kind: str, keras: Any) -> None:
    assert_same_layer(made(keras, kind, 5, recurrent_activation="hard_sigmoid"), inputs_of())


@pytest.mark.conformance("Keras", "LSTM", "unit_forget_bias")
def test_unit_forget_bias__is_in_the_bias(keras: Any) -> None:
    layer = keras.layers.LSTM(4, unit_forget_bias=True, return_sequences=True)
    layer.build((None, None, 3))
    ours: Any = from_keras(layer)
    np.testing.assert_array_equal(ours.parameters["bias_ih_l0"][4:8], 1)
    assert_same_layer(layer, inputs_of())


@kinds
@pytest.mark.conformance("Keras", "RNN of {kind}Cell", "cell")
def test_rnn_of_a_cell__equals_keras(kind: str, keras: Any) -> None:
    layer = keras.layers.RNN(getattr(keras.layers, f"{kind}Cell")(4), return_sequences=True)
    layer.build((None, None, 3))
    fill(layer)
    assert_same_layer(layer, inputs_of())


@kinds
@pytest.mark.conformance("Keras", "{kind}", "return_state")
def test_states__are_those_that_keras_returns(kind: str, keras: Any) -> None:
    layer, x = made(keras, kind, 4, return_state=True), inputs_of()
    ours: Any = from_keras(layer)
    _, states = ours.forward(x, training=False)
    found = states if isinstance(states, tuple) else (states,)
    expected = layer(x)[1:]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert_close(one[0], keras.ops.convert_to_numpy(other))


@kinds
@pytest.mark.conformance("Keras", "{kind}", "go_backwards of a layer alone", refused=True)
def test_go_backwards__is_refused_of_a_layer_alone(kind: str, keras: Any) -> None:
    layer = made(keras, kind, 4, go_backwards=True)
    with pytest.raises(ConfigurationError, match="found go_backwards=True, expected a layer that"):
        from_keras(layer)
    turned: Any = from_keras(layer, config={"go_backwards": False})
    x = inputs_of()
    assert_close(turned.forward(x[:, ::-1], training=False)[0], run(layer, x))


@kinds
@pytest.mark.conformance("Keras", "{kind}", "go_backwards in a model, return_sequences={sequences}")
@pytest.mark.parametrize("sequences", [True, False])
def test_go_backwards__is_kept_in_a_chain(kind: str, sequences: bool, keras: Any) -> None:
    layers = [
        getattr(keras.layers, kind)(4, go_backwards=True, return_sequences=True),
        getattr(keras.layers, kind)(4, go_backwards=True, return_sequences=sequences),
    ]
    model = keras.Sequential([keras.Input((None, 3)), *layers])
    fill(model)
    chain: Any = from_keras(model)
    assert len(chain.steps) == 2
    assert_close(chain.forward(inputs_of()), run(model, inputs_of()))


@kinds
@pytest.mark.conformance("Keras", "Sequential", "layers of {kind} that stack")
@pytest.mark.parametrize("both", [False, True])
def test_equal_layers__become_one(kind: str, both: bool, keras: Any) -> None:
    width = 8 if both else 4
    layers = [made(keras, kind, 4, inputs=3, both=both)]
    layers += [keras.layers.Dropout(0.5), made(keras, kind, 4, inputs=width, both=both)]
    layers += [made(keras, kind, 4, inputs=width, both=both, return_sequences=False)]
    model = keras.Sequential([keras.Input((None, 3)), *layers])
    chain: Any = from_keras(model)
    assert isinstance(chain, KerasChain)
    assert chain.layers[0].num_layers == 3
    assert chain.steps[0].names == tuple(layers[place].name for place in (0, 2, 3))
    assert_close(chain.forward(inputs_of()), run(model, inputs_of()))


@pytest.mark.conformance("Keras", "Sequential", "layers of other kinds and sizes")
def test_unequal_layers__stay_apart(keras: Any) -> None:
    model = keras.Sequential(
        [
            keras.Input((None, 3)),
            keras.layers.GRU(4, return_sequences=True),
            keras.layers.GRU(4, return_sequences=True, reset_after=False),
            keras.layers.GRU(5, return_sequences=True, reset_after=False),
            keras.layers.LSTM(5, return_sequences=True),
            keras.layers.SimpleRNN(5, return_sequences=True, activation="relu"),
        ]
    )
    fill(model)
    chain: Any = from_keras(model)
    assert [type(layer).__name__ for layer in chain.layers] == ["GRU"] * 3 + ["LSTM", "RNN"]
    assert_close(chain.forward(inputs_of()), run(model, inputs_of()))


@pytest.mark.conformance(
    "Keras", "Masking", "mask_value, masks anywhere, {kind}, both ways: {both}"
)
@kinds
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_masking__leaves_out_what_keras_does(
    kind: str, both: bool, sequences: bool, keras: Any
) -> None:
    layers = [
        made(keras, kind, 4, both=both),
        made(keras, kind, 3, inputs=8 if both else 4, both=both, return_sequences=sequences),
    ]
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.Masking(-1.0), *layers])
    x = inputs_of(sequences=5)
    kept = np.ones(x.shape[:2], bool)
    kept[0, 4:], kept[1, :2], kept[2, [1, 3]], kept[3] = False, False, False, False
    x[~kept] = -1
    chain: Any = from_keras(model)
    assert chain.mask_value == -1
    found, expected = chain.forward(x), run(model, x)
    if sequences:
        # Where a step is left out, a layer that runs one way repeats its last state.
        assert not found[~kept].any()
        found, expected = found[kept], expected[kept]
    assert_close(found, expected)


@pytest.mark.conformance("Keras", "Masking", "with go_backwards and return_sequences", refused=True)
def test_masking__is_refused_where_keras_leaves_the_mask_unturned(keras: Any) -> None:
    model = keras.Sequential(
        [
            keras.Input((None, 3)),
            keras.layers.Masking(),
            keras.layers.GRU(4, go_backwards=True, return_sequences=True),
        ]
    )
    chain: Any = from_keras(model)
    x = inputs_of()
    chain.forward(x)
    x[0, 3:] = 0
    with pytest.raises(ConfigurationError, match=r"expected no step that is masked.*found 3"):
        chain.forward(x)


def test_chain__takes_lengths_and_says_what_does_not_fit(keras: Any) -> None:
    layer = made(keras, "LSTM", 4, return_sequences=False)
    model = keras.Sequential([keras.Input((None, 3)), layer])
    chain: Any = from_keras(model)
    x = inputs_of()
    found = chain.forward(x, [6, 2, 0])
    assert_close(found[1], run(model, x[1:2, :2])[0])
    assert not found[2].any()
    for lengths in ([6, 2], [6, 2, 7], [6, 2, -1], [1.0, 2.0, 3.0]):
        with pytest.raises(ConfigurationError, match="lengths must be 3 integers from 0 to 6"):
            chain.forward(x, lengths)
    for wrong in (x[0], x[:, :, :2], x.astype(str)):
        with pytest.raises(ConfigurationError, match=r"x must be numbers of shape \(B, T, 3\)"):
            chain.forward(wrong)


@pytest.mark.conformance("Keras", "Functional", "a chain, with layers before and after it")
def test_functional_model__gives_its_chain_and_the_rest(keras: Any) -> None:
    x = keras.Input((6, 3))
    y = keras.layers.Dense(5)(x)
    y = keras.layers.GRU(4, return_sequences=True, name="first")(y)
    y = keras.layers.GRU(4, return_sequences=True, name="second")(y)
    out = keras.layers.Dense(2)(y)
    model = keras.Model(x, out)
    fill(model)
    chain: Any = from_keras(model)
    (dense,) = (name for name in chain.before if chain.before[name])
    weight, bias = chain.before[dense]
    inner = inputs_of() @ weight + bias
    ((weight, bias),) = chain.after.values()
    assert_close(chain.forward(inner) @ weight + bias, run(model, inputs_of()))
    alone: Any = from_keras(model, "second")
    np.testing.assert_array_equal(
        alone.parameters["weight_hh_l0"], chain.layers[0].parameters["weight_hh_l1"]
    )


@pytest.mark.conformance("Keras", "Functional", "branches, initial_state", refused=True)
def test_functional_model__with_branches_is_refused_by_name(keras: Any) -> None:
    x = keras.Input((6, 3))
    _, state = keras.layers.GRU(4, return_state=True, name="encoder")(x)
    y = keras.layers.GRU(4, return_sequences=True, name="decoder")(x, initial_state=state)
    model = keras.Model(x, y)
    with pytest.raises(ConfigurationError, match=r"'decoder' \(GRU\) on the inputs .*'encoder'"):
        from_keras(model)
    assert isinstance(from_keras(model, "decoder"), fastgru.GRU)
    with pytest.raises(ConfigurationError, match="one of 'encoder', 'decoder', got 'third'"):
        from_keras(model, "third")
    with pytest.raises(ConfigurationError, match="expected one recurrent layer that config is for"):
        from_keras(model, config={"go_backwards": False})


@pytest.mark.conformance("Keras", "Lambda", "between recurrent layers", refused=True)
def test_other_layers_between__are_refused_by_name(keras: Any) -> None:
    model = keras.Sequential(
        [
            keras.Input((6, 3)),
            keras.layers.GRU(4, return_sequences=True, name="below"),
            keras.layers.Lambda(lambda y: 2 * y, name="twice"),
            keras.layers.GRU(4, name="above"),
        ]
    )
    with pytest.raises(ConfigurationError, match=r"on the inputs \['twice'\] between 'below' and"):
        from_keras(model)


def test_models__that_are_no_chain_are_refused(keras: Any) -> None:
    masked = keras.layers.Masking(name="masked")
    layers = [keras.layers.GRU(4, return_sequences=True), masked, keras.layers.GRU(4)]
    with pytest.raises(ConfigurationError, match=r"expected one Masking.*'masked'"):
        from_keras(keras.Sequential([keras.Input((6, 3)), *layers]))
    with pytest.raises(ConfigurationError, match=r"expected a recurrent layer .* found .*'Dense'"):
        from_keras(keras.Sequential([keras.Input((6, 3)), keras.layers.Dense(2)]))
    with pytest.raises(ConfigurationError, match="gate_order='tensorflow1' is for arrays"):
        from_keras(keras.layers.GRU(2), gate_order="tensorflow1")


@kinds
@pytest.mark.conformance("Keras", "{kind}", "to_keras: layers, depth, both ways, hard_sigmoid")
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_to_keras__computes_the_same(kind: str, data: st.DataObject, keras: Any) -> None:
    draw = data.draw
    sizes = [draw(st.integers(1, 5)) for _ in range(2)]
    chosen: dict[str, Any] = {"bias": draw(st.booleans()), "bidirectional": draw(st.booleans())}
    if kind == "GRU":
        chosen["reset_after"] = draw(st.booleans())
    if kind != "SimpleRNN" and draw(st.booleans()):
        gate = fastgru.Activation("hard_sigmoid", 1 / 6)
        chosen["activations"] = (gate, "softsign", "softsign")[: 2 if kind == "GRU" else 3]
    class_ = fastgru.RNN if kind == "SimpleRNN" else getattr(fastgru, kind)
    layer = class_(*sizes, draw(st.integers(1, 2)), random_state=1, **chosen)
    rng = np.random.default_rng(0)
    for value in layer.parameters.values():
        value[...] = 0.5 * rng.standard_normal(value.shape)
    x = inputs_of(size=sizes[0])
    theirs = to_keras(layer, as_layer=True)
    assert_close(run(theirs, x), layer.forward(x, training=False)[0])
    if layer.num_layers == 1:
        for found, expected in zip(to_keras(layer), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.conformance(
    "Keras", "GRU", "to_keras: hard_sigmoid of Keras 2 as a layer", refused=True
)
def test_to_keras__refuses_functions_that_keras_3_lacks() -> None:
    layer = fastgru.GRU(2, 3, activations=("hard_sigmoid", "tanh"))
    assert len(to_keras(layer)) == 3
    with pytest.raises(ConfigurationError, match=r"found activation .*hard_sigmoid.*expected one"):
        to_keras(layer, as_layer=True)


def test_to_keras__keeps_double_precision(keras: Any) -> None:
    layer = fastgru.LSTM(2, 3, dtype="float64", random_state=1)
    x = np.random.default_rng(1).standard_normal((2, 5, 2))
    theirs = to_keras(layer, as_layer=True)
    np.testing.assert_allclose(run(theirs, x), layer.forward(x)[0], rtol=0, atol=1e-12)
    back: Any = from_keras(theirs)
    assert back.dtype == np.float64
