"""What a training may ask of this machine, and what its model then asks of others: nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastgru import (
    Seq2Seq,
    SequenceClassifier,
    SequenceLanguageModel,
    SequenceRegressor,
    SequenceTagger,
)
from fastgru._numba import cpu_features, jit_disabled
from fastgru.errors import CheckpointError, ConfigurationError
from fastgru.estimators.training_parameters import check_to_train
from fastgru.models.gradient_flow import gradient_by_distance
from fastgru.models.model_file import read_model
from fastgru.training.batches import pad
from fastgru.training.ranks import trained_by
from tests.estimators.conftest import SMALL, small_classifier
from tests.estimators.test_checkpoints import Interrupted, interrupt_after
from tests.planted import plant
from tests.ranks import ThreadCommunicator, run_ranks

SEQUENCES, LABELS = plant(60, seed=1)
TABLE = np.random.default_rng(0).standard_normal((60, 2))
STEPS = ["".join("01"[letter in "AC"] for letter in letters) for letters in SEQUENCES]
TRAININGS: dict[str, tuple[Any, dict[str, Any], tuple[Any, ...]]] = {
    "gru": (SequenceClassifier, {}, (SEQUENCES, LABELS)),
    "lstm": (SequenceClassifier, {"cell": "lstm", "num_layers": 2}, (SEQUENCES, LABELS)),
    "rnn": (SequenceClassifier, {"cell": "rnn", "conv_channels": (8,)}, (SEQUENCES, LABELS)),
    "both strands": (
        SequenceClassifier,
        {"reverse_complement": "equivariant"},
        (SEQUENCES, LABELS),
    ),
    "several labels": (SequenceClassifier, {}, (SEQUENCES, (TABLE > 0).astype(float))),
    "numbers": (SequenceRegressor, {}, (SEQUENCES, TABLE)),
    "labels of letters": (SequenceTagger, {}, (SEQUENCES, STEPS)),
    "next letters": (SequenceLanguageModel, {}, (SEQUENCES,)),
    "translations": (
        Seq2Seq,
        {"target_alphabet": "dna", "max_epochs": 1},
        (SEQUENCES, [letters[:9] for letters in SEQUENCES]),
    ),
}
REFUSED = (
    "precision='bf16' is not available: this CPU has no AVX512-BF16 instructions. Leave precision "
    "out; products are then of the type of dtype."
)

on_such_a_cpu = pytest.mark.skipif(
    jit_disabled or not {"avx512f", "avx512bw", "avx512bf16"} <= set(cpu_features()),
    reason="this CPU has no AVX512-BF16 instructions",
)


@pytest.fixture
def other_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU that has no instructions for bfloat16."""
    monkeypatch.setattr("fastgru.layers.checks.cpu_features", lambda: frozenset({"avx512f"}))


def weights_of(model: Any) -> np.ndarray:
    parameters = model._fitted.network.parameters
    return parameters.values[: parameters.size].copy()


@pytest.mark.parametrize(
    "kind", [SequenceClassifier, SequenceRegressor, SequenceTagger, SequenceLanguageModel, Seq2Seq]
)
def test_fit__refuses_before_any_work_what_the_cpu_cannot_do(kind: Any, other_cpu: None) -> None:
    given = () if kind is SequenceLanguageModel else (object(),)
    with pytest.raises(ConfigurationError) as caught:
        kind(precision="bf16").fit(object(), *given)
    assert str(caught.value) == REFUSED


def test_check_to_train__checks_all_parameters(other_cpu: None) -> None:
    defaults = SequenceClassifier().get_params()
    assert check_to_train(defaults) == defaults
    with pytest.raises(ConfigurationError, match="hidden_size must be an integer"):
        check_to_train({**defaults, "hidden_size": 0, "precision": "bf16"})


@on_such_a_cpu
def test_fit__refuses_bf16_for_other_numbers_than_float32() -> None:
    with pytest.raises(ConfigurationError, match="dtype is float64, and only float32"):
        SequenceClassifier(precision="bf16", dtype="float64").fit(SEQUENCES, LABELS)


@on_such_a_cpu
@pytest.mark.parametrize("name", TRAININGS)
def test_fit__in_bf16_is_near_float32_with_the_same_bits_on_two_threads(name: str) -> None:
    kind, changes, data = TRAININGS[name]
    given = {**SMALL, "max_epochs": 2, "learning_rate": 1e-3, **changes}
    plain = weights_of(kind(**given).fit(*data))
    found = weights_of(kind(**given, precision="bf16").fit(*data))
    assert (found != plain).mean() > 0.5
    np.testing.assert_allclose(found, plain, atol=0.03)
    other = kind(**{**given, "threads": 2}, precision="bf16").fit(*data)
    np.testing.assert_array_equal(weights_of(other), found)


@on_such_a_cpu
def test_fit__in_bf16_has_the_bits_of_one_process_in_several() -> None:
    def rank(one: ThreadCommunicator) -> np.ndarray:
        with trained_by(one):
            return weights_of(small_classifier(precision="bf16").fit(SEQUENCES, LABELS))

    alone = weights_of(small_classifier(precision="bf16").fit(SEQUENCES, LABELS))
    for found in run_ranks(2, rank):
        np.testing.assert_array_equal(found, alone)


@on_such_a_cpu
def test_fit__in_bf16_goes_on_as_if_it_was_never_interrupted(tmp_path: Path) -> None:
    model, path = small_classifier(precision="bf16"), tmp_path / "m.checkpoint"
    with pytest.raises(Interrupted):
        model.fit(SEQUENCES, LABELS, checkpoint=path, on_epoch=interrupt_after(1))
    found = weights_of(model.fit(SEQUENCES, LABELS, checkpoint=path, resume=True))
    expected = weights_of(small_classifier(precision="bf16").fit(SEQUENCES, LABELS))
    np.testing.assert_array_equal(found, expected)


@on_such_a_cpu
def test_fit__in_bf16_predicts_like_float32() -> None:
    plain, lower = (
        small_classifier(precision=precision, max_epochs=6).fit(SEQUENCES, LABELS)
        for precision in (None, "bf16")
    )
    expected, found = (model.predict_proba(SEQUENCES) for model in (plain, lower))
    assert 0 < np.abs(found - expected).max() < 0.05


@on_such_a_cpu
@pytest.mark.parametrize("name", TRAININGS)
def test_load__needs_no_such_cpu(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, changes, data = TRAININGS[name]
    model = kind(**{**SMALL, "max_epochs": 1, **changes}, precision="bf16").fit(*data)
    said = "score_samples" if kind in (SequenceLanguageModel, Seq2Seq) else "predict"
    given = data if kind is Seq2Seq else data[:1]
    expected = getattr(model, said)(*given)
    path = tmp_path / "m.safetensors"
    model.save(path)
    monkeypatch.setattr("fastgru.layers.checks.cpu_features", frozenset)

    loaded = kind.load(path)

    np.testing.assert_array_equal(getattr(loaded, said)(*given), expected)
    loaded.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    assert loaded.get_params()["precision"] == "bf16"
    with pytest.raises(ConfigurationError, match="precision='bf16' is not available"):
        loaded.fit(*data)
    loaded.set_params(precision=None, max_epochs=1).fit(*data)


@on_such_a_cpu
def test_fit__leaves_a_network_that_is_what_its_file_is(tmp_path: Path) -> None:
    model = small_classifier(precision="bf16").fit(SEQUENCES, LABELS)
    model.save(tmp_path / "m")
    loaded = SequenceClassifier.load(tmp_path / "m")
    codes = [np.arange(20, dtype=np.uint8) % 4]
    networks = (model._fitted.network, loaded._fitted.network)
    fitted, read = (gradient_by_distance(network, *pad(codes)) for network in networks)
    np.testing.assert_array_equal(fitted, read)


@on_such_a_cpu
def test_fit__begins_anywhere_with_a_language_model_of_bf16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SequenceLanguageModel(**SMALL, precision="bf16").fit(SEQUENCES).save(tmp_path / "lm")
    lower = small_classifier(precision="bf16").fit(SEQUENCES, LABELS, pretrained=tmp_path / "lm")
    monkeypatch.setattr("fastgru.layers.checks.cpu_features", frozenset)
    plain = small_classifier().fit(SEQUENCES, LABELS, pretrained=tmp_path / "lm")
    assert (weights_of(plain) != weights_of(lower)).any()


@on_such_a_cpu
def test_save__names_the_precision_where_there_is_one(tmp_path: Path) -> None:
    for precision, expected in ((None, {}), ("bf16", {"precision": "bf16"})):
        small_classifier(precision=precision).fit(SEQUENCES, LABELS).save(tmp_path / "m")
        parameters = read_model(tmp_path / "m").card["training"]["parameters"]
        assert {name: parameters[name] for name in parameters if name == "precision"} == expected


@on_such_a_cpu
@pytest.mark.parametrize(("before", "after"), [(None, "bf16"), ("bf16", None)])
def test_fit__refuses_the_checkpoint_of_another_precision(
    before: str | None, after: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "m.checkpoint"
    with pytest.raises(Interrupted):
        small_classifier(precision=before).fit(
            SEQUENCES, LABELS, checkpoint=path, on_epoch=interrupt_after(1)
        )
    with pytest.raises(CheckpointError, match=f"with precision {before!r}, expected {after!r}"):
        small_classifier(precision=after).fit(SEQUENCES, LABELS, checkpoint=path, resume=True)
