from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru import (
    Seq2Seq,
    SequenceClassifier,
    SequenceLanguageModel,
    SequenceRegressor,
    SequenceTagger,
)
from fastgru.data.unlabelled import CheckedSequence
from fastgru.errors import ConfigurationError, FastaFormatError
from fastgru.estimators import streaming
from fastgru.estimators.overlapping import AHEAD
from fastgru.estimators.streaming import StreamedPrediction, overlaps, predict_chunks
from tests.comparing import assert_same_bits
from tests.estimators.conftest import SMALL, small_classifier
from tests.planted import as_fasta, plant, plant_counts, plant_segments


@pytest.fixture(scope="module")
def model() -> SequenceClassifier:
    """To be left as it is."""
    return small_classifier(max_epochs=1).fit(*plant(40, seed=1))


SEQUENCES = st.text("ACGTN", max_size=30)


@pytest.mark.parametrize("threads", [1, 2])
@given(sequences=st.lists(SEQUENCES, max_size=30), chunk_letters=st.integers(1, 2000))
def test_predict_chunks__has_the_bits_of_all_sequences_at_once(
    sequences: list[str], chunk_letters: int, threads: int, model: SequenceClassifier
) -> None:
    records = [
        CheckedSequence(f"r{k}", letters, None if letters else "it is empty")
        for k, letters in enumerate(sequences)
    ]
    fitted = model._fitted
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "CHUNK_LETTERS", chunk_letters)
        chunks = list(
            predict_chunks(
                *(iter(records), fitted, lambda given, _: fitted.predict_proba(given, threads)),
                threads=threads,
            )
        )
    usable = [letters for letters in sequences if letters]
    assert [record for chunk in chunks for record in chunk.records] == records
    assert [row for chunk in chunks for row in chunk.flags] == model.flag_unusual(usable)
    found = [row for chunk in chunks for row in chunk.predicted]
    assert_same_bits(np.array(found).reshape(-1, 2), model.predict_proba(usable).reshape(-1, 2))


def test_predict_chunks__reads_a_few_chunks_ahead_and_says_where_it_is(
    model: SequenceClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "CHUNK_LETTERS", 1000)
    n_read = 0

    def records() -> Iterator[CheckedSequence]:
        nonlocal n_read
        while n_read < 1000:
            n_read += 1
            yield CheckedSequence("r", "ACGTA" * 20)

    fitted, n_done, most = model._fitted, 0, 0
    chunks = predict_chunks(
        *(records(), fitted, lambda given, _: fitted.predict_proba(given, 2)),
        threads=2,
        position=lambda: n_read,
    )
    for chunk in chunks:
        assert len(chunk.records) == 5
        n_done += len(chunk.records)
        assert chunk.position == n_done
        most = max(most, n_read - n_done)
    assert n_done == 1000
    assert most <= 5 * (AHEAD + 1)


def test_overlaps__never_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "default_threads", lambda: 4)
    assert [overlaps(threads) for threads in (1, 2, None)] == [False, True, True]
    monkeypatch.setattr(streaming, "default_threads", lambda: 1)
    assert [overlaps(threads) for threads in (1, 2, None)] == [False, False, False]


def as_pairs(sequences: list[str]) -> list[tuple[str, str]]:
    return [(f"r{k}", letters) for k, letters in enumerate(sequences)]


def fitted_models() -> Iterator[tuple[Any, list[str]]]:
    sequences, labels = plant(30, seed=1)
    shared = {**SMALL, "max_epochs": 1}
    attending = SequenceClassifier(**shared, pooling=("attention",)).fit(sequences, labels)
    yield attending, ["predict", "predict_proba", "attention"]
    indicator = [[k % 2, k % 3 == 0] for k in range(30)]
    yield SequenceClassifier(**shared).fit(sequences, indicator), ["predict", "predict_proba"]
    yield SequenceRegressor(**shared).fit(*plant_counts(30, seed=1)), ["predict"]
    yield SequenceTagger(**shared).fit(*plant_segments(30, seed=1)), ["predict", "predict_proba"]
    yield SequenceLanguageModel(**shared).fit(sequences), ["score_samples"]
    yield Seq2Seq(**shared).fit(sequences, [s[:9] for s in sequences]), ["predict", "translate"]


def test_predict_stream__has_the_bits_of_every_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "CHUNK_LETTERS", 500)
    sequences = [letters[: 5 + k % 20] for k, letters in enumerate(plant(40, seed=2)[0])]
    for estimator, methods in fitted_models():
        for method in methods:
            expected = getattr(estimator, method)(sequences)
            for threads in (1, 2):
                estimator.set_params(threads=threads)
                found = list(estimator.predict_stream(as_pairs(sequences), method=method))
                assert [one.id for one in found] == [f"r{k}" for k in range(40)]
                for one, other in zip(found, expected, strict=True):
                    assert np.array_equal(one.prediction, other), (estimator, method)


def test_predict_stream__reads_files_of_any_kind(model: SequenceClassifier, tmp_path: Path) -> None:
    sequences = plant(12, seed=3)[0]
    expected = list(model.predict_stream(as_pairs(sequences), method="predict_proba"))
    (tmp_path / "a.fa").write_text(as_fasta(sequences), encoding="utf-8")
    fastq = "".join(f"@{name}\n{s}\n+\n{'@' * len(s)}\n" for name, s in as_pairs(sequences))
    (tmp_path / "b.fq.gz").write_bytes(gzip.compress(fastq.encode()))
    paths = [tmp_path / "a.fa", str(tmp_path / "b.fq.gz")]
    for source, times in [(paths[0], 1), (paths[1], 1), (paths, 2), (iter(paths), 2)]:
        found = list(model.predict_stream(source, method="predict_proba"))
        assert len(found) == 12 * times
        for one, other in zip(found, expected * times, strict=True):
            assert (one.id, one.flags, one.problem) == (other.id, other.flags, None)
            assert_same_bits(one.prediction, other.prediction)
    assert list(model.predict_stream([])) == []


def test_predict_stream__says_what_cannot_be_used(model: SequenceClassifier) -> None:
    pairs = [("a", "acgt"), ("b", "AC!T"), ("c", "")]
    found = list(model.predict_stream(pairs, on_invalid="status"))
    assert found[0].prediction == model.predict(["ACGT"])[0]
    alphabet = "is not in the dna alphabet (ACGT, and BDHKMNRSVWXY for ambiguous positions)"
    assert found[1:] == [
        StreamedPrediction("b", None, (), f"letter '!' at position 3 {alphabet}"),
        StreamedPrediction("c", None, (), "the sequence is empty, expected at least one letter"),
    ]
    with pytest.raises(FastaFormatError) as caught:
        list(model.predict_stream(pairs))
    message = str(caught.value)
    assert message.startswith("records: 2 problems:\n  record 'b': letter '!' at position 3")
    assert "  record 'c': the sequence is empty" in message


@pytest.mark.parametrize(
    ("source", "method", "message"),
    [
        ([("a", "ACGT")], "fit", "has no method 'fit' for a model of classification, expected one"),
        (["ACGT", ("a", "ACGT")], "predict", "ACGT: cannot be read"),
        ([("a", "ACGT"), "ACGT"], "predict", r"a record is 'ACGT', expected a tuple \(id, sequ"),
        ([("a", 3)], "predict", r"a record is \('a', 3\), expected a tuple"),
    ],
)
def test_predict_stream__explains_wrong_arguments(
    source: Any, method: str, message: str, model: SequenceClassifier
) -> None:
    with pytest.raises((ConfigurationError, FastaFormatError), match=message):
        list(model.predict_stream(source, method=method))
    with pytest.raises(ConfigurationError, match="on_invalid is 'skip', expected 'error' or 'sta"):
        model.predict_stream([], on_invalid="skip")  # type: ignore[arg-type]


def test_predict_stream__of_series_reads_files_alone(tmp_path: Path) -> None:
    series = [np.arange(3.0 + k % 2) * (k % 3) for k in range(12)]
    estimator = SequenceClassifier("series", **{**SMALL, "max_epochs": 1})
    estimator.fit(series, ["x", "y"] * 6)
    np.savez(tmp_path / "s.npz", **{f"s{k}": one for k, one in enumerate(series)})
    found = list(estimator.predict_stream(tmp_path / "s.npz", method="predict_proba"))
    assert_same_bits(np.array([one.prediction for one in found]), estimator.predict_proba(series))
    with pytest.raises(ConfigurationError, match=r"expected paths of series\. Give lists of rec"):
        list(estimator.predict_stream([("s0", series[0])]))
