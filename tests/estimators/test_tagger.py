from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from fastgru import SequenceClassifier, SequenceTagger
from fastgru.errors import ConfigurationError, LabelError, ModelFileError
from tests.models.model_files import put_together, take_apart
from tests.planted import plant_segments

TRAINING = plant_segments(150, seed=1)
HELD_OUT = plant_segments(40, seed=2)
COMPLEMENT = str.maketrans("ACGT", "TGCA")
LETTERS = ["ACGTAC", "GGTA"]


def small_tagger(**changes: Any) -> SequenceTagger:
    """A tagger that trains in a fraction of a second."""
    small: dict[str, Any] = {
        "embedding_size": 8,
        "hidden_size": 12,
        "max_epochs": 2,
        "batch_size": 16,
        "learning_rate": 2e-2,
        "threads": 1,
        "random_state": 0,
    }
    return SequenceTagger(**{**small, **changes})


@pytest.fixture(scope="module", params=[False, True], ids=["softmax", "crf"])
def fitted(request: pytest.FixtureRequest) -> SequenceTagger:
    """A tagger that has learned, to be left as it is."""
    return small_tagger(crf=request.param, max_epochs=15).fit(*TRAINING)


def test_tagger__finds_the_segments_of_held_out_sequences(fitted) -> None:
    assert fitted.score(*HELD_OUT) > 0.95
    predicted = fitted.predict(HELD_OUT[0])
    right = np.array(list("".join(predicted))) == np.array(list("".join(HELD_OUT[1])))
    assert fitted.score(*HELD_OUT) == pytest.approx(right.mean())
    assert fitted.classes_.tolist() == ["-", "B", "E", "I"]


def test_field__predicts_no_transition_that_training_has_not() -> None:
    # random labels of segments: only their order can be learned, not their places
    rng = np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACGT"), 24)) for _ in range(150)]
    starts = rng.integers(0, 12, 150)
    labels = ["-" * a + "BIIIIE" + "-" * (18 - a) for a in starts]
    allowed = {pair for row in labels for pair in itertools.pairwise(row)}
    model = small_tagger(crf=True, max_epochs=20).fit(sequences[:100], labels[:100])
    predicted = model.predict(sequences[100:])
    assert {pair for row in predicted for pair in itertools.pairwise(row)} <= allowed
    scores = model._fitted.network.crf.parameters["transitions"]
    names = model.classes_.tolist()
    assert scores[names.index("B"), names.index("E")] < scores[names.index("I"), names.index("E")]


def test_predict_proba__is_a_distribution_for_each_letter(fitted) -> None:
    probabilities = fitted.predict_proba(HELD_OUT[0])
    for row, letters in zip(probabilities, HELD_OUT[0], strict=True):
        assert row.shape == (len(letters), 4)
        assert row.dtype == np.float64
        np.testing.assert_allclose(row.sum(axis=1), 1, rtol=0, atol=1e-12)


def test_predict__takes_the_most_probable_label_without_a_field() -> None:
    model = small_tagger().fit(*TRAINING)
    for row, labels in zip(model.predict_proba(LETTERS), model.predict(LETTERS), strict=True):
        assert "".join(model.classes_[row.argmax(axis=1)]) == labels


def test_predict__does_not_depend_on_what_stands_beside(fitted) -> None:
    together = fitted.predict_proba(HELD_OUT[0])
    for letters, row in zip(HELD_OUT[0][:10], together, strict=False):
        (alone,) = fitted.predict_proba([letters])
        assert alone.tobytes() == row.tobytes()


def test_fit__gives_the_same_bits_on_any_number_of_threads(fitted, tmp_path: Path) -> None:
    for threads in (1, 2):
        small_tagger(crf=fitted.crf, threads=threads).fit(*TRAINING).save(tmp_path / str(threads))
    assert (tmp_path / "2").read_bytes() == (tmp_path / "1").read_bytes()


def test_load__undoes_save(fitted, tmp_path: Path) -> None:
    fitted.save(tmp_path / "m")
    twin = SequenceTagger.load(tmp_path / "m")
    before, after = (model.predict_proba(HELD_OUT[0]) for model in (fitted, twin))
    assert [row.tobytes() for row in after] == [row.tobytes() for row in before]
    assert twin.predict(HELD_OUT[0]) == fitted.predict(HELD_OUT[0])
    assert twin.get_params() == {**fitted.get_params(), "threads": None}
    twin.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()
    with pytest.raises(ModelFileError, match="is a model of tagging, expected one of classifi"):
        SequenceClassifier.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"classes": ["a", "b"]}, "there are 2 classes for a network with 4 outputs"),
        ({"classes": ["-", "B", "E", "II"]}, "the classes are no letters"),
        ({"architecture": {"conv_stride": [2]}}, "there is not one output for each letter"),
    ],
)
def test_load__refuses_a_card_that_contradicts_itself(fitted, fields, fault, tmp_path) -> None:
    path = tmp_path / "m"
    fitted.save(path)
    header, card, weights = take_apart(path.read_bytes())
    for name, value in fields.items():
        card[name] = {**card[name], **value} if isinstance(value, dict) else value
    path.write_bytes(put_together(header, card, weights))
    with pytest.raises(ModelFileError, match=fault):
        SequenceTagger.load(path)


def test_labels__may_be_lists_of_texts(tmp_path: Path) -> None:
    names = {"-": "none", "B": "begin", "I": "in", "E": "end"}
    lists = [[names[letter] for letter in row] for row in TRAINING[1]]
    model = small_tagger().fit(TRAINING[0], lists)
    plain = small_tagger().fit(*TRAINING)
    assert model.classes_.tolist() == ["begin", "end", "in", "none"]
    assert model.predict(LETTERS)[0] == model.predict(LETTERS[:1])[0]
    assert isinstance(model.predict(LETTERS)[0], list)
    assert len(model.predict(LETTERS)[0]) == len(LETTERS[0])
    assert isinstance(plain.predict(LETTERS)[0], str)
    model.save(tmp_path / "m")
    assert SequenceTagger.load(tmp_path / "m").predict(LETTERS) == model.predict(LETTERS)


@pytest.mark.parametrize("crf", [False, True])
def test_masked_letters__teach_nothing(crf: bool) -> None:
    # what stands behind the mask cannot matter, and masked sequences are not there
    sequences = [*TRAINING[0][:30], "ACGTTTT"]
    masked = [f"??{row[2:-2]}??" for row in TRAINING[1][:30]]
    shared = {"crf": crf, "early_stopping": False}
    model = small_tagger(**shared).fit(sequences, [*masked, "???????"])
    twin = small_tagger(**shared).fit(sequences[:30], masked)
    assert model.n_train_ == 30
    assert model.predict_proba(LETTERS)[0].tobytes() == twin.predict_proba(LETTERS)[0].tobytes()
    assert "?" not in model.classes_


def test_score__leaves_masked_letters_out(fitted) -> None:
    predicted = fitted.predict(LETTERS)
    wrong = ["B" if predicted[0][0] != "B" else "E", *predicted[0][1:]]
    assert fitted.score(LETTERS, ["".join(wrong), predicted[1]]) == pytest.approx(0.9)
    assert fitted.score(LETTERS, ["?" + predicted[0][1:], predicted[1]]) == 1
    with pytest.raises(LabelError, match="no letter has a known label"):
        fitted.score(["AC"], ["??"])


@pytest.mark.parametrize(
    ("kind", "crf"), [*itertools.product(("average", "equivariant"), (False, True))]
)
def test_both_strands__get_the_same_labels_turned_round(kind: str, crf: bool) -> None:
    model = small_tagger(reverse_complement=kind, crf=crf, max_epochs=4).fit(*TRAINING)
    other = [letters.translate(COMPLEMENT)[::-1] for letters in HELD_OUT[0]]
    assert [row[::-1] for row in model.predict(other)] == model.predict(HELD_OUT[0])
    pairs = zip(model.predict_proba(other), model.predict_proba(HELD_OUT[0]), strict=True)
    for turned, row in pairs:
        if crf or kind == "equivariant":
            bound = 1e-12 if kind == "average" else 1e-5
            np.testing.assert_allclose(turned[::-1], row, rtol=0, atol=bound)
        else:
            assert turned[::-1].tobytes() == row.tobytes()


def test_class_weight__finds_more_of_a_rare_class() -> None:
    weights = {"-": 1.0, "B": 50.0, "I": 1.0, "E": 1.0}
    plain, weighted = (
        small_tagger(class_weight=weight).fit(*TRAINING) for weight in (None, weights)
    )
    counts = [sum(row.count("B") for row in m.predict(HELD_OUT[0])) for m in (plain, weighted)]
    assert counts[1] > counts[0]


def test_fit__goes_on_from_a_checkpoint_as_if_never_interrupted(fitted, tmp_path: Path) -> None:
    options = {**fitted.get_params(), "max_epochs": 3}
    whole = SequenceTagger(**options).fit(*TRAINING)

    def interrupt(epoch: Any) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        SequenceTagger(**options).fit(*TRAINING, checkpoint=path, on_epoch=interrupt)
    resumed = SequenceTagger(**options).fit(*TRAINING, checkpoint=path, resume=True)
    for name in ("one", "two"):
        (whole if name == "one" else resumed).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_fit__takes_a_validation_set(fitted) -> None:
    model = clone(fitted).set_params(max_epochs=1)
    model.fit(*TRAINING, validation_data=HELD_OUT)
    assert (model.n_train_, model.n_validation_) == (150, 40)
    assert model.history_[0]["validation_accuracy"] == pytest.approx(model.score(*HELD_OUT))
    probabilities = model.predict_proba(HELD_OUT[0])
    if not model.crf:
        places = [np.searchsorted(model.classes_, list(row)) for row in HELD_OUT[1]]
        chosen = [row[np.arange(len(k)), k] for row, k in zip(probabilities, places, strict=True)]
        expected = -np.log(np.concatenate(chosen)).mean()
        assert model.history_[0]["validation_loss"] == pytest.approx(expected, rel=1e-5)


def test_tagger__knows_its_sequences(fitted) -> None:
    assert fitted.seen_in_training([TRAINING[0][0], HELD_OUT[0][0]]).tolist() == [True, False]
    assert fitted.flag_unusual(["A" * 500])[0]
    assert fitted.max_length is None


SHORT = "labels of sequence 0: there are 2 for 3 letters, expected one for each. Write ? for a "


@pytest.mark.parametrize(
    ("sequences", "labels", "message"),
    [
        (["ACG"], ["AB"], SHORT),
        (["ACG"], ["ABC", "ABC"], "must be a string or a list for each of 1 sequence, got 2."),
        (["ACG"], "ABC", "for each of 1 sequence, got one string."),
        (["ACG"], [["a", "b", 3]], "labels of sequence 0: must be a list of texts, all of one"),
        (["ACG", "A"], ["ABC", ["A"]], "labels of sequence 1: must be a string of letters"),
        (["ACG"], [5], "labels of sequence 0: must be a list of texts"),
        (["ACG"], ["AAA"], "labels: only the class 'A' among 1 sequence, expected at least 2"),
        (["ACG"], ["???"], "labels: no class among 1 sequence, expected at least 2 classes"),
    ],
)
def test_fit__refuses_labels(sequences, labels, message) -> None:
    with pytest.raises(LabelError, match=re.escape(message)):
        small_tagger().fit(sequences, labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["XB"], "validation set: has the class 'X', expected labels of the classes of the train"),
        (["??"], "validation set: has no letter with a label"),
        (["A"], "labels of validation sequence 0: there are 1 for 2 letters"),
    ],
)
def test_fit__refuses_validation_labels(labels, message) -> None:
    with pytest.raises(LabelError, match=re.escape(message)):
        small_tagger().fit(["ACG"], ["ABA"], validation_data=(["AC"], labels))


@pytest.mark.parametrize(
    "changes", [{"class_weight": "balanced"}, {"label_smoothing": 0.1}, {"focal_gamma": 1.0}]
)
def test_field__refuses_what_changes_the_loss_of_letters(changes) -> None:
    (name,) = changes
    with pytest.raises(ConfigurationError, match=f"{name} must be left out with crf"):
        small_tagger(crf=True, **changes).fit(*TRAINING)


@pytest.mark.parametrize("name", ["pooling", "conv_stride", "conv_pool", "calibrate"])
def test_tagger__has_no_parameter_that_makes_no_sense(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        SequenceTagger(**{name: 1})
