from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru.data.alphabets import get_alphabet
from fastgru.data.windows import WindowCodes
from fastgru.models import shared_stem
from fastgru.models.network import SequenceNetwork
from fastgru.models.shared_stem import SharedStem
from fastgru.training import prediction
from fastgru.training.prediction import predict_logits
from tests.architectures import small_architecture
from tests.comparing import assert_same_bits

DNA = get_alphabet("dna")
TWO_LAYERS: dict[str, Any] = {"conv_channels": (6, 6), "conv_width": (5,)}
STEMS: dict[str, dict[str, Any]] = {
    "two layers": TWO_LAYERS,
    "even widths, dilated": {**TWO_LAYERS, "conv_width": (4, 2), "conv_dilation": (1, 3)},
    "strides": {**TWO_LAYERS, "conv_stride": (2, 3)},
    "pools": {**TWO_LAYERS, "conv_pool": (3, 2), "conv_norm": "batch"},
    "strides and pools": {**TWO_LAYERS, "conv_stride": (3, 1), "conv_pool": (2, 2)},
    "residual": {**TWO_LAYERS, "conv_residual": True, "conv_norm": "layer"},
    "one tap": {"conv_channels": (6,), "conv_width": (1,)},
    "k-mers": {**TWO_LAYERS, "kmer_size": 3},
    "k-mers with strides": {**TWO_LAYERS, "kmer_size": 3, "kmer_stride": 2, "conv_pool": (2,)},
    "many k-mers": {**TWO_LAYERS, "kmer_size": 5, "dtype": "float64"},
}


def make_network(seed: int = 1, **changes: Any) -> SequenceNetwork:
    sizes = {"pooling": ("max", "mean", "attention"), "bidirectional": True, **changes}
    network = SequenceNetwork(small_architecture(**sizes), DNA.mixture, seed)
    values = network.parameters.values[: network.parameters.size]
    values += 0.3 * np.random.default_rng(seed).standard_normal(values.shape)
    return network


def windows_at(starts: Any, window: int, seed: int = 0) -> WindowCodes:
    starts = np.asarray(starts, np.int64)
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, len(DNA.symbols), int(starts.max()) + window).astype(np.uint8)
    return WindowCodes(codes, starts, starts + window)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share wherever that is possible, whether it pays or not."""
    monkeypatch.setattr(shared_stem, "_WORTH", np.inf)


@pytest.fixture
def letters_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The letters of each pass through a stem."""
    found: list[int] = []
    read = SequenceNetwork.read

    def counting(self: Any, tokens: np.ndarray, lengths: np.ndarray, **options: Any) -> Any:
        found.append(int(lengths.sum()))
        return read(self, tokens, lengths, **options)

    monkeypatch.setattr(SequenceNetwork, "read", counting)
    return found


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("strands", ["none", "average", "equivariant"])
@pytest.mark.parametrize("stem", STEMS)
def test_outputs__are_those_of_each_window_by_itself_to_the_bit(
    stem: str, strands: str, letters_read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_stem, "_PIECE", 50)
    even = {"embedding_size": 4, "hidden_size": 4} if strands == "equivariant" else {}
    network = make_network(reverse_complement=strands, **{**STEMS[stem], **even})
    windows = windows_at(np.arange(12) * 24, 90)
    alone = [network.forward(codes[None], np.array([90]))[0] for codes in windows]
    letters_read.clear()
    found = predict_logits(network, windows)
    assert_same_bits(found, np.array(alone, np.float64))
    assert len(letters_read) == 2  # pieces, heads and tails


@pytest.mark.usefixtures("always")
@settings(max_examples=60)
@given(st.data())
def test_outputs__do_not_depend_on_what_is_shared(data: st.DataObject) -> None:
    n_layers = data.draw(st.integers(1, 3))
    column = st.lists(st.integers(1, 3), min_size=n_layers, max_size=n_layers).map(tuple)
    kmer_size = data.draw(st.integers(1, 3))
    changes = {
        "conv_channels": data.draw(column),
        "conv_width": data.draw(column.map(lambda sizes: tuple(2 * size for size in sizes))),
        "conv_dilation": data.draw(column),
        "conv_stride": data.draw(column),
        "conv_pool": data.draw(column),
        "kmer_size": kmer_size,
        "kmer_stride": data.draw(st.integers(1, kmer_size)),
        "reverse_complement": data.draw(st.sampled_from(["none", "average"])),
    }
    network = make_network(data.draw(st.integers(0, 9)), **changes)
    window = data.draw(st.integers(kmer_size, 150))
    starts = data.draw(st.lists(st.integers(0, 200), min_size=1, max_size=9))
    windows = windows_at(starts, window)
    assert_same_bits(predict_logits(network, windows), predict_logits(network, list(windows)))


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("most", [1, 300, 1 << 16])
def test_outputs__do_not_depend_on_the_batch(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_network(**STEMS["pools"])
    windows = windows_at([5, 0, 60, 11, 17, 83, 300, 306], 70)
    expected = predict_logits(network, list(windows))
    monkeypatch.setattr(prediction, "MAX_PREDICTION_TOKENS", most)
    assert_same_bits(predict_logits(network, windows), expected)


def test_windows_of_other_sizes__are_read_by_themselves() -> None:
    network = make_network(**TWO_LAYERS)
    codes = np.random.default_rng(0).integers(0, 4, 500).astype(np.uint8)
    starts, ends = np.array([0, 20, 40, 60, 480]), np.array([200, 220, 240, 260, 500])
    windows = WindowCodes(codes, starts, ends)
    assert_same_bits(predict_logits(network, windows), predict_logits(network, list(windows)))


@pytest.mark.parametrize(
    ("step", "shares"), [(10, True), (40, True), (70, False), (100, False), (150, False)]
)
def test_letters_are_read_once__where_that_pays(
    step: int, shares: bool, letters_read: list[int]
) -> None:
    network = make_network(**TWO_LAYERS)
    windows = windows_at(np.arange(50) * step, 100)
    predict_logits(network, windows)
    assert (sum(letters_read) < 0.7 * 50 * 100) == shares


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {**TWO_LAYERS, "n_positions": 100},
        {**TWO_LAYERS, "conv_width": (101,)},
    ],
    ids=["no convolution", "positions", "wider than the window"],
)
def test_stem__is_not_shared_without_steps_that_are_alike(changes: dict[str, Any]) -> None:
    assert not SharedStem(small_architecture(**changes), 100).applies
    assert SharedStem(small_architecture(**TWO_LAYERS), 100).applies
