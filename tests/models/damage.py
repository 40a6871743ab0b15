"""Ways to damage a model file or a checkpoint: bytes, header, card and weights."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from tests.models.model_files import put_together, take_apart


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def flip_bits(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    end = rng.choice([8, 200, len(content)])
    for _ in range(rng.randint(1, 5)):
        changed[rng.randrange(end)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + rng.randbytes(rng.randint(1, 40)) + content[start + 20 :]


def extend(content: bytes, rng: random.Random) -> bytes:
    more = rng.choice([rng.randbytes(rng.randint(1, 99)), content, bytes(1 << rng.randrange(20))])
    return content + more


def swap(content: bytes, rng: random.Random) -> bytes:
    """Two pieces change places, so that every byte is still there."""
    a, b, c, d = sorted(rng.randrange(len(content)) for _ in range(4))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def splice(content: bytes, rng: random.Random) -> bytes:
    """A piece is repeated at another place."""
    start, place = rng.randrange(len(content)), rng.randrange(len(content))
    return content[:place] + content[start : start + rng.randint(1, 300)] + content[place:]


def claim_sizes(content: bytes, rng: random.Random) -> bytes:
    """Length of the header, an offset or a shape becomes huge; products of sizes overflow."""
    if rng.random() < 0.2:
        size = rng.choice([0, 1, len(content), 100_000_001, 1 << 31, 1 << 62, (1 << 64) - 1])
        return size.to_bytes(8, "little") + content[8:]
    header, card, weights = take_apart(content)
    (key,) = header["__metadata__"]
    tensor = header[rng.choice([name for name in header if name != "__metadata__"])]
    huge = [0, 1 << 20, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 4, 1 << 64]
    field = rng.choice(["data_offsets", "shape"])
    if field == "shape" and rng.random() < 0.5:
        tensor["shape"] = [rng.choice(huge) for _ in range(rng.randint(0, 6))]
    else:
        values = tensor[field]
        values[rng.randrange(len(values))] = rng.choice(huge)
    return put_together(header, json.dumps(card), weights, key)


def swap_digits(content: bytes, rng: random.Random) -> bytes:
    """Shapes, offsets and sizes of the header become others."""
    places = [k for k in range(8, len(content)) if content[k : k + 1].isdigit()]
    changed = bytearray(content)
    for place in rng.sample(places, 3):
        changed[place] = ord(rng.choice("0123456789"))
    return bytes(changed)


STRANGE = [
    *(None, True, -1, 0, 3, (1 << 31) - 1, 1 << 40, 10**40, 10**400, 1.5, -1.8e308, float("inf")),
    *("", "x", "x" * 999, "\x00\x1b[2J", "\ud800", "sha256", "members"),
    *(
        [],
        [[]],
        ["x"] * 3,
        {},
        {"a": 1},
        [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],
    ),
]


def damage_header(content: bytes, rng: random.Random) -> bytes:
    """Name, type, shape or place of a tensor become something else, or disappear."""
    header, card, weights = take_apart(content)
    (key,) = header["__metadata__"]
    damage_json(header, rng)
    return put_together(header, json.dumps(card), weights, key)


def damage_json(value: Any, rng: random.Random) -> None:
    parent = rng.choice([entry for entry in containers(value) if entry])
    key = rng.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
    if rng.random() < 0.2:
        del parent[key]
    else:
        parent[key] = rng.choice(STRANGE)


def damage_card(content: bytes, rng: random.Random) -> bytes:
    """An entry of the card is strange or missing, as a program could write it that means harm.

    The checksum is right.
    """
    header, card, weights = take_apart(content)
    (key,) = header["__metadata__"]
    damage_json(card, rng)
    try:
        return put_together(header, card, weights, key)
    except ValueError:  # no JSON has infinity, but readers take 1e999 for it
        text = json.dumps(card).replace("Infinity", rng.choice(["1e999", "NaN", "9" * 5000]))
        return put_together(header, text, weights, key)


def damage_weights(content: bytes, rng: random.Random) -> bytes:
    """Some weights become any numbers; the checksum is right."""
    header, card, weights = take_apart(content)
    (key,) = header["__metadata__"]
    place = rng.randrange(len(weights))
    changed = weights[:place] + rng.randbytes(8) + weights[place + 8 :]
    return put_together(header, card, changed[: len(weights)], key)


def with_damaged_cards(content: bytes, n_files: int, *, seed: int) -> Iterator[bytes]:
    """Model files with the right checksum, in whose cards one entry each is strange or missing."""
    rng = random.Random(seed)
    for _ in range(n_files):
        yield damage_card(content, rng)


def containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for entry in list(value.values()) if isinstance(value, dict) else value:
            yield from containers(entry)


UNNOTICED = (
    cut,
    extend,
    flip_bits,
    overwrite,
    swap,
    splice,
    swap_digits,
    damage_header,
    claim_sizes,
)
"""Damage that a checksum finds, if nothing else does."""

FORGED = (damage_card, damage_weights)
"""Damage with a checksum that is right."""
