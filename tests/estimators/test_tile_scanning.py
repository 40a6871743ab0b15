from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru import SequenceTagger
from fastgru.data.long_sequences import LongSequence
from fastgru.data.windows import WindowRows
from fastgru.errors import ConfigurationError, LabelError
from fastgru.estimators import tile_scanning
from fastgru.estimators.tile_scanning import TileScanner

PAIRS = str.maketrans("ACGTN", "TGCAN")
OF_ROWS = {"forward": "+", "both": "+-", "symmetric": "."}
LETTERS = "".join(np.random.default_rng(3).choice(list("ACGTNacgt"), 230))
strands_asked = st.sampled_from(sorted(OF_ROWS))
Row = tuple[int, int, str, tuple[float, ...]]


def new_tagger(**changes: Any) -> SequenceTagger:
    """A tagger that reads a convolution and both directions."""
    model = SequenceTagger(
        embedding_size=4,
        conv_channels=[5],
        hidden_size=4,
        max_epochs=2,
        early_stopping=False,
        threads=1,
        random_state=0,
        **changes,
    )
    return model.fit(["ACGTACGG", "GGTTACAT"] * 4, ["xxyyzzxx", "zzyyxxxy"] * 4)


@pytest.fixture(scope="module", params=[False, True], ids=["softmax", "crf"])
def tagger(request: pytest.FixtureRequest) -> SequenceTagger:
    """A tagger, to be left as it is."""
    return new_tagger(crf=request.param)


def scanner_of(tagger: SequenceTagger, **how: Any) -> TileScanner:
    return TileScanner(tagger._fitted, **{"threads": 1, "max_unknown": 1.0, **how})


def flat(found: Iterator[WindowRows]) -> list[Row]:
    rows = []
    for part in found:
        assert part.chrom == "chr"
        columns = part.starts.tolist(), part.ends.tolist(), part.strands.tolist(), part.values
        rows += [
            (a, b, strand, tuple(row.tolist())) for a, b, strand, row in zip(*columns, strict=True)
        ]
    return rows


def scan(
    scanner: TileScanner, letters: str, ranges: Sequence[tuple[int, int]] | None = None
) -> list[Row]:
    ranges = [(0, scanner.grid.count(len(letters)))] if ranges is None else ranges
    return flat(scanner.scan(LongSequence("chr", letters, len(letters)), ranges))


def slow_scan(
    tagger: SequenceTagger, letters: str, strands: str, tile: int, context: int, resolution: int
) -> Iterator[Row]:
    """The rows of a sequence: each tile by itself through the public API, letter by letter."""
    table: dict[tuple[int, str], np.ndarray] = {}
    for start in range(0, len(letters), tile):
        end = min(start + tile, len(letters))
        first, last = max(0, start - context), min(len(letters), end + context)
        text = letters[first:last].upper()
        (ahead,) = tagger.predict_proba([text])
        (back,) = tagger.predict_proba([text[::-1].translate(PAIRS)])
        for place in range(start, end):
            table[place, "+"] = ahead[place - first]
            table[place, "-"] = back[last - 1 - place]
            table[place, "."] = (table[place, "+"] + table[place, "-"]) / 2
    for start in range(0, len(letters), resolution):
        end = min(start + resolution, len(letters))
        for strand in OF_ROWS[strands]:
            columns = np.transpose([table[place, strand] for place in range(start, end)])
            means = [float(sum(map(Fraction, column)) / (end - start)) for column in columns]
            yield start, end, strand, tuple(means)


@given(
    length=st.integers(1, 230),
    resolution=st.integers(1, 7),
    n_rows=st.integers(1, 12),
    context=st.integers(0, 40),
    strands=strands_asked,
)
def test_scan__has_the_means_of_each_tile_read_by_itself(
    tagger, length, resolution, n_rows, context, strands
) -> None:
    how = {"strands": strands, "tile": n_rows * resolution, "context": context}
    found = scan(scanner_of(tagger, resolution=resolution, **how), LETTERS[:length])
    expected = list(slow_scan(tagger, LETTERS[:length], resolution=resolution, **how))
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    values, wanted = (np.array([row[3] for row in table]) for table in (found, expected))
    np.testing.assert_allclose(values, wanted, rtol=0, atol=0.5000001e-6)


@given(
    first=st.integers(0, 45),
    n_rows=st.integers(1, 46),
    n_letters=st.integers(1, 400),
    strands=strands_asked,
)
def test_scan__has_the_same_bits_for_any_part_batch_and_number_of_threads(
    tagger, first, n_rows, n_letters, strands
) -> None:
    how = {"strands": strands, "tile": 20, "context": 15, "resolution": 5}
    whole = scan(scanner_of(tagger, **how), LETTERS)
    per_row = len(OF_ROWS[strands])
    last = min(first + n_rows, 46)
    offset = max(0, first * 5 // 20 * 20 - 15)
    end = -(-last * 5 // 20) * 20 + 15
    part = LongSequence("chr", LETTERS[offset:end], len(LETTERS), offset)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tile_scanning, "_LETTERS_AT_ONCE", n_letters)
        found = flat(scanner_of(tagger, threads=2, **how).scan(part, [(first, last)]))
    assert found == whole[first * per_row : last * per_row]


def test_scan__says_the_same_of_the_other_strand_of_a_sequence(tagger) -> None:
    # 240 letters: the tiles of both strands are the same
    letters = (LETTERS + "ACGTACGTAC").upper()
    scanner = scanner_of(tagger, strands="both", tile=40, context=15, resolution=5)
    ahead, back = scan(scanner, letters), scan(scanner, letters[::-1].translate(PAIRS))
    turned = {(240 - b, 240 - a, "+-"[s == "+"]): row for a, b, s, row in back}
    for start, end, strand, row in ahead:
        np.testing.assert_allclose(turned[start, end, strand], row, rtol=0, atol=1.1e-6)


def test_scan__reads_one_strand_where_the_model_has_both(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = new_tagger(reverse_complement="average")
    read = []
    original = tile_scanning.predict_step_probabilities
    monkeypatch.setattr(
        tile_scanning,
        "predict_step_probabilities",
        lambda network, codes: read.extend(codes) or original(network, codes),
    )
    how = {"tile": 40, "context": 15, "resolution": 1}
    found = scan(scanner_of(tagger, **how), LETTERS)
    assert len(read) == 6
    expected = list(slow_scan(tagger, LETTERS, "symmetric", **how))
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    assert np.abs(np.array([a[3] for a in found]) - [b[3] for b in expected]).max() < 0.51e-6


def test_scan__holds_one_batch_at_a_time(tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_scanning, "_LETTERS_AT_ONCE", 100)
    read, original = [], tile_scanning.encode_stretch
    monkeypatch.setattr(
        tile_scanning, "encode_stretch", lambda *how: read.append(how) or original(*how)
    )
    scanner = scanner_of(tagger, strands="forward", tile=20, context=5, resolution=10)
    rows = scanner.scan(LongSequence("chr", LETTERS, 230), [(0, 23)])
    next(rows)
    assert len(read) == 3
    assert scanner.counts.letters == 20
    assert [part.starts[0] for part in rows] == list(range(20, 230, 20))
    assert len(read) == 12
    assert scanner.counts.letters == 230


def test_scan__leaves_out_rows_of_unknown_and_masked_letters(tagger) -> None:
    letters = "ACGTACGTAC" + "NNNNNACGTA" + "NNNNNNACGT" + "acgtacgtac" + "nnnnnnnnnn" + "ACG"
    how = {"strands": "both", "tile": 20, "context": 5, "resolution": 10}
    whole = scan(scanner_of(tagger, **how), letters)
    scanner = scanner_of(tagger, **how, max_unknown=0.5, max_masked=0.9)
    found = scan(scanner, letters)
    assert found == [row for row in whole if row[0] in {0, 10, 50}]
    counts = scanner.counts
    assert (counts.windows, counts.unknown, counts.masked) == (6, 2, 1)
    assert (counts.rows, counts.letters) == (6, 53)


def test_context__brings_letters_near_an_edge_to_what_the_whole_sequence_says(tagger) -> None:
    (whole,) = tagger.predict_proba([LETTERS])

    def furthest(context: int) -> float:
        how = {"strands": "forward", "tile": 10, "resolution": 1, "context": context}
        found = np.array([row[3] for row in scan(scanner_of(tagger, **how), LETTERS)])
        return float(np.abs(found - whole).max())

    assert furthest(230) < 0.51e-6
    assert furthest(40) < 1e-3 < furthest(0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"context": -1}, "context must be at least 0, got -1"),
        ({"resolution": 0}, "resolution must be a divisor of 10000.*, got 0"),
        ({"resolution": 3}, "resolution must be a divisor of 10000.*, got 3"),
        ({"resolution": 20_000}, "resolution must be a divisor of 10000.*, got 20000"),
        ({"max_unknown": 1.5}, "max_unknown must be from 0 to 1, got 1.5"),
        ({"strands": "back"}, "strands must be one of .*, got 'back'"),
        ({"sums": {"in": ["x", "w"]}}, "sum in: there is no label 'w', expected some of"),
        ({"sums": {"in": []}}, "sum in: names no label, expected some of"),
        ({"sums": {"in": ["x"], "of": ["y", "x"]}}, "sum of: label 'x' is there twice"),
        ({"sums": {"z": ["x"]}}, "sum z: is also the name of a label"),
    ],
)
def test_scanner__refuses_what_does_not_fit(tagger, changes, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        scanner_of(tagger, **changes)


def test_scanner__refuses_a_model_of_positions_and_labels_named_as_columns() -> None:
    model = new_tagger(position_embedding=True)
    with pytest.raises(ConfigurationError, match="has learned what stands at each of 8 positions"):
        scanner_of(model)
    model = SequenceTagger(max_epochs=1, early_stopping=False).fit(["ACG"], [["start", "x", "x"]])
    with pytest.raises(LabelError, match="class 'start': is also the name of a column"):
        scanner_of(model)


def test_sums__are_the_columns_of_several_labels_together(tagger) -> None:
    how = {"strands": "both", "tile": 20, "context": 5, "resolution": 1}
    single = scan(scanner_of(tagger, **how), LETTERS)
    scanner = scanner_of(tagger, **how, sums={"in": ["x", "z"]})
    assert scanner.columns == ("in", "y")
    found = scan(scanner, LETTERS)
    assert [row[:3] for row in found] == [row[:3] for row in single]
    for (*_, sums), (*_, (x, y, z)) in zip(found, single, strict=True):
        np.testing.assert_allclose(sums, (x + z, y), rtol=0, atol=1.6e-6)


def test_tagger_scan__yields_the_rows_of_records_and_regions(tagger, tmp_path: Path) -> None:
    how = {"strands": "both", "context": 5, "resolution": 10, "max_unknown": 1.0}
    path = tmp_path / "genome.fa"
    path.write_text(f">other\nACGT\n>chr\n{LETTERS}\n", encoding="utf-8")
    regions = {"chr": [(9, 12), (55, 56)]}
    found = flat(tagger.scan(path, regions=regions, **how))
    assert found == scan(scanner_of(tagger, **how), LETTERS, [(0, 2), (5, 6)])
    assert flat(tagger.scan({"chr": LETTERS}, regions=regions, **how)) == found
    names = [rows.chrom for rows in tagger.scan(path, **how)]
    assert names == ["other", "chr"]
