"""Temperature, thresholds and prevalence of a classifier, as fitted and as saved."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from fastgru import SequenceClassifier
from fastgru.estimators.calibration import Calibration
from fastgru.evaluation.calibration import calibration_scores
from fastgru.models.model_file import read_model
from tests.models.model_files import put_together, take_apart
from tests.planted import plant


@pytest.fixture(scope="module")
def held_out():
    return plant(100, seed=5)


@pytest.fixture(scope="module")
def both(planted, held_out):
    """A calibrated classifier, and the same without its temperature."""
    return tuple(
        SequenceClassifier(
            hidden_size=12, max_epochs=6, threads=1, random_state=0, calibrate=calibrate
        ).fit(*plant(300, seed=1), validation_data=held_out)
        for calibrate in (True, False)
    )


def truth_of(model, labels):
    return np.searchsorted(model.classes_, labels)


def test_fit__divides_the_logits_by_the_temperature(both, planted) -> None:
    calibrated, plain = both
    assert plain.temperature_ == 1
    assert calibrated.temperature_ > 0
    assert calibrated.temperature_ != 1
    first, second = (np.log(model.predict_proba(planted[0])) for model in both)
    margins = [logs[:, 1] - logs[:, 0] for logs in (first, second)]
    np.testing.assert_allclose(margins[0] * calibrated.temperature_, margins[1], rtol=1e-6)
    np.testing.assert_array_equal(calibrated.predict(planted[0]), plain.predict(planted[0]))


def test_fit__records_scores_before_and_after(both, held_out) -> None:
    fitted = both[0]._fitted.calibration
    assert fitted.n_sequences == 100
    truth = truth_of(both[0], held_out[1])
    for model, scores in zip(both, (fitted.after, fitted.before), strict=True):
        expected = calibration_scores(model.predict_proba(held_out[0]), truth)
        assert scores == pytest.approx(expected)
    assert fitted.after["log_loss"] <= fitted.before["log_loss"]
    assert both[1]._fitted.calibration.before is None


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_fit__records_the_log_loss_of_the_weights_it_keeps(
    class_weight: str | None, early_stopping: bool, make_classifier
) -> None:
    sequences, labels = plant(120, seed=5)
    # one class is rarer, so that a balanced loss is another one
    kept = [k for k, label in enumerate(labels) if label == labels[0] or k % 3 == 0]
    held_out = [sequences[k] for k in kept], [labels[k] for k in kept]
    model = make_classifier(
        class_weight=class_weight, early_stopping=early_stopping, calibrate=False
    ).fit(*plant(100, seed=1), validation_data=held_out)
    found = model._fitted.calibration.validation_log_loss
    assert found == pytest.approx(log_loss(held_out[1], model.predict_proba(held_out[0])))
    kept_epoch = model.history_[model.best_epoch_ - 1]["validation_loss"]
    if class_weight is None:
        assert found == pytest.approx(kept_epoch)


def test_fit__without_validation_has_no_log_loss(make_classifier) -> None:
    model = make_classifier(early_stopping=False).fit(*plant(60, seed=1))
    assert model._fitted.calibration.validation_log_loss is None


@pytest.mark.parametrize("calibrate", [True, False])
def test_thresholds__hold_on_the_validation_set(calibrate, both, held_out) -> None:
    model = both[not calibrate]
    assert [row["name"] for row in model.thresholds_][:3] == ["youden", "f1", "mcc"]
    positive = truth_of(model, held_out[1]) == 1
    proba = model.predict_proba(held_out[0])[:, 1]
    for row in model.thresholds_:
        if row["threshold"] is not None:
            called = proba >= row["threshold"]
            assert row["sensitivity"] == pytest.approx(called[positive].mean())
            assert row["specificity"] == pytest.approx(1 - called[~positive].mean())


def test_fit__of_more_classes_has_a_temperature_and_no_thresholds(make_classifier) -> None:
    sequences, _ = plant(60, seed=1)
    model = make_classifier(validation_fraction=0.2)
    model.fit(sequences, [f"c{k % 3}" for k in range(60)])
    assert model.temperature_ != 1
    assert model.thresholds_ == []
    reason = "the model has more than two classes"
    assert model._fitted.calibration.no_thresholds == reason


def test_fit__without_validation_set_fits_nothing(make_classifier, planted) -> None:
    model = make_classifier(early_stopping=False).fit(*planted)
    assert model.temperature_ == 1
    assert model.thresholds_ == []
    assert model._fitted.calibration.no_thresholds == "there was no validation set"


def test_fit__with_a_validation_set_of_one_class_has_a_temperature(make_classifier, planted):
    model = make_classifier().fit(*planted, validation_data=(["ACGT", "TTTA"], ["no", "no"]))
    assert model.temperature_ > 0
    assert {row["reason"] for row in model.thresholds_} == {"there is no positive sequence"}


@pytest.mark.parametrize("class_weight", [None, "balanced", {"no": 1.0, "yes": 3.0}])
def test_prevalence__is_what_the_loss_has_met(class_weight, make_classifier, planted) -> None:
    sequences = planted[0][::2] + planted[0][1::4]
    labels = planted[1][::2] + planted[1][1::4]
    model = make_classifier(class_weight=class_weight, early_stopping=False, max_epochs=1)
    shares = model.fit(sequences, labels)._fitted.calibration.prevalence
    expected = {None: 1 / 3, "balanced": 1 / 2}.get(
        class_weight if not isinstance(class_weight, dict) else "", 3 / 5
    )
    assert shares == pytest.approx([1 - expected, expected])


def test_save__keeps_all_of_it(both, tmp_path, planted) -> None:
    both[0].save(tmp_path / "m")
    twin = SequenceClassifier.load(tmp_path / "m")
    assert twin.temperature_ == both[0].temperature_
    assert twin.thresholds_ == both[0].thresholds_
    assert twin._fitted.calibration == both[0]._fitted.calibration
    assert twin.flag_unusual(["A", planted[0][0]]) == both[0].flag_unusual(["A", planted[0][0]])


def test_card__without_calibration_is_read_as_it_was_meant(both, tmp_path, planted) -> None:
    path = tmp_path / "m"
    both[1].save(path)
    header, card, weights = take_apart(path.read_bytes())
    for name in ("calibration", "thresholds", "prevalence", "inputs"):
        del card[name]
    del card["training"]["parameters"]["calibrate"]
    path.write_bytes(put_together(header, card, weights))
    old = SequenceClassifier.load(path)
    expected = both[1].predict_proba(planted[0])
    assert old.predict_proba(planted[0]).tobytes() == expected.tobytes()
    assert (old.temperature_, old.thresholds_, old.calibrate) == (1, [], False)
    assert old.flag_unusual(["A", "NNNN"]) == [(), ()]
    old.save(tmp_path / "again")
    again = read_model(tmp_path / "again").card
    assert again["prevalence"] is None
    assert "inputs" not in again
    assert again["thresholds"]["reason"] == "the model was written before thresholds were kept"


@pytest.mark.parametrize(
    "calibration",
    [
        Calibration(),
        Calibration(2.5, 9, {"log_loss": 1.0}, {"log_loss": 0.5}, [0.5, 0.5], [], "none"),
    ],
)
def test_from_card__undoes_to_card(calibration) -> None:
    assert Calibration.from_card(calibration.to_card()) == calibration


def test_flag_unusual__names_what_no_training_sequence_is_like(fitted, planted) -> None:
    flags = fitted.flag_unusual([planted[0][0], "ACGT", "N" * 30])
    assert flags == [(), ("length",), ("ambiguous",)]
