from __future__ import annotations

import pickle
import random
import re
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save

from fastgru.errors import ConfigurationError, ModelFileError
from fastgru.models import tensor_file
from fastgru.models.card_schema import find_fault
from fastgru.models.model_file import FORMAT_VERSION, read_model, write_model
from tests.models.damage import (
    cut,
    damage_header,
    flip_bits,
    overwrite,
    swap_digits,
    with_damaged_cards,
)
from tests.models.model_files import (
    ARCHITECTURE,
    make_card,
    make_tensors,
    put_together,
    take_apart,
    write,
)


def test_read_model__gives_back_what_was_written(tmp_path: Path) -> None:
    saved = read_model(write(tmp_path))
    assert saved.networks[0].architecture == ARCHITECTURE
    checksum = saved.card.pop("sha256")
    assert len(checksum) == 64
    assert saved.card == {"format_version": FORMAT_VERSION, **make_card()}
    expected = make_tensors()
    assert saved.tensors.keys() == expected.keys()
    for name, value in saved.tensors.items():
        assert value.dtype == np.float32
        assert value.tobytes() == expected[name].tobytes()


def test_read_model__knows_the_name_that_outputs_had(tmp_path: Path) -> None:
    fields = make_card()["architecture"]
    fields["n_classes"] = fields.pop("n_outputs")
    saved = read_model(write(tmp_path, architecture=fields))
    assert saved.networks[0].architecture == ARCHITECTURE
    with pytest.raises(ConfigurationError, match=r"architecture.'n_classes' is unknown"):
        write(tmp_path, architecture={**fields, "n_outputs": 2})


def test_read_model__refuses_a_task_that_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="task is 'guess', expected one of classification"):
        write(tmp_path, task="guess")


def test_write_model__gives_the_same_bytes_for_the_same_model(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    write_model(first, make_card(), make_tensors())
    backwards = dict(reversed(make_card().items()))
    write_model(second, backwards, dict(reversed(make_tensors().items())))
    assert first.read_bytes() == second.read_bytes()


def test_write_model__keeps_names_in_any_script(tmp_path: Path) -> None:
    card = make_card(classes=["donneur d'épissage", "なし"])
    write_model(tmp_path / "m", card, make_tensors())
    assert read_model(tmp_path / "m").card["classes"] == card["classes"]


def test_write_model__takes_the_format_version_from_nobody(tmp_path: Path) -> None:
    assert read_model(write(tmp_path, format_version=99)).card["format_version"] == FORMAT_VERSION


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"notes": np.zeros(2)}, r"model card: cannot be written as JSON \(.*Correct the extra"),
        ({"notes": float("nan")}, "model card: cannot be written as JSON"),
        ({"data": {"files": "a.fa"}}, r"model card: data\.files is no list .* Correct the extra"),
    ],
)
def test_write_model__refuses_what_could_not_be_read(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        write(tmp_path, **changes)
    assert list(tmp_path.iterdir()) == []


def test_write_model__refuses_a_card_that_is_too_long_for_the_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> bytes:  # as for 100 MB, which take long to make
        raise SafetensorError("Error while serializing: header too large")

    monkeypatch.setattr(tensor_file, "save", refuse)
    message = r"model card: is \d+ bytes long, expected less than 100,000,000\. Leave extra"
    with pytest.raises(ConfigurationError, match=message):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_read_model__unpickles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    bomb = tmp_path / "bomb"
    bomb.write_bytes(pickle.dumps(make_card()))
    for module, name in ((pickle, "load"), (pickle, "loads"), (pickle, "Unpickler"), (np, "load")):
        monkeypatch.setattr(module, name, None)
    read_model(path)
    with pytest.raises(ModelFileError):
        read_model(bomb)


def test_read_model__refuses_a_newer_format(tmp_path: Path) -> None:
    path = write(tmp_path)
    header, card, weights = take_apart(path.read_bytes())
    # whatever else a later version may have changed
    path.write_bytes(put_together(header, {**card, "format_version": 3, "classes": {}}, weights))
    message = "written in model format 3, this fastgru reads formats up to 2. Update fastgru."
    with pytest.raises(ModelFileError, match=message):
        read_model(path)


FOREIGN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not a readable model file"),
    "FASTA": (b">a\nACGT\n" * 9, "not a readable model file"),
    "pickle": (pickle.dumps({"weights": [1.0]}), "not a readable model file"),
    "zip": (b"PK\x03\x04" + bytes(99), "not a readable model file"),
    "huge header": ((1 << 62).to_bytes(8, "little") + b"{}", "not a readable model file"),
    "other safetensors": (save(make_tensors()), "a safetensors file without a fastgru card"),
    "other metadata": (
        save(make_tensors(), metadata={"format": "pt"}),
        "a safetensors file without a fastgru card",
    ),
    "no tensors": (save({}, metadata={"fastgru": "{}"}), "in its card, format_version is missing"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_read_model__refuses_a_foreign_file(name: str, tmp_path: Path) -> None:
    content, message = FOREIGN[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_read_model__explains_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"cannot be read \(no such file or directory\)\. Ch"):
        read_model(tmp_path / "missing")
    with pytest.raises(ModelFileError, match="is a folder, expected a model file"):
        read_model(tmp_path)
    with pytest.raises(ModelFileError, match="is not an ordinary file, expected a model file"):
        read_model("/dev/null")


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("{", r"its card is not JSON \(.*The file is damaged\. Check the path, or copy"),
        ("[" * 100_000, r"its card is not JSON \("),
        ('{"format_version": NaN}', "its card is not JSON .NaN is no number of JSON"),
        ("[]", r"in its card, format_version is missing\. The file is damaged"),
        (make_card(), "in its card, format_version is missing"),
        (make_card(format_version=0), "format_version is missing"),
        (make_card(format_version=True), "format_version is missing"),
        (make_card(format_version=1), "its content does not match its checksum. The file is dam"),
        (
            make_card(format_version=1, sha256="", alphabet="xna"),
            "in its card, alphabet is 'xna', expected one of dna, rna, protein, series. The",
        ),
    ],
)
def test_read_model__explains_a_damaged_card(card: object, message: str, tmp_path: Path) -> None:
    path = write(tmp_path)
    header, _, weights = take_apart(path.read_bytes())
    path.write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError, match=message):
        read_model(path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_layers": 2_000_000_000}, "its weights are not those of the network"),
        ({"num_layers": 2}, "its weights are not those of the network"),
        ({"n_positions": 5}, "its weights are not those of the network"),
        ({"hidden_size": 2_000_000_000}, r"gru.weight_ih_l0 is float32 \(15, 3\), expected float3"),
        ({"dtype": "float64"}, r"embedding.letters is float32 \(4, 3\), expected float64 \(4, 3"),
    ],
)
def test_read_model__believes_no_size_that_the_weights_do_not_have(
    fields: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = write(tmp_path)
    header, card, weights = take_apart(path.read_bytes())
    card["architecture"].update(fields)
    path.write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError, match=message):
        read_model(path)


def test_read_model__refuses_weights_that_are_no_numbers(tmp_path: Path) -> None:
    tensors = make_tensors()
    tensors["head.bias"][1] = np.nan
    write_model(tmp_path / "m", make_card(), tensors)
    with pytest.raises(ModelFileError, match=r"head\.bias holds NaN or infinity, expected finite"):
        read_model(tmp_path / "m")


def test_read_model__refuses_a_variance_below_zero(tmp_path: Path) -> None:
    sizes = replace(ARCHITECTURE, conv_channels=(3,), conv_norm="batch")
    shapes = sizes.parameter_shapes() | sizes.buffer_shapes()
    tensors = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    card = make_card(architecture=sizes.to_dict())
    write_model(tmp_path / "m", card, tensors)
    assert read_model(tmp_path / "m").tensors.keys() == shapes.keys()
    tensors["stem.running_var_l0"][1] = -1
    write_model(tmp_path / "m", card, tensors)
    with pytest.raises(ModelFileError, match=r"stem\.running_var_l0 holds a negative variance"):
        read_model(tmp_path / "m")


@pytest.mark.parametrize("damage", [cut, flip_bits, overwrite, swap_digits, damage_header])
def test_read_model__survives_damage_of_any_kind(damage, tmp_path: Path) -> None:
    path = write(tmp_path)
    content, rng = path.read_bytes(), random.Random(damage.__name__)
    original = read_model(path)
    tracemalloc.start()
    accepted = 0
    for _ in range(200):
        path.write_bytes(damage(content, rng))
        try:
            saved = read_model(path)
        except ModelFileError:
            continue
        accepted += 1  # a change without a meaning, such as the 17th digit of a number
        assert saved.card == original.card
        assert all(np.array_equal(saved.tensors[name], w) for name, w in original.tensors.items())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert accepted < 20
    assert peak < 20_000_000


def test_read_model__survives_any_card_with_the_right_checksum(tmp_path: Path) -> None:
    # as a program could write it that means harm
    path = write(tmp_path)
    refused = 0
    for damaged in with_damaged_cards(path.read_bytes(), 300, seed=6):
        path.write_bytes(damaged)
        try:
            saved = read_model(path)
        except ModelFileError:
            refused += 1
        else:
            assert find_fault(saved.card) is None
    assert refused > 150


def test_read_model__notices_every_flipped_bit(tmp_path: Path) -> None:
    path = write(tmp_path)
    content, rng = path.read_bytes(), random.Random(5)
    for place in rng.sample(range(len(content)), 300):
        changed = bytearray(content)
        changed[place] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(ModelFileError, match=re.escape(f"{path}: ")):
            read_model(path)


@pytest.mark.parametrize("name", ["F16", "BF16", "F8_E4M3", "I32", "BOOL", "X9"])
def test_read_model__refuses_other_types_of_numbers(name: str, tmp_path: Path) -> None:
    path = write(tmp_path)
    header, card, weights = take_apart(path.read_bytes())
    size = {"F16": 2, "BF16": 2, "F8_E4M3": 1, "BOOL": 1}.get(name, 4)
    tensor = header["head.bias"]
    tensor.update(dtype=name, shape=[tensor["shape"][0] * 4 // size])
    path.write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError, match=re.escape(f"{path}: ")):
        read_model(path)


@pytest.mark.parametrize("change", [lambda card: None, lambda card: card["classes"].reverse()])
def test_put_together__makes_a_file_whose_checksum_is_right(change, tmp_path: Path) -> None:
    # so that the tests above fail for the reason that they name
    header, card, weights = take_apart(write(tmp_path).read_bytes())
    change(card)
    path = tmp_path / "again"
    path.write_bytes(put_together(header, card, weights))
    saved = read_model(path)
    assert saved.card["classes"] == card["classes"]
