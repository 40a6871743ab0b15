from __future__ import annotations

import json
import math
from itertools import product

import numpy as np
import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.data.series import SeriesScale
from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork
from tests.architectures import small_architecture

DNA = get_alphabet("dna")


def architecture(**changes: object) -> Architecture:
    small: dict[str, object] = {"n_outputs": 3, "embedding_size": 2, "dtype": "float32"}
    return small_architecture(**{**small, **changes})


@pytest.mark.parametrize(
    ("num_layers", "bidirectional", "n_positions", "pooling"),
    list(
        product((1, 3), (False, True), (0, 7), ((), ("max",), ("last", "mean", "max", "attention")))
    ),
)
def test_parameter_shapes__are_those_of_the_network(
    num_layers: int, bidirectional: bool, n_positions: int, pooling: tuple[str, ...]
) -> None:
    sizes = architecture(
        num_layers=num_layers,
        bidirectional=bidirectional,
        n_positions=n_positions,
        pooling=pooling,
    )
    assert_shapes(sizes)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_parameter_shapes__are_those_of_the_cell(cell: str) -> None:
    assert_shapes(architecture(cell=cell, num_layers=2, bidirectional=True))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_parameter_shapes__have_the_decay_of_each_direction(cell: str) -> None:
    sizes = {"n_letters": 0, "n_features": 3, "num_layers": 2, "bidirectional": True}
    assert_shapes(architecture(cell=cell, time_decay=True, **sizes))


def test_parameter_shapes__have_the_random_field() -> None:
    assert_shapes(architecture(pooling=(), crf=True))


@pytest.mark.parametrize("channels", [(7,), (3, 9)])
def test_parameter_shapes__have_the_convolutional_layers(channels: tuple[int, ...]) -> None:
    assert_shapes(architecture(conv_channels=channels, conv_width=(5,)))


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_parameter_shapes__have_the_normalisation(norm: str) -> None:
    sizes = architecture(conv_channels=(3, 9), conv_norm=norm)
    assert bool(sizes.buffer_shapes()) == (norm == "batch")
    assert_shapes(sizes)


def test_parameter_shapes__have_a_row_for_each_kmer() -> None:
    sizes = architecture(kmer_size=3, kmer_stride=2, n_positions=7)
    assert sizes.parameter_shapes()["embedding.letters"] == (64, 2)
    assert sizes.max_letters == 16
    assert_shapes(sizes)


@pytest.mark.parametrize("changes", [{}, {"cell": "lstm", "num_layers": 2}, {"pooling": ()}])
def test_parameter_shapes__of_tied_strands_are_those_stored(changes: dict[str, object]) -> None:
    stem = {"conv_channels": (6, 4), "conv_width": (3,), "conv_norm": "batch"}
    tied = {"reverse_complement": "equivariant", "bidirectional": True}
    assert_shapes(architecture(**tied, **stem, **changes))
    assert_shapes(architecture(**tied, pooling=("attention", "max"), kmer_size=3))


def assert_shapes(sizes: Architecture) -> None:
    n_features = sizes.n_features
    reading = SeriesScale(*np.ones((2, n_features))) if n_features else DNA.mixture
    parameters = SequenceNetwork(sizes, reading, 0).parameters
    shapes = {name: view.shape for name, view in parameters.views().items()}
    assert sizes.parameter_shapes() | sizes.buffer_shapes() == shapes
    learned = sizes.parameter_shapes()
    assert learned.keys() == parameters.places().keys()
    assert parameters.n_learned == sum(math.prod(shape) for shape in learned.values())


def test_to_dict__is_what_json_gives_back() -> None:
    sizes = architecture(pooling=("mean", "max"), conv_channels=(3, 4))
    fields = sizes.to_dict()
    assert json.loads(json.dumps(fields)) == fields
    assert Architecture.from_dict(fields) == sizes


def test_from_dict__has_neither_convolutions_nor_kmers_where_a_file_does_not_know_them() -> None:
    fields = architecture().to_dict()
    later = "conv_", "kmer_"
    older = {name: value for name, value in fields.items() if not name.startswith(later)}
    assert Architecture.from_dict(older) == architecture()


def test_convolutions__share_what_is_given_once() -> None:
    sizes = architecture(conv_channels=(3, 4), conv_width=(5,), conv_pool=(1, 2))
    assert [(c.channels, c.width, c.pool) for c in sizes.convolutions] == [(3, 5, 1), (4, 5, 2)]
    assert sizes.convolutions[1].output_lengths(np.array([0, 1, 4, 5])).tolist() == [0, 1, 2, 3]
