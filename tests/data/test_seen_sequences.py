from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data import seen_sequences
from fastgru.data.alphabets import get_alphabet
from fastgru.data.seen_sequences import SeenSequences, note_seen

PROTEIN = get_alphabet("protein")
TEXTS = st.text(PROTEIN.symbols, min_size=1, max_size=30)


def encode(sequences):
    return [PROTEIN.encode(letters) for letters in sequences]


def peptides(n: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 20, (n, 30), dtype=np.uint8))


@given(st.lists(TEXTS, min_size=1, max_size=40), st.randoms())
def test_contains__finds_every_sequence_in_any_order(sequences, random) -> None:
    seen = note_seen(encode(sequences))
    shuffled = random.sample(sequences, len(sequences))
    assert seen.contains(encode(shuffled)).all()
    np.testing.assert_array_equal(note_seen(encode(shuffled)).bits, seen.bits)


@pytest.mark.parametrize("n", [1, 40, 3000])
def test_contains__finds_no_strangers(n: int) -> None:
    seen = note_seen(peptides(n, seed=0))
    assert not seen.contains(peptides(20_000, seed=1)).any()
    # a stranger is found if all of its 22 bits are set
    assert seen.bits.mean() ** 22 < 3e-7


def test_note_seen__gives_up_where_the_card_would_be_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seen_sequences, "_MOST_SEQUENCES", 2)
    codes = np.zeros(3, np.uint8)
    assert note_seen([codes] * 2) is not None
    assert note_seen([codes] * 3) is None


def test_contains__takes_no_sequences() -> None:
    assert note_seen(peptides(3, seed=0)).contains([]).tolist() == []


def test_to_text__is_what_the_file_format_page_says() -> None:
    codes = PROTEIN.encode("MKV")
    digest = hashlib.shake_256(codes.tobytes()).digest(22 * 8)
    words = [int.from_bytes(digest[k : k + 8], "little") for k in range(0, len(digest), 8)]
    bits = np.zeros(1024, bool)
    bits[[word % 1024 for word in words]] = True
    seen = SeenSequences.from_text(note_seen([codes]).to_text())
    np.testing.assert_array_equal(seen.bits, bits)


@pytest.mark.parametrize(("text", "fault"), [("?", "seen is not base64"), ("", "seen is empty")])
def test_from_text__refuses_what_is_no_set(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        SeenSequences.from_text(text)
