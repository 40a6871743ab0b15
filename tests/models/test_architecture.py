from __future__ import annotations

import json
from itertools import product

import pytest

from fastgru.data.alphabets import get_alphabet
from fastgru.models.architecture import Architecture
from fastgru.models.network import SequenceNetwork

DNA = get_alphabet("dna")


def architecture(**changes: object) -> Architecture:
    small: dict[str, object] = {
        "n_letters": 4,
        "n_classes": 3,
        "n_positions": 0,
        "embedding_size": 2,
        "hidden_size": 5,
        "num_layers": 1,
        "bidirectional": False,
        "pooling": ("last",),
        "dropout": 0.0,
        "dtype": "float32",
    }
    return Architecture(**{**small, **changes})


@pytest.mark.parametrize(
    ("num_layers", "bidirectional", "n_positions", "pooling"),
    list(product((1, 3), (False, True), (0, 7), (("max",), ("last", "mean", "max", "attention")))),
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
    views = SequenceNetwork(sizes, DNA.mixture, 0).parameters.views()
    assert sizes.parameter_shapes() == {name: view.shape for name, view in views.items()}


def test_to_dict__is_what_json_gives_back() -> None:
    fields = architecture(pooling=("mean", "max")).to_dict()
    assert json.loads(json.dumps(fields)) == fields
    assert Architecture(**{**fields, "pooling": tuple(fields["pooling"])}) == architecture(
        pooling=("mean", "max")
    )
