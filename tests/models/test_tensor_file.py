"""What model files and checkpoints share; most of it is tested with each of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from fastgru.errors import CheckpointError, FastgruError
from fastgru.models.tensor_file import (
    FileKind,
    add_checksum,
    check_tensor,
    digest_tensors,
    read_tensors,
    write_tensors,
)

KIND = FileKind(
    noun="table",
    name="table",
    key="fastgru_table",
    version=3,
    max_bytes=2000,
    expected="a table of numbers",
    cure="Make it again.",
    error=CheckpointError,
    find_fault=lambda card: None if isinstance(card, dict) and "a" in card else "a is missing",
)
TENSORS = {"x": np.arange(6.0).reshape(2, 3), "n": np.array([2**63 + 1], np.uint64)}


def write(path: Path, kind: FileKind = KIND, **card: object) -> Path:
    write_tensors(path, kind, add_checksum(card, kind.version, TENSORS), TENSORS)
    return path


def test_read_tensors__gives_back_what_was_written(tmp_path: Path) -> None:
    card, tensors = read_tensors(write(tmp_path / "t", a=[1, "é"]), KIND)
    assert card.pop("sha256") == add_checksum({"a": [1, "é"]}, 3, TENSORS)["sha256"]
    assert card == {"a": [1, "é"], "format_version": 3}
    assert tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert tensors[name].dtype == value.dtype
        assert tensors[name].tobytes() == value.tobytes()


def test_read_tensors__tells_kinds_of_files_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "t", replace(KIND, key="fastgru_other"), a=1)
    with pytest.raises(CheckpointError, match=r"t: a fastgru file of another kind, expected a t"):
        read_tensors(path, KIND)


def test_read_tensors__opens_no_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(bytes(2001))
    with pytest.raises(CheckpointError, match="is 2001 bytes long, expected at most 2000"):
        read_tensors(path, KIND)


def test_read_tensors__asks_the_kind_what_is_wrong(tmp_path: Path) -> None:
    path = write(tmp_path / "t", b=1)
    with pytest.raises(FastgruError) as caught:
        read_tensors(path, KIND)
    assert str(caught.value) == (
        f"{path}: in its card, a is missing. The file is damaged. Make it again."
    )


def test_add_checksum__covers_card_and_tensors() -> None:
    found = add_checksum({"a": 1}, 3, TENSORS)["sha256"]
    others = [
        add_checksum({"a": 2}, 3, TENSORS),
        add_checksum({"a": 1}, 2, TENSORS),
        add_checksum({"a": 1}, 3, {"x": TENSORS["x"]}),
        add_checksum({"a": 1}, 3, {**TENSORS, "x": -TENSORS["x"]}),
    ]
    assert found not in {card["sha256"] for card in others}
    assert add_checksum({"a": 1, "sha256": "old"}, 3, TENSORS)["sha256"] == found


@pytest.mark.parametrize("expected", [((3, 2), "float64"), ((2, 3), "float32")])
def test_check_tensor__refuses_another_shape_or_type(expected: tuple[tuple[int, ...], str]) -> None:
    check_tensor("t", KIND, "x", TENSORS["x"], ((2, 3), "float64"))
    message = rf"t: x is float64 \(2, 3\), expected {expected[1]} .* damaged\. Make it again\."
    with pytest.raises(CheckpointError, match=message):
        check_tensor("t", KIND, "x", TENSORS["x"], expected)


def test_digest_tensors__depends_on_names_and_content_alone() -> None:
    found = digest_tensors(TENSORS)
    assert digest_tensors(dict(reversed(TENSORS.items()))) == found
    assert digest_tensors({**TENSORS, "x": np.asfortranarray(TENSORS["x"])}) == found
    assert digest_tensors({"y": TENSORS["x"], "n": TENSORS["n"]}) != found
    assert digest_tensors({**TENSORS, "x": -TENSORS["x"]}) != found


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


def test_add_checksum__refuses_what_is_nested_too_deep_to_be_read() -> None:
    add_checksum({"a": nested(20)}, 3, TENSORS)
    with pytest.raises(ValueError, match="nested deeper than 32 levels"):
        add_checksum({"a": nested(40)}, 3, TENSORS)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (json.dumps(nested(40)), "nested deeper than 32 levels"),
        (json.dumps(nested(5000 // 10)), "nested deeper than 32 levels"),
        ("1e999", "1e999 is out of range"),
        ("-1e999", "-1e999 is out of range"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_read_tensors__refuses_json_that_cannot_be_worked_with(
    text: str, fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "t"
    card = f'{{"a": {text}, "format_version": 3, "sha256": ""}}'
    path.write_bytes(save(TENSORS, metadata={KIND.key: card}))
    kind = replace(KIND, max_bytes=10_000)
    with pytest.raises(CheckpointError, match=rf"t: its card is not JSON \({fault}.* is damaged"):
        read_tensors(path, kind)
