from __future__ import annotations

import pytest

from fastgru.models.architecture import Architecture
from fastgru.report.networks import describe_algorithm, describe_encoding, describe_layers
from tests.architectures import small_architecture


def network(**changes) -> Architecture:
    sizes: dict[str, object] = {"hidden_size": 8, "dtype": "float32"}
    return small_architecture(**{**sizes, **changes})


ALL = {
    "cell": "lstm",
    "conv_channels": (6, 4),
    "reverse_complement": "average",
    "n_positions": 60,
    "num_layers": 2,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "1 GRU layer of 8 units, one direction"),
        (
            {"conv_channels": (6,), "conv_norm": "layer", "conv_residual": True, "residual": True},
            (
                "1 residual convolutional layer with layer normalisation, 1 GRU layer of 8 units, "
                "one direction, residual"
            ),
        ),
        ({"kmer_size": 3}, "3-mers, 1 GRU layer of 8 units, one direction"),
        ({"conv_channels": (6,)}, "1 convolutional layer, 1 GRU layer of 8 units, one direction"),
        (
            {"reverse_complement": "average"},
            "1 GRU layer of 8 units, one direction, averaged over both strands",
        ),
        (
            {"reverse_complement": "equivariant", "bidirectional": True},
            ("1 GRU layer of 8 units, both directions, with weights that both strands share"),
        ),
        (
            ALL,
            (
                "2 convolutional layers, 2 LSTM layers of 8 units, one direction, with positions, "
                "averaged over both strands"
            ),
        ),
    ],
)
def test_describe_layers__names_every_part(changes: dict, expected: str) -> None:
    assert describe_layers(network(**changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "a gated recurrent unit (GRU) over the letters (some), a linear layer and softmax"),
        (
            {"cell": "rnn"},
            "a plain recurrent network (RNN) over the letters (some), a linear layer and softmax",
        ),
        (
            {"kmer_size": 5},
            "a gated recurrent unit (GRU) over the 5-mers (some), a linear layer and softmax",
        ),
        (
            ALL,
            (
                "a long short-term memory (LSTM) over 2 convolutional layers over the letters "
                "(some), a linear layer (averaged over both strands) and softmax"
            ),
        ),
    ],
)
def test_describe_algorithm__is_that_of_the_network(changes: dict, expected: str) -> None:
    assert describe_algorithm(network(**changes), "some") == expected


def test_describe__series_and_features_beside_letters() -> None:
    series = network(n_letters=0, n_features=2)
    assert describe_encoding(series) == "2 features of each step, standardised"
    assert "over the steps (" in describe_algorithm(series, "")
    beside = describe_encoding(network(n_features=1))
    assert (
        beside == f"{describe_encoding(network())}, beside 1 feature of each letter, standardised"
    )


def test_describe_encoding__goes_as_far_as_the_recurrent_layers() -> None:
    plain = describe_encoding(network())
    assert plain.startswith("One learned vector per letter, ")
    assert describe_encoding(network(**ALL)) == f"{plain}, then 2 convolutional layers"
    assert describe_encoding(network(kmer_size=3, kmer_stride=2)) == (
        "One learned vector per 3-mer (stride 2), of ambiguity codes the average of the 3-mers "
        "they stand for"
    )
