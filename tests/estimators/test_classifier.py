"""The classifier as a caller sees it: what it learns, repeats, refuses and remembers."""

from __future__ import annotations

import copy
import math
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from fastgru import SequenceClassifier
from fastgru.errors import AlphabetError, ConfigurationError, FastgruError, LabelError
from tests.planted import plant


def test_fit__learns_to_tell_the_classes_apart(make_classifier) -> None:
    model = make_classifier(hidden_size=24, max_epochs=15)
    assert model.fit(*plant(600, seed=1)) is model
    assert model.score(*plant(200, seed=2)) > 0.9


def test_fit__refuses_a_network_that_the_machine_cannot_hold(make_classifier, planted) -> None:
    message = r"would have 6e\+16 weights, which take .* GiB in training, expected at most the"
    with pytest.raises(ConfigurationError, match=message):
        make_classifier(hidden_size=10**8).fit(*planted)


def test_fit__says_what_it_did(fitted, planted) -> None:
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert fitted.n_iter_ == len(fitted.history_) == 3
    losses = [epoch["validation_loss"] for epoch in fitted.history_]
    assert fitted.best_epoch_ == 1 + losses.index(min(losses))
    assert (fitted.n_train_, fitted.n_validation_) == (54, 6)
    weights = 4 * 4 + 2 * (36 * 4 + 36 * 12 + 36 + 36) + (2 * 72 + 2)
    assert fitted.n_parameters_ == weights


def test_predict_proba__has_a_row_per_sequence_and_a_column_per_class(fitted, planted) -> None:
    probabilities = fitted.predict_proba(planted[0])
    assert probabilities.shape == (60, 2)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=0, atol=1e-12)
    expected = fitted.classes_[probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(fitted.predict(planted[0]), expected)


def test_predict__of_nothing_is_empty(fitted) -> None:
    assert fitted.predict_proba([]).shape == (0, 2)
    assert fitted.predict([]).shape == (0,)


@settings(max_examples=20)
@given(data=st.data())
def test_predict_proba__does_not_depend_on_what_is_beside_it(data, fitted) -> None:
    letters = st.text("ACGTacgtuNRY", min_size=1, max_size=50)
    sequences = data.draw(st.lists(letters, min_size=1, max_size=30))
    together = fitted.predict_proba(sequences)
    order = data.draw(st.permutations(range(len(sequences))))
    assert (
        fitted.predict_proba([sequences[k] for k in order]).tobytes() == together[order].tobytes()
    )
    number = data.draw(st.integers(0, len(sequences) - 1))
    assert fitted.predict_proba([sequences[number]]).tobytes() == together[number].tobytes()


@pytest.mark.parametrize("threads", [1, 2, 64, None])
def test_fit__gives_the_same_bits_for_any_number_of_threads(threads, make_classifier) -> None:
    sequences, labels = plant(150, seed=1)
    model = make_classifier(hidden_size=33, num_layers=2, batch_size=64, max_epochs=2)
    expected = copy.deepcopy(model).fit(sequences, labels)
    actual = model.set_params(threads=threads).fit(sequences, labels)
    assert actual.history_ == expected.history_
    assert actual.predict_proba(sequences).tobytes() == expected.predict_proba(sequences).tobytes()


def test_fit__with_another_seed_differs(make_classifier, planted, fitted) -> None:
    probabilities = [
        make_classifier(random_state=seed).fit(*planted).predict_proba(planted[0])
        for seed in (0, 1)
    ]
    assert probabilities[0].tobytes() == fitted.predict_proba(planted[0]).tobytes()
    assert not np.allclose(probabilities[0], probabilities[1])


def test_fit__without_a_seed_differs_from_time_to_time(make_classifier, planted) -> None:
    first, second = (
        make_classifier(random_state=None, max_epochs=1).fit(*planted).predict_proba(planted[0])
        for _ in range(2)
    )
    assert not np.allclose(first, second)


def test_fit__starts_afresh(make_classifier, planted, fitted) -> None:
    model = make_classifier().fit(*plant(30, seed=9))
    model.fit(*planted)
    assert model.predict_proba(planted[0]).tobytes() == fitted.predict_proba(planted[0]).tobytes()


@pytest.mark.parametrize(
    ("alphabet", "written", "meant"),
    [
        ("dna", ["acgtu", "GGCCN"], ["ACGTT", "GGCCN"]),
        ("rna", ["acgut", "GGCCN"], ["ACGUU", "GGCCN"]),
        ("protein", ["MKVLA*", "mkvXu"], ["MKVLA", "MKVXC"]),
    ],
)
def test_fit__reads_each_alphabet_as_it_is_meant(alphabet, written, meant, make_classifier) -> None:
    models = [
        make_classifier(alphabet=alphabet, max_epochs=1, early_stopping=False).fit(
            given, ["a", "b"]
        )
        for given in (written, meant)
    ]
    first, second = (model.predict_proba(meant) for model in models)
    np.testing.assert_allclose(first, second, rtol=1e-6)


def test_fit__takes_integer_labels(make_classifier, planted) -> None:
    labels = [7 if label == "yes" else -3 for label in planted[1]]
    model = make_classifier().fit(planted[0], labels)
    assert model.classes_.tolist() == [-3, 7]
    assert set(model.predict(planted[0]).tolist()) <= {-3, 7}
    assert model.score(planted[0], labels) >= 0.5


def test_fit__takes_more_than_two_classes(make_classifier, planted) -> None:
    labels = [f"c{k % 5}" for k in range(60)]
    model = make_classifier(validation_fraction=0.2).fit(planted[0], labels)
    assert model.predict_proba(planted[0]).shape == (60, 5)


def test_fit__holds_out_one_of_each_class_however_few_there_are(make_classifier) -> None:
    model = make_classifier().fit(["A", "AC", "G", "GT"], ["x", "x", "y", "y"])
    assert (model.n_train_, model.n_validation_) == (2, 2)


def test_fit__stops_by_the_given_validation_data(make_classifier, planted) -> None:
    given_set = plant(20, seed=5)
    model = make_classifier(calibrate=False).fit(*planted, validation_data=given_set)
    assert (model.n_train_, model.n_validation_) == (60, 20)
    kept = model.history_[model.best_epoch_ - 1]
    probabilities = model.predict_proba(given_set[0])
    truth = np.searchsorted(model.classes_, given_set[1])
    chosen = probabilities[np.arange(20), truth]
    assert kept["validation_loss"] == pytest.approx(-np.log(chosen).mean())
    assert kept["validation_accuracy"] == pytest.approx(model.score(*given_set))


def test_fit__without_early_stopping_uses_everything_and_the_last_epoch(
    make_classifier, planted
) -> None:
    model = make_classifier(early_stopping=False).fit(*planted)
    assert (model.n_train_, model.n_validation_) == (60, 0)
    assert model.best_epoch_ == model.n_iter_ == 3
    assert all(math.isnan(epoch["validation_loss"]) for epoch in model.history_)
    watching = make_classifier(early_stopping=False, calibrate=False)
    watched = watching.fit(*planted, validation_data=plant(20, seed=5))
    assert watched.n_validation_ == 0
    assert watched.history_[0]["validation_loss"] > 0
    np.testing.assert_array_equal(
        watched.predict_proba(planted[0]), model.predict_proba(planted[0])
    )


def test_fit__calls_on_epoch(make_classifier, planted) -> None:
    seen: list[dict[str, float]] = []
    model = make_classifier().fit(
        *planted, on_epoch=lambda epoch: seen.append(epoch.to_dict("accuracy"))
    )
    assert seen == model.history_


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_fit__that_is_interrupted_leaves_what_was_there(error, make_classifier, planted) -> None:
    def interrupt(_: object) -> None:
        raise error

    model = make_classifier()
    with pytest.raises(error):
        model.fit(*planted, on_epoch=interrupt)
    assert not [name for name in vars(model) if name.endswith("_") or name.startswith("_")]
    expected = model.fit(*planted).predict_proba(planted[0])
    with pytest.raises(error):
        model.fit(*plant(20, seed=8), on_epoch=interrupt)
    assert model.predict_proba(planted[0]).tobytes() == expected.tobytes()


def test_fit__counts_a_sequence_of_weight_zero_as_absent(make_classifier, planted) -> None:
    sequences, labels = planted
    weights = np.ones(60)
    weights[40:] = 0
    with_zeros = make_classifier().fit(sequences, labels, sample_weight=weights)
    without = make_classifier().fit(sequences[:40], labels[:40])
    assert with_zeros.history_ == without.history_
    first, second = (model.predict_proba(sequences) for model in (with_zeros, without))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("class_weight", ["balanced", {"no": 1.0, "yes": 9.0}])
def test_class_weight__makes_the_rare_class_heard(class_weight, make_classifier) -> None:
    sequences, labels = plant(200, seed=3)
    rare = [k for k, label in enumerate(labels) if label == "no" or k < 20]
    data = [sequences[k] for k in rare], [labels[k] for k in rare]
    plain, weighted = (
        make_classifier(class_weight=weight, max_epochs=4).fit(*data)
        for weight in (None, class_weight)
    )
    mean = [model.predict_proba(sequences)[:, 1].mean() for model in (plain, weighted)]
    assert mean[1] > mean[0] + 0.1


def test_position_embedding__learns_where_a_letter_stands(make_classifier) -> None:
    rng = np.random.default_rng(6)
    letters = ["".join(rng.choice(list("ACGT"), 12)) for _ in range(300)]
    labels = ["a" if text[5] in "AC" else "b" for text in letters]
    model = make_classifier(position_embedding=True, max_epochs=12, pooling=("max",))
    assert model.fit(letters, labels).score(letters, labels) > 0.95


def test_position_embedding__refuses_a_longer_sequence(make_classifier, planted) -> None:
    model = make_classifier(position_embedding=True, max_epochs=1).fit(*planted)
    assert model.max_length == 30
    model.predict(["ACG", "A" * 30])
    message = (
        r"sequence 1: has 31 letters, expected at most 30, the positions that the model has "
        r"learned\. Cut it, or train without position_embedding\."
    )
    with pytest.raises(LabelError, match=message):
        model.predict(["ACG", "A" * 31])


def test_position_embedding__has_room_for_the_validation_set(make_classifier, planted) -> None:
    model = make_classifier(position_embedding=True, max_epochs=1)
    model.fit(*planted, validation_data=(["ACGT" * 5000], ["no"]))
    assert model.max_length == 20_000


def test_kmers__are_learned(make_classifier) -> None:
    rng = np.random.default_rng(6)
    letters = ["".join(rng.choice(list("ACGT"), 12)) for _ in range(300)]
    labels = [
        "a" if "CG" in (text[k : k + 2] for k in range(0, 12, 2)) else "b" for text in letters
    ]
    model = make_classifier(kmer_size=2, kmer_stride=2, max_epochs=12, pooling=("max",))
    assert model.fit(letters, labels).score(letters, labels) > 0.95


def test_kmers__refuse_a_shorter_sequence(make_classifier, planted) -> None:
    model = make_classifier(kmer_size=4, max_epochs=1).fit(*planted)
    assert (model.min_length, model.max_length) == (4, None)
    model.predict(["ACGT"])
    with pytest.raises(LabelError, match="sequence 1: has 3 letters, expected at least 4, the kme"):
        model.predict(["ACGT", "ACG"])
    # these are of letters, whatever the network reads
    assert model.flag_unusual(["ACG"]) == [("length",)]
    assert model.seen_in_training(["ACG", planted[0][0]]).tolist() == [False, True]


@pytest.mark.parametrize("place", ["sequences", "validation_data"])
def test_fit__refuses_sequences_without_a_kmer(place: str, make_classifier, planted) -> None:
    short = ["ACGTA", "AC", "ACG"], ["no", "yes", "no"]
    name, given = ("sequence", (short, None))
    if place == "validation_data":
        name, given = "validation sequence", (planted, short)
    message = f"^{name} 1: has 2 letters, expected at least 3, the kmer_size"
    with pytest.raises(LabelError, match=message):
        make_classifier(kmer_size=3).fit(*given[0], validation_data=given[1])


def test_position_embedding__counts_kmers(make_classifier, planted) -> None:
    sizes = {"kmer_size": 4, "kmer_stride": 3}
    model = make_classifier(position_embedding=True, max_epochs=1, **sizes).fit(*planted)
    # 30 letters have 9 words; two more are past the last
    assert model.max_length == 30
    assert model._fitted.network.architecture.n_positions == 9
    assert len(model.predict(["A" * 30])) == 1
    with pytest.raises(LabelError, match="has 31 letters, expected at most 30"):
        model.predict(["A" * 31])


def test_max_length__is_none_for_any_length(fitted) -> None:
    assert fitted.max_length is None


@pytest.mark.parametrize(
    ("sequences", "labels", "options", "error", "message"),
    [
        (["A", "C"], ["x"], {}, LabelError, "labels: must be one for each of 2 sequences"),
        (["A", "C"], ["x", "x"], {}, LabelError, "labels: only one class, 'x', among 2 sequences"),
        (["A", "C"], ["x", "y"], {}, LabelError, "class 'x' has 1 sequence to learn from"),
        (["A", "?"], ["x", "y"], {}, AlphabetError, r"sequence 1: letter '\?' at position 1"),
        ("AC", ["x", "y"], {}, ConfigurationError, "sequences must be a list of strings, got str"),
        (["A"] * 4, list("xxyy"), {"sample_weight": [1]}, ConfigurationError, "must hold 4 finite"),
        (
            ["A"] * 4,
            list("xxyy"),
            {"validation_data": (["A"], ["z"])},
            LabelError,
            "validation set: has the class 'z'",
        ),
    ],
)
def test_fit__explains_what_it_cannot_use(
    sequences, labels, options, error, message: str, make_classifier
) -> None:
    with pytest.raises(error, match=message):
        make_classifier().fit(sequences, labels, **options)


def test_fit__says_when_training_diverges(make_classifier, planted) -> None:
    model = make_classifier(learning_rate=1e30, weight_decay=1.0)
    with np.errstate(all="ignore"), pytest.raises(FastgruError, match="Lower learning_rate, now"):
        model.fit(*planted)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_predict__before_fit_is_refused(method: str) -> None:
    with pytest.raises(NotFittedError, match="This SequenceClassifier instance is not fitted yet"):
        getattr(SequenceClassifier(), method)(["ACGT"])


def test_predict__does_not_follow_parameters_that_came_after_fit(make_classifier, planted) -> None:
    model = make_classifier().fit(*planted)
    expected = model.predict_proba(planted[0])
    model.set_params(alphabet="protein", hidden_size=99)
    assert model.predict_proba(planted[0]).tobytes() == expected.tobytes()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_classifier__can_be_copied(duplicate, fitted, planted) -> None:
    twin = duplicate(fitted)
    assert twin.predict_proba(planted[0]).tobytes() == fitted.predict_proba(planted[0]).tobytes()


def test_predict_proba__can_be_called_by_several_threads(fitted, planted) -> None:
    expected = fitted.predict_proba(planted[0])
    wrong: list[int] = []

    def work(start: int) -> None:
        for _ in range(10):
            part = fitted.predict_proba(planted[0][start : start + 20])
            if part.tobytes() != expected[start : start + 20].tobytes():
                wrong.append(start)

    workers = [threading.Thread(target=work, args=(start,)) for start in (0, 20, 40)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []
