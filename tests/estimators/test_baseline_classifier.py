from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler

from fastgru.data.alphabets import get_alphabet
from fastgru.errors import AlphabetError, ConfigurationError, LabelError
from fastgru.estimators.baseline_classifier import BaselineClassifier
from fastgru.estimators.baselines import BASELINES, BASELINES_OF_SERIES
from tests.data.relatives import families
from tests.planted import plant


def make(name: str, alphabet: str = "dna", **options) -> BaselineClassifier:
    return BaselineClassifier(name, alphabet, **{"threads": 1, "random_state": 0, **options})


def auc(model: BaselineClassifier, sequences: list[str], labels: list[str]) -> float:
    half = len(sequences) // 2
    proba = model.fit(sequences[:half], labels[:half]).predict_proba(sequences[half:])
    return roc_auc_score(np.array(labels[half:]) == model.classes_[1], proba[:, 1])


def random_letters(rng: np.random.Generator, length: int, weights=None) -> str:
    return "".join(rng.choice(list("ACGT"), length, p=weights))


@pytest.mark.parametrize("name", BASELINES)
def test_baseline_classifier__gives_probabilities(name: str) -> None:
    sequences, labels = plant(60, seed=1)
    model = make(name).fit(sequences, labels)
    proba = model.predict_proba(sequences[:7])
    assert proba.shape == (7, 2)
    assert proba.dtype == np.float64
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.n_train_ == 60
    assert model.predict(sequences[:7]).tolist() == model.classes_[proba.argmax(axis=1)].tolist()
    assert model.predict_proba([]).shape == (0, 2)


def test_majority__names_the_commonest_class_with_its_share() -> None:
    model = make("majority").fit(["A", "C", "G", "T"], [3, 3, 3, 5])
    assert model.predict_proba(["AC"]).tolist() == [[0.75, 0.25]]
    assert model.predict(["AC"]).tolist() == [3]


def test_length__sees_a_length_in_the_middle_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    labels = [["short or long", "middle"][k % 2] for k in range(200)]
    lengths = [100 if label == "middle" else int(rng.choice([20, 500])) for label in labels]
    sequences = [random_letters(rng, length) for length in lengths]
    assert auc(make("length"), sequences, labels) == 1
    assert auc(make("composition"), sequences, labels) < 0.7


def test_composition__is_the_logistic_regression_of_the_shares() -> None:
    rng = np.random.default_rng(0)
    labels = [["at", "gc"][k % 2] for k in range(80)]
    sequences = [
        random_letters(rng, 40, [0.2, 0.3, 0.3, 0.2] if label == "gc" else None) for label in labels
    ]
    shares = np.array([[Counter(text)[letter] / 40 for letter in "ACGT"] for text in sequences])
    model = make("composition").fit(sequences, labels)
    strength = model.pipeline_[-1].best_params_["C"]
    scaled = StandardScaler().fit_transform(shares)
    expected = LogisticRegression(C=strength, max_iter=2000).fit(scaled, labels)
    np.testing.assert_allclose(
        model.predict_proba(sequences), expected.predict_proba(scaled), atol=1e-6
    )


@pytest.mark.parametrize("name", ["kmer_logistic", "kmer_forest"])
def test_kmers__see_a_word_wherever_it_is(name: str) -> None:
    sequences, labels = plant(240, seed=2)
    assert auc(make(name), sequences, labels) > 0.8
    assert auc(make("onehot_logistic"), sequences, labels) < 0.75


def test_onehot_logistic__sees_a_place() -> None:
    rng = np.random.default_rng(0)
    labels = [["a", "b"][k % 2] for k in range(200)]
    sequences = [
        random_letters(rng, 12) + ("A" if label == "a" else "C") + random_letters(rng, 12)
        for label in labels
    ]
    assert auc(make("onehot_logistic"), sequences, labels) == 1


@pytest.mark.parametrize("name", BASELINES)
def test_baseline_classifier__gives_the_same_bits_for_any_number_of_threads(name: str) -> None:
    sequences, labels = plant(60, seed=1)
    found = [
        make(name, threads=threads).fit(sequences, labels).predict_proba(sequences)
        for threads in (1, 2, None)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_kmer_forest__depends_on_its_seed() -> None:
    sequences, labels = plant(60, seed=1)
    first, second = (
        make("kmer_forest", random_state=seed).fit(sequences, labels).predict_proba(sequences)
        for seed in (0, 1)
    )
    assert not np.array_equal(first, second)


def test_baseline_classifier__takes_proteins_and_classes_with_few_members() -> None:
    sequences, labels = ["MKVLX", "LLKUE", "GGSA", "GASGH"], ["x", "x", "y", "y"]
    for name in BASELINES.keys() - {"onehot_logistic"}:
        model = make(name, "protein").fit(sequences, labels)
        assert model.predict_proba(["mkv"]).shape == (1, 2)


def test_baseline_classifier__chooses_the_strength_across_groups() -> None:
    # labels by family: large C are best for relatives, and useless for other families
    data = families(get_alphabet("dna"), n_families=24, size=5, length=60)
    groups = [record.split("_")[0] for record in data.ids]
    by_record, by_group = (
        make("kmer_logistic").fit(data.sequences, data.labels, groups=given).pipeline_[-1]
        for given in (None, groups)
    )
    assert by_record.best_params_["C"] >= 10
    assert by_group.best_params_["C"] <= 0.1


@pytest.mark.parametrize("groups", [["a"] * 40, ["ab"[k % 2] for k in range(40)]])
def test_baseline_classifier__does_without_folds_where_groups_are_few(groups: list[str]) -> None:
    sequences, labels = plant(40, seed=5)
    model = make("composition").fit(sequences, labels, groups=groups)
    assert isinstance(model.pipeline_[-1], LogisticRegression)


def test_baseline_classifier__refuses_another_number_of_groups() -> None:
    with pytest.raises(LabelError, match="must be one for each of 40 sequences"):
        make("composition").fit(*plant(40, seed=5), groups=["a"] * 39)


def test_baseline_classifier__keeps_scikit_learns_contract() -> None:
    sequences, labels = plant(60, seed=1)
    model = clone(make("composition"))
    assert model.get_params() == make("composition").get_params()
    assert cross_val_score(model, sequences, labels, cv=2).shape == (2,)


@pytest.mark.parametrize(
    ("model", "sequences", "error", "message"),
    [
        (make("svm"), ["A", "C"], ConfigurationError, "name must be one of 'majority', 'length'"),
        (make("length", "dan"), ["A", "C"], ConfigurationError, "alphabet must be one of"),
        (make("length"), ["A", "E"], AlphabetError, "sequence 1: letter 'E' at position 1"),
        (
            make("onehot_logistic"),
            ["A", "CCC"],
            LabelError,
            "baseline onehot_logistic: sequences have 2 different lengths (1 to 3 letters), expect",
        ),
    ],
)
def test_baseline_classifier__explains_what_it_cannot_learn(
    model, sequences, error, message
) -> None:
    with pytest.raises(error) as caught:
        model.fit(sequences, ["a", "b"])
    assert message in str(caught.value)


def test_baseline_classifier__refuses_a_single_class() -> None:
    with pytest.raises(LabelError, match="only one class, 'a', among 2 sequences"):
        make("majority").fit(["A", "C"], ["a", "a"])


def test_fit__of_series_knows_their_lengths_alone() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 30, 40)
    labels = ["long" if length > 15 else "short" for length in lengths]
    series = [rng.random((length, 2)) for length in lengths]
    model = BaselineClassifier("length", "series", random_state=0).fit(series, labels)
    of_letters = BaselineClassifier("length", random_state=0)
    expected = of_letters.fit(["A" * length for length in lengths], labels)
    others = [3, 12, 25]
    np.testing.assert_array_equal(
        model.predict_proba([np.zeros((length, 2)) for length in others]),
        expected.predict_proba(["C" * length for length in others]),
    )


@pytest.mark.parametrize("name", [name for name in BASELINES if name not in BASELINES_OF_SERIES])
def test_fit__of_series_refuses_baselines_of_letters(name: str) -> None:
    message = f"baseline {name}: knows letters, but the input are series, expected one of majority"
    with pytest.raises(ConfigurationError, match=message):
        BaselineClassifier(name, "series").fit([np.ones((3, 1)), np.ones((2, 1))], ["a", "b"])
