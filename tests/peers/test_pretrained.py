"""Trained models of public packages give the outputs of their own code (``make test-peers``).

Their files are found where the packages are installed, or unpacked below ``FASTGRU_PRETRAINED``.
``make`` installs g2p-en and silero-vad; medaka's old wheels, for Python 3.6, have to be unpacked.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fastgru
from fastgru.interop import from_keras
from tests.peers.keras_models import live_keras, run
from tests.peers.pretrained import package_files

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

WORD_LIST = """
activationist peptidome nucleosome splicing anticodon methylome telomerase fastgru numba
kerasian phosphatase zwitterion cytochrome quokka xylophagous rhythmic syzygy chromatid ribozyme
tyrosine glyphosate bioinformatician pseudogene transposon histone aminoacyl wug blicket gostak
doshes snarkish brillig slithy toves gyre gimble wabe mimsy borogoves mome raths outgrabe a i x
zzz schadenfreude llanfair tschai mcgonagall o'reilly'sque supercalifragilisticexpialidocious
"""
WORDS = WORD_LIST.split()


# g2p-en: letters to phonemes by a GRU that reads and a GRU that writes.


def g2p_by_its_own_code(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The package's class, with nothing in the place of the dictionaries that it downloads."""
    for name in ("nltk", "nltk.corpus", "nltk.tokenize", "inflect"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    nltk, inflect = (sys.modules[name] for name in ("nltk", "inflect"))
    for holder, name, value in [
        (nltk, "pos_tag", None),
        (nltk, "data", type("Data", (), {"find": lambda _: None})),
        (sys.modules["nltk.corpus"], "cmudict", type("Dictionary", (), {"dict": dict})),
        (sys.modules["nltk.tokenize"], "TweetTokenizer", lambda: type("T", (), {"tokenize": 0})),
        (inflect, "engine", object),
    ]:
        monkeypatch.setattr(holder, name, value, raising=False)
    monkeypatch.syspath_prepend(str(root.parent))
    for name in [name for name in sys.modules if name.split(".")[0] == "g2p_en"]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("g2p_en").G2p()


def gru_of(variables: Any, prefix: str) -> fastgru.GRU:
    names = {
        f"{kind}_{what}": f"{prefix}_{kind[0]}_{what}"
        for kind in ("weight", "bias")
        for what in ("ih", "hh")
    }
    hidden, inputs = variables[f"{prefix}_w_hh"].shape[1], variables[f"{prefix}_w_ih"].shape[1]
    gru = fastgru.GRU(inputs, hidden)
    gru.load_state_dict({f"{name}_l0": variables[there] for name, there in names.items()})
    return gru


def phonemes_by_fastgru(variables: Any, words: list[str], letters: dict[str, int]) -> list[Any]:
    """The numbers of the phonemes of all words at once: read together, written greedily."""
    start, end, longest = 2, 3, 20
    rows = [[letters.get(letter, letters["<unk>"]) for letter in word] for word in words]
    rows = [[*row, letters["</s>"]] for row in rows]
    lengths = [len(row) for row in rows]
    tokens = np.zeros((len(rows), max(lengths)), np.int64)
    for row, padded in zip(rows, tokens, strict=True):
        padded[: len(row)] = row
    reader, writer = gru_of(variables, "enc"), gru_of(variables, "dec")
    _, h = reader.forward(tokens, lengths, embedding=variables["enc_emb"], training=False)
    token, written = np.full((len(words), 1), start), []
    for _ in range(longest):
        y, h = writer.forward(token, h0=h, embedding=variables["dec_emb"], training=False)
        token = (y[:, 0] @ variables["fc_w"].T + variables["fc_b"]).argmax(axis=1)[:, None]
        written.append(token[:, 0])
    rows = np.transpose(written).tolist()
    return [row[: row.index(end)] if end in row else row for row in rows]


@pytest.mark.conformance("Pretrained models", "g2p-en", "GRU encoder and decoder, NumPy weights")
def test_g2p_en__writes_the_same_phonemes(monkeypatch: pytest.MonkeyPatch) -> None:
    (path, *_) = package_files("g2p_en", "checkpoint20.npz")
    theirs = g2p_by_its_own_code(path.parent, monkeypatch)
    expected = [theirs.predict(word) for word in WORDS]
    with np.load(path) as variables:
        found = phonemes_by_fastgru(dict(variables), WORDS, theirs.g2idx)
    assert [[theirs.idx2p[number] for number in row] for row in found] == expected
    assert len({tuple(row) for row in expected}) > 40


# medaka, until version 1.2: letters of a consensus from counts, in HDF5 of Keras 2.


def keras_2_hard_sigmoid(x: Any) -> Any:
    return live_keras().ops.clip(0.2 * x + 0.5, 0, 1)


def medaka_by_keras(file: Any, x: np.ndarray) -> np.ndarray:
    """The states by Keras 3, with the hard sigmoid of the Keras that trained the model."""
    keras = live_keras()
    layers = []
    for name in ("bidirectional_1", "bidirectional_2"):
        group = file["model_weights"][name]
        arrays = [group[weight][()] for weight in group.attrs["weight_names"]]
        gru = keras.layers.GRU(
            *(len(arrays[1]), "tanh", keras_2_hard_sigmoid),
            return_sequences=True,
            reset_after=False,
        )
        with keras.saving.custom_object_scope({"keras_2_hard_sigmoid": keras_2_hard_sigmoid}):
            layers.append((keras.layers.Bidirectional(gru), arrays))
    model = keras.Sequential([keras.Input((None, x.shape[2])), *(layer for layer, _ in layers)])
    for layer, arrays in layers:
        layer.set_weights(arrays)
    return run(model, x)


def medaka_by_torch(file: Any, x: np.ndarray) -> np.ndarray:
    """The states by PyTorch, whose GRU has cuDNN's form: each gate's matrix is as in memory."""
    torch = pytest.importorskip("torch")
    state_dict = {}
    for level, group in enumerate(
        file["model_weights"][n] for n in ("bidirectional_1", "bidirectional_2")
    ):
        arrays = [group[weight][()] for weight in group.attrs["weight_names"]]
        for suffix, (kernel, recurrent, bias) in (("", arrays[:3]), ("_reverse", arrays[3:])):
            for kind, array in (("ih", kernel), ("hh", recurrent)):
                z, r, n = (gate.reshape(len(recurrent), -1) for gate in np.hsplit(array, 3))
                state_dict[f"weight_{kind}_l{level}{suffix}"] = np.concatenate([r, z, n])
            for kind, array in zip(("ih", "hh"), np.split(bias, 2), strict=True):
                z, r, n = np.split(array, 3)
                state_dict[f"bias_{kind}_l{level}{suffix}"] = np.concatenate([r, z, n])
    hidden = state_dict["weight_hh_l0"].shape[1]
    gru = torch.nn.GRU(x.shape[2], hidden, 2, bidirectional=True, batch_first=True)
    gru.load_state_dict({name: torch.tensor(value) for name, value in state_dict.items()})
    return np.asarray(gru(torch.tensor(x))[0].detach())


def test_medaka__gives_the_same_probabilities() -> None:
    h5py = pytest.importorskip("h5py")
    tried = 0
    for path in package_files("medaka", "data/*_model.hdf5"):
        with h5py.File(path) as file:
            if list(file["model_weights"].attrs["layer_names"])[:1] != [b"bidirectional_1"]:
                continue
            chain: Any = from_keras(path)
            (layer,) = chain.layers
            assert (layer.num_layers, layer.bidirectional) == (2, True)
            x = np.random.default_rng(0).random((2, 50, layer.input_size), np.float32)
            theirs = medaka_by_torch if layer.reset_after else medaka_by_keras
            expected = theirs(file, x)
        weight, bias = chain.after["classify"]
        found = chain.forward(x)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)
        scores, others = (states @ weight + bias for states in (found, expected))
        np.testing.assert_array_equal(scores.argmax(axis=2), others.argmax(axis=2))
        tried += 1
    if not tried:
        pytest.skip("only models of other versions of medaka")


# silero-vad: speech or not, by convolutions and an LSTM over pieces of 32 ms.


def silero_states(weights: Any, sound: Any, torch: Any) -> np.ndarray:
    """What the LSTM gets for each piece (1, N, 128): the network's convolutions, by PyTorch."""
    f = torch.nn.functional
    pieces = f.pad(sound, (64, 0)).unfold(0, 64 + 512, 512)
    x = f.conv1d(
        f.pad(pieces[:, None], (0, 64), "reflect"), weights["stft.forward_basis_buffer"], stride=128
    )
    x = (x[:, :129] ** 2 + x[:, 129:] ** 2).sqrt()
    for number, stride in enumerate((1, 2, 2, 1)):
        weight, bias = (weights[f"encoder.{number}.reparam_conv.{n}"] for n in ("weight", "bias"))
        x = f.relu(f.conv1d(x, weight, bias, stride=stride, padding=1))
    return np.asarray(x[None, :, :, 0])


@pytest.mark.conformance("Pretrained models", "silero-vad", "LSTM of PyTorch")
def test_silero_vad__gives_the_same_probabilities() -> None:
    torch = pytest.importorskip("torch")
    (path, *_) = package_files("silero_vad", "data/silero_vad.jit")
    theirs = torch.jit.load(path)
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(512 * 60) / 16000
    loudness = (torch.sin(2 * torch.pi * 2 * time) > 0) * 0.3
    tone = sum(torch.sin(2 * torch.pi * 140 * k * time) / k for k in range(1, 20))
    sound = loudness * tone + 0.02 * torch.randn(len(time), generator=generator)
    with torch.no_grad():
        expected = [theirs(piece[None], 16000).item() for piece in sound.split(512)]
    own = "_model."
    weights = {n.removeprefix(own): v for n, v in theirs.state_dict().items() if n.startswith(own)}
    lstm = fastgru.LSTM(128, 128)
    cell = {
        name: weights[f"decoder.rnn.{name}"].numpy()
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    lstm.load_state_dict({f"{name}_l0": value for name, value in cell.items()})
    h, _ = lstm.forward(silero_states(weights, sound, torch), training=False)
    scores = np.maximum(h[0], 0) @ weights["decoder.decoder.2.weight"][0, :, 0].numpy()
    found = 1 / (1 + np.exp(-(scores + weights["decoder.decoder.2.bias"].numpy())))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert np.ptp(expected) > 0.1
