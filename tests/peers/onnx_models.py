"""Trained models of any architecture, without training, and their graphs run by ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.data.letter_features import FeaturedReading
from fastgru.data.series import SeriesScale, encode_series
from fastgru.estimators.calibration import Calibration
from fastgru.estimators.fitted_classifier import ClassifierNetwork
from fastgru.estimators.fitted_model import FittedModel
from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork
from fastgru.models.reading import Reading
from tests.models.test_network import spread

DNA = get_alphabet("dna")
# A mean far larger than the deviation, which single precision could not tell apart.
SCALE = SeriesScale(np.array([1.5, 1e5]), np.array([2.0, 0.1]))
LENGTHS = [7, 1, 12, 5, 3, 9]
UNTRAINED: dict[str, Any] = {
    "history": [],
    "best_epoch": 0,
    "n_train": 0,
    "n_validation": 0,
    "inputs": None,
    "seen": None,
}


def reading_of(sizes: Architecture) -> Reading:
    """What a network of DNA, of series or of DNA with features reads by."""
    scale = SeriesScale(SCALE.mean[: sizes.n_features], SCALE.deviation[: sizes.n_features])
    if not sizes.n_letters:
        return scale
    return FeaturedReading(DNA.mixture, scale) if sizes.n_features else DNA.mixture


def new_network(sizes: Architecture, seed: int = 3) -> SequenceNetwork:
    """A network with random weights and running statistics."""
    network = SequenceNetwork(sizes, reading_of(sizes), seed)
    spread(network)
    return network


def classifier(network: SequenceNetwork, temperature: float = 0.7) -> ClassifierNetwork:
    """A classifier of untrained weights."""
    sizes = network.architecture
    parameters = {
        "alphabet": "dna" if sizes.n_letters else "series",
        "time_decay": sizes.time_decay,
        "kmer_size": sizes.kmer_size,
        "reverse_complement": sizes.reverse_complement,
    }
    classes = np.array([f"class {number}" for number in range(sizes.n_outputs)])
    calibration = Calibration(temperature=temperature)
    return ClassifierNetwork(
        **UNTRAINED,
        parameters=parameters,
        network=network,
        classes=classes,
        calibration=calibration,
    )


def draw_sequences(sizes: Architecture, lengths: list[int], seed: int = 5) -> list[Any]:
    """Sequences as `predict` takes them, ambiguity codes among their letters."""
    rng = np.random.default_rng(seed)
    lengths = [max(length, sizes.kmer_size) for length in lengths]
    letters = ["".join(rng.choice(list(DNA.symbols), length)) for length in lengths]
    features = []
    for length in lengths:
        rows = SCALE.mean + SCALE.deviation * rng.standard_normal((length, 2))
        if sizes.time_decay:
            rows[:, 0] = np.cumsum(rng.exponential(1.5, length))
        features.append(rows[:, : sizes.n_features])
    if not sizes.n_letters:
        return features
    return list(zip(letters, features, strict=True)) if sizes.n_features else letters


def feeds_of(sequences: list[Any], *, n_spare: int = 3) -> dict[str, np.ndarray]:
    """The inputs of a graph, with something else than zeros past each end."""
    first = sequences[0]
    parts: dict[str, list[np.ndarray]] = {}
    if isinstance(first, tuple):
        parts["tokens"] = [DNA.encode(letters) for letters, _ in sequences]
        parts["features"] = [features for _, features in sequences]
    elif isinstance(first, str):
        parts["tokens"] = [DNA.encode(letters) for letters in sequences]
    else:
        parts["features"] = sequences
    lengths = np.array([len(rows) for rows in next(iter(parts.values()))])
    feeds = {"lengths": lengths}
    for name, rows in parts.items():
        shape = len(rows), lengths.max() + n_spare, *rows[0].shape[1:]
        padding, kind = (2, np.int64) if name == "tokens" else (np.nan, np.float64)
        padded = np.full(shape, padding, kind)
        for number, row in enumerate(rows):
            padded[number, : len(row)] = row
        feeds[name] = padded
    return feeds


def encode(fitted: FittedModel, sequences: list[Any]) -> list[np.ndarray]:
    """Sequences as fastgru's own networks take them."""
    if fitted.parameters["alphabet"] == "series":
        return list(encode_series(sequences, timed=fitted.parameters["time_decay"]))
    return fitted.encode_readable(sequences)


def session_of(fitted: FittedModel) -> Any:
    """What runs the graph of a model, which the checker of ONNX has passed."""
    import onnx
    import onnxruntime

    from fastgru.onnx.exporting import make_model

    made = make_model(fitted, {})
    onnx.checker.check_model(made, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        made.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(session: Any, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs by name."""
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))
