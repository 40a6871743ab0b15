from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastgru import SequenceTagger, average_models
from fastgru.data.alphabets import get_alphabet
from fastgru.data.long_sequences import LongSequence
from fastgru.data.strands import reverse_complement
from fastgru.data.windows import WindowRows
from fastgru.errors import ConfigurationError, LabelError
from fastgru.estimators import scanning
from fastgru.estimators.scanning import WindowScanner
from fastgru.models.network import SequenceNetwork
from tests.data.slow_windows import Row, as_list, share_a_letter, slow_windows
from tests.estimators.conftest import numbers_of, small_classifier, small_regressor
from tests.planted import plant, plant_counts

DNA = get_alphabet("dna")
QUICK: dict[str, Any] = {"max_epochs": 1, "hidden_size": 5}
MODELS: dict[str, dict[str, Any]] = {
    "plain": {},
    "convolutions": {"conv_channels": (6,), "conv_width": (5,), "conv_pool": (2,)},
    "kmers": {"kmer_size": 3, "kmer_stride": 2, "num_layers": 2, "dtype": "float64"},
    "average": {"reverse_complement": "average"},
    "equivariant": {"reverse_complement": "equivariant"},
    "augment": {"reverse_complement": "augment", "cell": "lstm"},
    "positions": {"position_embedding": True, "pooling": ("attention",)},
}


def learn(**changes: Any) -> Any:
    sequences, labels = plant(40, seed=2)
    return small_classifier(**QUICK, **changes).fit(sequences, labels)


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> Any:
    return learn(**MODELS[request.param])


@pytest.fixture(scope="module")
def plain() -> Any:
    return learn()


def random_letters(length: int, seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    return "".join(rng.choice(list("ACGTacgtNRYn"), length, p=[0.2] * 4 + [0.04] * 4 + [0.01] * 4))


def slow_scan(
    model: Any, sequences: dict[str, str], window: int, step: int, *, strands: str
) -> list[Row]:
    """Each window by itself."""
    rows: list[Row] = []
    for name, letters in sequences.items():
        for start, end in slow_windows(len(letters), window, step):
            ahead = letters[start:end]
            back = reverse_complement(DNA.normalise(ahead), DNA)
            by_strand = {
                "forward": [("+", [ahead])],
                "both": [("+", [ahead]), ("-", [back])],
                "symmetric": [(".", [ahead, back])],
                "by the model": [(".", [ahead])],
            }
            for strand, read in by_strand[strands]:
                values = [numbers_of(model, [one])[0] for one in read]
                score = values[0] if len(values) == 1 else (values[0] + values[1]) / 2
                rows.append((name, start, end, strand, tuple(np.round(score, 6).ravel() + 0.0)))
    return rows


def listed(found: Iterable[WindowRows]) -> list[Row]:
    return [row for rows in found for row in as_list(rows)]


SEQUENCES = {
    "long": random_letters(200),
    "short": random_letters(21, 1),
    "b": random_letters(47, 2),
}


@pytest.mark.parametrize("strands", ["forward", "both", "symmetric"])
def test_scores__are_those_of_each_window_by_itself(model, strands: str) -> None:
    is_symmetric = model.reverse_complement in ("average", "equivariant")
    expected = "by the model" if is_symmetric and strands == "symmetric" else strands
    found = listed(model.scan(SEQUENCES, window=30, step=7, strands=strands, max_unknown=1.0))
    assert found == slow_scan(model, SEQUENCES, 30, 7, strands=expected)


@pytest.mark.parametrize("strands", ["forward", "both", "symmetric"])
@pytest.mark.parametrize("kind", ["network", "ensemble", "average", "regressor"])
def test_scores__are_those_of_each_window_where_they_share_convolutions(
    kind: str, strands: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stem: dict[str, Any] = MODELS["convolutions"]
    if kind == "ensemble":
        made = average_models([learn(**stem), learn(**stem, random_state=5)])
    elif kind == "regressor":
        made = small_regressor(**QUICK, **stem).fit(*plant_counts(30, seed=3))
    else:
        made = learn(**stem, reverse_complement="average" if kind == "average" else "none")
    n_shared: list[int] = []
    forward_windows = SequenceNetwork.forward_windows

    def counting(self: Any, codes: Any, starts: Any, window: int) -> np.ndarray:
        n_shared.append(len(starts))
        return forward_windows(self, codes, starts, window)

    monkeypatch.setattr(SequenceNetwork, "forward_windows", counting)
    by_model = kind == "average" and strands == "symmetric"
    expected = slow_scan(made, SEQUENCES, 60, 4, strands="by the model" if by_model else strands)
    found = listed(made.scan(SEQUENCES, window=60, step=4, strands=strands, max_unknown=1.0))
    assert found == expected
    assert sum(n_shared) >= 36  # all of the long sequence


def test_defaults__suit_the_model(model) -> None:
    is_symmetric = model.reverse_complement in ("average", "equivariant")
    expected = "by the model" if is_symmetric else "both"
    found = listed(model.scan(SEQUENCES, max_unknown=1.0))
    assert found == slow_scan(model, SEQUENCES, 30, 15, strands=expected)


@pytest.mark.parametrize("at_once", [(1 << 20, 1), (20, 1 << 12), (1, 1), (40, 3)])
@pytest.mark.parametrize("threads", [1, 2])
def test_scores__do_not_depend_on_the_pieces_or_the_threads(
    plain, at_once: tuple[int, int], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = listed(plain.scan(SEQUENCES, window=20, step=3))
    monkeypatch.setattr(scanning, "_LETTERS_AT_ONCE", at_once[0])
    monkeypatch.setattr(scanning, "_WINDOWS_AT_ONCE", at_once[1])
    plain.set_params(threads=threads)
    assert listed(plain.scan(SEQUENCES, window=20, step=3)) == expected
    plain.set_params(threads=1)


@settings(max_examples=10)
@given(st.data())
def test_rows__are_those_of_wanted_windows(plain, data: st.DataObject) -> None:
    letters = data.draw(st.text("ACGTNNacgt", min_size=1, max_size=60))
    window, step = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 25))
    places = st.integers(0, len(letters) - 1)
    pairs = data.draw(st.lists(st.tuples(places, st.integers(1, 9)), max_size=3))
    regions = [(start, min(start + size, len(letters))) for start, size in pairs]
    max_unknown, max_masked = (data.draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])) for _ in "ab")
    found = listed(
        plain.scan(
            {"a": letters},
            window=window,
            step=step,
            strands="forward",
            regions={"a": regions} if pairs else None,
            max_unknown=max_unknown,
            max_masked=max_masked,
        )
    )
    wanted = [
        (start, end)
        for start, end in slow_windows(len(letters), window, step)
        if letters[start:end].upper().count("N") <= max_unknown * (end - start)
        and sum(map(str.islower, letters[start:end])) <= max_masked * (end - start)
        and (not pairs or share_a_letter((start, end), regions))
    ]
    assert [row[1:3] for row in found] == wanted
    assert {row[4] for row in found} <= {
        row[4] for row in slow_scan(plain, {"a": letters}, window, step, strands="forward")
    }


def test_reverse_complement__of_a_sequence_has_the_rows_of_the_other_strand(plain) -> None:
    letters = DNA.normalise(random_letters(30 + 4 * 7))  # the grid meets both ends
    turned = reverse_complement(letters, DNA)
    ahead = listed(plain.scan({"a": letters}, window=30, step=7))
    back = listed(plain.scan({"a": turned}, window=30, step=7))
    size, other = len(letters), {"+": "-", "-": "+"}
    moved = [(row[0], size - row[2], size - row[1], other[row[3]], row[4]) for row in back]
    assert sorted(moved) == sorted(ahead)


def test_part_of_a_sequence__has_the_rows_of_the_whole(plain) -> None:
    letters = random_letters(200)
    scanner = WindowScanner(plain._fitted, window=20, step=6)
    whole = listed(scanner.scan(LongSequence("a", letters, 200), [(0, scanner.grid.count(200))]))
    starts, ends = scanner.grid.bounds(200, 4, 11)
    part = LongSequence("a", letters[starts[0] : ends[-1]], 200, int(starts[0]))
    assert listed(scanner.scan(part, [(4, 11)])) == whole[8:22]


def test_counts__say_what_has_become_of_all_windows(plain) -> None:
    letters = "ACGT" * 10 + "N" * 20 + "acgt" * 10  # 100
    scanner = WindowScanner(plain._fitted, window=20, step=10, max_masked=0.5)
    sequence = LongSequence("a", letters, 100)
    rows = listed(scanner.scan(sequence, [(0, 9)]))
    counts = scanner.counts
    assert (counts.windows, counts.unknown, counts.masked, counts.rows) == (9, 1, 3, 10)
    assert len(rows) == 10
    assert counts.letters == 100
    listed(scanner.scan(LongSequence("b", "ACGT", 4), [(0, 1)]))
    assert (counts.short, counts.unread) == (1, 0)


def test_sequences__shorter_than_a_kmer_are_counted() -> None:
    scanner = WindowScanner(learn(kmer_size=3)._fitted, window=20)
    assert listed(scanner.scan(LongSequence("a", "AC", 2), [(0, 1)])) == []
    assert listed(scanner.scan(LongSequence("a", "AC", 2), [])) == []
    assert (scanner.counts.unread, scanner.counts.short) == (1, 0)


@pytest.mark.parametrize("kind", ["multilabel", "regression", "ensemble", "protein", "rna"])
def test_models__of_other_kinds_scan_too(kind: str, plain) -> None:
    sequences, counts = plant_counts(40, seed=3)
    table = np.stack([counts > 0, counts > 1], axis=1).astype(float)
    letters, strands = SEQUENCES, "both"
    if kind == "regression":
        model: Any = small_regressor(**QUICK).fit(sequences, counts)
    elif kind == "multilabel":
        model = small_classifier(**QUICK).fit(sequences, table)
    elif kind == "ensemble":
        model = average_models([plain, learn(random_state=1)])
    else:
        model = small_classifier(**QUICK, alphabet=kind).fit(sequences, (counts > 1).astype(int))
        strands = "forward"
    found = listed(model.scan(letters, window=20, step=9, strands=strands, max_unknown=1.0))
    assert found == slow_scan(model, letters, 20, 9, strands=strands)


def test_models__that_read_more_than_letters_are_refused() -> None:
    rng = np.random.default_rng(0)
    series = [rng.standard_normal((5, 2)) for _ in range(12)]
    model = small_classifier(**QUICK, alphabet="series").fit(series, ["a", "b"] * 6)
    with pytest.raises(ConfigurationError, match="scan: the model reads series, expected one of"):
        WindowScanner(model._fitted)
    pairs = [("ACGTA", table) for table in series]
    model = small_classifier(**QUICK).fit(pairs, ["a", "b"] * 6)
    with pytest.raises(ConfigurationError, match="reads letters with features, expected one of"):
        WindowScanner(model._fitted)


def test_models__of_other_tasks_are_refused() -> None:
    tagger = SequenceTagger(hidden_size=4, max_epochs=1, threads=1)
    tagger.fit(["ACGT", "GGTA"] * 6, ["aabb", "bbaa"] * 6)
    with pytest.raises(ConfigurationError, match="scan: the model is one of tagging, expected cl"):
        WindowScanner(tagger._fitted)


def test_classes__called_like_a_column_are_refused() -> None:
    sequences, _ = plant(24, seed=1)
    model = small_classifier(**QUICK).fit(sequences, ["start", "stop"] * 12)
    with pytest.raises(LabelError, match="class 'start': is also the name of a column"):
        model.scan(SEQUENCES)


@pytest.mark.parametrize("name", ["max_unknown", "max_masked"])
def test_shares__are_from_0_to_1(plain, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be from 0 to 1, got 1.5"):
        plain.scan(SEQUENCES, **{name: 1.5})
