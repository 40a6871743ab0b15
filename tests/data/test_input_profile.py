from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.data import input_profile
from fastgru.data.alphabets import get_alphabet
from fastgru.data.input_profile import FLAGS, InputProfile, describe_inputs
from fastgru.datasets import load_amp, load_splice
from tests.planted import plant

DNA = get_alphabet("dna")


def encode(sequences, alphabet=DNA):
    return [alphabet.encode(letters) for letters in sequences]


def describe(sequences, alphabet=DNA):
    return describe_inputs(encode(sequences, alphabet), alphabet)


def literal_words(letters, k, plain="ACGT"):
    words = [letters[start : start + k] for start in range(len(letters) - k + 1)]
    return [word for word in words if set(word) <= set(plain)]


def literal_share(words, known):
    return sum(word not in known for word in words) / len(words) if words else 0.0


def test_describe_inputs__counts_letter_by_letter():
    sequences = ["ACGTN", "AACC", "ACACACAC", "GG"]
    profile = describe(sequences)
    assert (profile.shortest, profile.longest) == (2, 8)
    assert profile.letters.tolist() == [True, True, True, True]
    # 4^2 = 16 words are no more than the 19 letters, 4^3 are
    assert profile.k == 2
    known = {word for letters in sequences for word in literal_words(letters, 2)}
    index = {a + b: 4 * i + j for i, a in enumerate("ACGT") for j, b in enumerate("ACGT")}
    assert {word for word, place in index.items() if profile.kmers[place]} == known
    novel = [
        literal_share(
            literal_words(letters, 2),
            {w for other in sequences if other != letters for w in literal_words(other, 2)},
        )
        for letters in sequences
    ]
    assert profile.max_novel == pytest.approx(np.quantile(novel, 0.99))
    assert profile.max_ambiguous == pytest.approx(np.quantile([0.2, 0, 0, 0], 0.99))


TEXTS = st.text("ACGTN", min_size=1, max_size=40)


@given(st.lists(TEXTS, min_size=1, max_size=8), TEXTS)
def test_flags__follow_their_definitions(sequences, letters):
    profile = describe(sequences)
    k = profile.k
    known = {word for other in sequences for word in literal_words(other, k)}
    expected = {
        "length": not min(map(len, sequences)) <= len(letters) <= max(map(len, sequences)),
        "letters": bool(set(letters) - {"N"} - set("".join(sequences))),
        "ambiguous": letters.count("N") / len(letters) > profile.max_ambiguous,
        "novel_kmers": literal_share(literal_words(letters, k), known) > profile.max_novel,
    }
    assert profile.flags([DNA.encode(letters)]) == [tuple(n for n in FLAGS if expected[n])]


@given(st.lists(TEXTS, min_size=1, max_size=12), st.data())
def test_flags__do_not_depend_on_the_other_sequences(sequences, data):
    profile = describe(sequences[:5])
    encoded = encode(sequences)
    together = profile.flags(encoded)
    number = data.draw(st.integers(0, len(sequences) - 1))
    assert profile.flags([encoded[number]]) == [together[number]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(input_profile, "_CACHED_LETTERS", 10)
        assert profile.flags(encoded) == together


@given(st.lists(TEXTS, min_size=1, max_size=12))
def test_describe_inputs__does_not_depend_on_groups(sequences):
    expected = describe(sequences).to_dict(DNA)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(input_profile, "_GROUP_LETTERS", 20)
        assert describe(sequences).to_dict(DNA) == expected


@pytest.mark.parametrize(
    ("letters", "flags"),
    [
        ("ACGT" * 7 + "AC", ()),
        ("ACGTACG", ("length",)),
        ("ACGT" * 9, ("length",)),
        ("ACGTACGTNNACGTACGTACGTACGTACGT", ("ambiguous",)),
        ("ACGTACGTNACGTACGTACGTACGTACGTA", ()),
        ("ACGTACGTTTTTTTTTTTTTTTTTTTTTTT", ("novel_kmers",)),
    ],
)
def test_flags__name_what_is_unusual(letters, flags):
    profile = describe([("ACGT" * 9)[start : start + 30] for start in range(4)] * 10)
    assert profile.flags([DNA.encode(letters)]) == [flags]


def test_flags__name_a_letter_that_was_never_learned():
    protein = get_alphabet("protein")
    profile = describe(["MKVLA" * 3, "LLKMA" * 3], protein)
    with_w, with_x = profile.flags(encode(["MKVLW" * 3, "MKVLAMKVLX"], protein))
    assert "letters" in with_w
    assert "letters" not in with_x


def test_novel_kmers__are_rare_among_sequences_of_the_same_kind():
    profile = describe(plant(2000, seed=1)[0])
    flagged = profile.flags(encode(plant(2000, seed=2)[0]))
    assert profile.k == 7
    assert 0 < np.mean(["novel_kmers" in flags for flags in flagged]) < 0.03
    of_two_letters = np.random.default_rng(3).integers(0, 2, (200, 30)).astype(np.uint8)
    few = describe(["".join("GT"[k] for k in row) for row in of_two_letters])
    assert (
        np.mean(["novel_kmers" in flags for flags in few.flags(encode(plant(200, seed=4)[0]))])
        > 0.9
    )


@pytest.mark.parametrize(("load", "found"), [(load_splice, 0.40), (load_amp, 0.20)])
def test_novel_kmers__give_away_random_letters_as_often_as_is_written(load, found):
    # the figures of decision record 0045
    data = load(resolve=True)
    alphabet = get_alphabet(data.alphabet)
    encoded = [alphabet.encode(letters) for letters in data.sequences]
    rng = np.random.default_rng(0)
    order = rng.permutation(len(encoded))
    n = len(encoded)
    profile = describe_inputs([encoded[k] for k in order[: int(0.7 * n)]], alphabet)
    unseen = [encoded[k] for k in order[int(0.8 * n) :]]
    n_letters = len(alphabet.letters)
    noise = [rng.integers(0, n_letters, len(codes)).astype(np.uint8) for codes in unseen]
    alike, other = (
        np.mean(["novel_kmers" in flags for flags in profile.flags(sequences)])
        for sequences in (unseen, noise)
    )
    assert alike < 0.02
    assert other == pytest.approx(found, abs=0.06)


@pytest.mark.parametrize(("name", "k"), [("dna", 8), ("rna", 8), ("protein", 3)])
def test_describe_inputs__keeps_the_words_small(name, k):
    alphabet = get_alphabet(name)
    rng = np.random.default_rng(0)
    codes = rng.integers(0, len(alphabet.letters), 200_000).astype(np.uint8)
    profile = describe_inputs([codes], alphabet)
    assert profile.k == k
    assert len(json.dumps(profile.to_dict(alphabet))) < 11_200


def test_describe_inputs__takes_a_single_letter():
    profile = describe(["A"])
    assert profile.k == 1
    assert profile.flags([DNA.encode("A")]) == [()]
    assert profile.flags([]) == []


@given(st.lists(st.text("ACGTRN", min_size=1, max_size=30), min_size=1, max_size=6))
def test_from_dict__undoes_to_dict(sequences):
    profile = describe(sequences)
    fields = json.loads(json.dumps(profile.to_dict(DNA)))
    twin = InputProfile.from_dict(fields, DNA)
    assert twin.to_dict(DNA) == fields
    np.testing.assert_array_equal(twin.kmers, profile.kmers)
    np.testing.assert_array_equal(twin.letters, profile.letters)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kmers": "?"}, "inputs.kmers is not base64"),
        ({"kmers": "AAAA"}, "inputs.kmers has not one bit for each word of 2 letters"),
        ({"k": 9}, "one bit for each word of 9 letters"),
        ({"k": 2**31 - 1}, "one bit for each word of 2147483647 letters"),
    ],
)
def test_from_dict__refuses_words_of_another_size(change, message):
    fields = describe(["ACGTACGTACGTACGTACGT"]).to_dict(DNA)
    with pytest.raises(ValueError, match=message):
        InputProfile.from_dict({**fields, **change}, DNA)
