"""A classifier of series: what it learns, keeps, refuses and says of other series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastgru import SequenceClassifier, average_models
from fastgru.errors import ConfigurationError, LabelError
from tests.estimators.conftest import count_refused, small_classifier


def make_series(n: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    """Three features of very different scale; the second rises half-way in class up."""
    rng = np.random.default_rng(seed)
    series, labels = [], []
    for number in range(n):
        values = rng.standard_normal((int(rng.integers(5, 30)), 3)) * [1, 50, 1e-3] + [0, 1e6, 5]
        values[len(values) // 2 :, 1] += 150 * (number % 2)
        series.append(values)
        labels.append("up" if number % 2 else "flat")
    return series, labels


SERIES, LABELS = make_series(80, seed=1)


@pytest.fixture(scope="module")
def model() -> SequenceClassifier:
    return small_classifier(alphabet="series", max_epochs=8).fit(SERIES, LABELS)


def test_fit__learns_from_series(model) -> None:
    others, truth = make_series(60, seed=2)
    assert model.score(others, truth) > 0.95
    assert (model.min_length, model.max_length) == (1, None)


def test_fit__of_one_feature_takes_flat_lists() -> None:
    rng = np.random.default_rng(0)
    flat = [(rng.standard_normal(9) + 3 * (k % 2)).tolist() for k in range(60)]
    labels = [k % 2 for k in range(60)]
    model = small_classifier(alphabet="series", max_epochs=8).fit(flat, labels)
    assert model.score(flat, labels) > 0.95


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("changes", [{}, {"conv_channels": (5,), "conv_norm": "batch"}])
def test_fit__gives_the_same_bits_for_any_threads_and_units(changes, threads: int) -> None:
    plain = small_classifier(alphabet="series", **changes).fit(SERIES, LABELS)
    # a power of two changes no digit, so standardised features are the same
    scaled = small_classifier(alphabet="series", threads=threads, **changes)
    scaled.fit([values * 4 for values in SERIES], LABELS)
    expected = plain.predict_proba(SERIES)
    assert scaled.predict_proba([values * 4 for values in SERIES]).tobytes() == expected.tobytes()


def test_predict_proba__does_not_depend_on_the_neighbours(model) -> None:
    together = model.predict_proba(SERIES)
    for number in (0, 7):
        assert together[number].tobytes() == model.predict_proba([SERIES[number]])[0].tobytes()


@pytest.mark.parametrize("changes", [{}, {"conv_channels": (4,), "conv_norm": "layer"}])
@pytest.mark.parametrize("value", [1e100, -1e60])
def test_predict_proba__of_values_far_beyond_those_of_training_are_numbers(value, changes) -> None:
    model = small_classifier(alphabet="series", **changes).fit(SERIES, LABELS)
    far = [values.copy() for values in SERIES[:2]]
    far[0][0, 1] = value
    found = model.predict_proba(far)
    assert np.isfinite(found).all()
    assert found[1].tobytes() == model.predict_proba(SERIES[1:2])[0].tobytes()


@pytest.mark.parametrize("changes", [{}, {"conv_channels": (4,), "pooling": ("attention",)}])
def test_load__undoes_save(changes, tmp_path: Path) -> None:
    model = small_classifier(alphabet="series", **changes).fit(SERIES, LABELS)
    model.save(tmp_path / "m")
    twin = SequenceClassifier.load(tmp_path / "m")
    assert twin.predict_proba(SERIES).tobytes() == model.predict_proba(SERIES).tobytes()
    twin.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


def test_load__survives_damaged_cards(model, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    assert count_refused(tmp_path / "m", 60, SERIES[:3]) > 20


def test_average_models__of_series_come_back(model, tmp_path: Path) -> None:
    other = small_classifier(alphabet="series", random_state=5).fit(SERIES[:50], LABELS[:50])
    ensemble = average_models([model, other])
    expected = (model.predict_proba(SERIES) + other.predict_proba(SERIES)) / 2
    np.testing.assert_allclose(ensemble.predict_proba(SERIES), expected, rtol=1e-15)
    ensemble.save(tmp_path / "e")
    twin = SequenceClassifier.load(tmp_path / "e")
    assert twin.predict_proba(SERIES).tobytes() == ensemble.predict_proba(SERIES).tobytes()
    narrow = small_classifier(alphabet="series", max_epochs=1)
    narrow.fit([values[:, :2] for values in SERIES], LABELS)
    with pytest.raises(LabelError, match="reads series of 2 features, expected 3 as"):
        average_models([model, narrow])


def test_fit__goes_on_from_a_checkpoint(model, tmp_path: Path) -> None:
    stopped = small_classifier(alphabet="series", max_epochs=8)

    def stop(epoch) -> None:
        if epoch.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped.fit(SERIES, LABELS, on_epoch=stop, checkpoint=tmp_path / "c")
    stopped.fit(SERIES, LABELS, checkpoint=tmp_path / "c", resume=True)
    assert stopped.predict_proba(SERIES).tobytes() == model.predict_proba(SERIES).tobytes()


def test_model__knows_what_it_has_seen_and_what_is_unusual(model) -> None:
    others, _ = make_series(3, seed=9)
    assert model.seen_in_training([SERIES[0], *others]).tolist() == [True, False, False, False]
    assert model.flag_unusual([SERIES[0], SERIES[0] + 1e7]) == [(), ("values",)]
    with pytest.raises(LabelError, match="sequence 0: has 1 feature, expected 3 as the series of"):
        model.predict([[1.0, 2.0]])


def test_fit__compares_the_validation_set() -> None:
    validation = [values[:, :2] for values in SERIES[:4]], LABELS[:4]
    with pytest.raises(LabelError, match=r"^validation sequence 0: has 2 features, expected 3"):
        small_classifier(alphabet="series").fit(SERIES, LABELS, validation_data=validation)


@pytest.mark.parametrize(
    ("name", "value", "without"),
    [("kmer_size", 2, "1"), ("position_embedding", True, "False")],
)
def test_fit__refuses_what_series_have_not(name: str, value: object, without: str) -> None:
    message = f"^{name} must be {without} for the alphabet 'series', got {value}; only letters ha"
    with pytest.raises(ConfigurationError, match=message):
        small_classifier(alphabet="series", **{name: value}).fit(SERIES, LABELS)


def test_fit__refuses_a_residual_stem_by_the_features_of_letters() -> None:
    model = small_classifier(alphabet="series", embedding_size=5, conv_channels=(5,))
    with pytest.raises(ConfigurationError, match=r"^conv_residual must be False where no conv"):
        model.set_params(conv_residual=True).fit(SERIES, LABELS)


def make_timed(n: int, seed: int) -> tuple[list[np.ndarray], list[int]]:
    """Time and value; of class 1 if a value just before the last one was high.

    A high value long ago says nothing, so the network has to weigh values by their age.
    """
    rng = np.random.default_rng(seed)
    series, labels = [], []
    for _ in range(n):
        gaps = rng.choice([0.1, 20.0], int(rng.integers(4, 12)))
        values = rng.choice([-1.0, 1.0], len(gaps))
        values[-1] = 0
        series.append(np.column_stack([1e6 + np.cumsum(gaps), values]))
        labels.append(int(values[-2] > 0 and gaps[-1] < 1))
    return series, labels


TIMED, TIMED_LABELS = make_timed(150, seed=1)


@pytest.fixture(scope="module")
def timed_model() -> SequenceClassifier:
    model = small_classifier(alphabet="series", time_decay=True, max_epochs=15)
    return model.fit(TIMED, TIMED_LABELS)


def test_fit__learns_from_times(timed_model) -> None:
    assert timed_model.score(*make_timed(100, seed=2)) > 0.9
    network = timed_model._fitted.network
    rates = [network.parameters.views()[f"gru.decay_rate_l0{end}"] for end in ("", "_reverse")]
    assert all((rate > 0).any() for rate in rates)


@pytest.mark.parametrize("threads", [1, 2])
def test_fit__with_times_does_not_depend_on_their_unit_and_start(threads: int) -> None:
    # these times and a power of two change no digit of the gaps
    exact = [np.column_stack([np.round(v[:, 0] * 8) / 8, v[:, 1]]) for v in TIMED]
    moved = [values * [4, 1] - [2.0**21, 0] for values in exact]
    options = {"alphabet": "series", "time_decay": True, "max_epochs": 3}
    one = small_classifier(**options).fit(exact, TIMED_LABELS)
    other = small_classifier(threads=threads, **options).fit(moved, TIMED_LABELS)
    assert other.predict_proba(moved).tobytes() == one.predict_proba(exact).tobytes()


def test_predict_proba__with_times_does_not_depend_on_the_neighbours(timed_model) -> None:
    together = timed_model.predict_proba(TIMED)
    for number in (0, 7):
        alone = timed_model.predict_proba([TIMED[number]])[0]
        assert together[number].tobytes() == alone.tobytes()


def test_load__brings_decay_back(timed_model, tmp_path: Path) -> None:
    timed_model.save(tmp_path / "m")
    twin = SequenceClassifier.load(tmp_path / "m")
    assert twin.predict_proba(TIMED).tobytes() == timed_model.predict_proba(TIMED).tobytes()
    assert twin.time_decay
    with pytest.raises(LabelError, match=r"^sequence 0: step 1 has the time 0 behind 1, expected"):
        twin.predict([[[1.0, 0.0], [0.0, 0.0]]])


def test_fit__with_decay_takes_times_that_stand_still() -> None:
    still = [values * [0, 1] for values in TIMED]
    model = small_classifier(alphabet="series", time_decay=True, max_epochs=1)
    assert np.isfinite(model.fit(still, TIMED_LABELS).predict_proba(TIMED)).all()


def test_average_models__compares_decay(timed_model) -> None:
    plain = small_classifier(alphabet="series", max_epochs=1).fit(TIMED, TIMED_LABELS)
    with pytest.raises(LabelError, match=r"has time_decay False, expected True as"):
        average_models([timed_model, plain])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conv_channels": (4,)}, "with convolutional layers, got True; they take steps for ev"),
        ({"cell": "rnn"}, "with the cell 'rnn', got True; gru and lstm have kernels for"),
    ],
)
def test_fit__refuses_what_does_not_go_with_decay(changes, message: str) -> None:
    model = small_classifier(alphabet="series", time_decay=True, **changes)
    with pytest.raises(ConfigurationError, match=f"^time_decay must be False {message}"):
        model.fit(TIMED, TIMED_LABELS)
