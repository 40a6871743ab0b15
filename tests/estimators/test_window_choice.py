from __future__ import annotations

from typing import Any

import pytest

from fastgru import average_models
from fastgru.errors import ConfigurationError
from fastgru.estimators.window_choice import choose_grid, choose_strands, is_symmetric
from tests.estimators.conftest import small_classifier
from tests.planted import plant


def fitted(length: int = 30, **changes: Any) -> Any:
    sequences, labels = plant(24, seed=1, length=length)
    return small_classifier(max_epochs=1, hidden_size=4, **changes).fit(sequences, labels)


@pytest.fixture(scope="module")
def plain() -> Any:
    return fitted()


@pytest.fixture(scope="module")
def average() -> Any:
    return fitted(reverse_complement="average")


def test_strands__are_what_suits_the_model(plain, average) -> None:
    assert choose_strands(plain._fitted, None) == "both"
    assert choose_strands(average._fitted, None) == "symmetric"
    assert choose_strands(average._fitted, "forward") == "forward"
    assert choose_strands(plain._fitted, "symmetric") == "symmetric"


def test_ensembles__are_symmetric_if_all_members_are(plain, average) -> None:
    assert is_symmetric(average_models([average, average])._fitted)
    assert not is_symmetric(average_models([average, plain])._fitted)


@pytest.mark.parametrize("alphabet", ["rna", "protein"])
def test_strands__are_those_of_dna_alone(alphabet: str) -> None:
    model = small_classifier(max_epochs=1, hidden_size=4, alphabet=alphabet)
    model.fit(["ACG", "GGA", "ACGA", "GGAC"] * 4, ["a", "b"] * 8)
    assert choose_strands(model._fitted, None) == "forward"
    for strands in ("both", "symmetric"):
        with pytest.raises(ConfigurationError, match=f"--strands {strands}: the model reads "):
            choose_strands(model._fitted, strands)


def test_strands__of_another_name_are_refused(plain) -> None:
    with pytest.raises(ConfigurationError, match="strands must be one of 'forward', 'both', 'symm"):
        choose_strands(plain._fitted, "reverse")


def test_window__is_the_length_in_training(plain) -> None:
    grid = choose_grid(plain._fitted, None, None)
    assert (grid.window, grid.step) == (30, 15)
    grid = choose_grid(plain._fitted, 1, None)
    assert (grid.window, grid.step) == (1, 1)
    grid = choose_grid(plain._fitted, 50, 70)
    assert (grid.window, grid.step) == (50, 70)


def test_window__of_training_sequences_of_many_lengths_has_to_be_given() -> None:
    model = small_classifier(max_epochs=1, hidden_size=4)
    model.fit(["ACGTA", "GGA", "ACGTACC", "GGAC"] * 4, ["a", "b"] * 8)
    with pytest.raises(
        ConfigurationError, match=r"--window: not given, .* of 3 to 7 letters, expe"
    ):
        choose_grid(model._fitted, None, None)


def test_window__has_to_fit_the_model() -> None:
    model = fitted(kmer_size=3, position_embedding=True)._fitted
    assert choose_grid(model, 3, None).window == 3
    assert choose_grid(model, 30, None).window == 30
    with pytest.raises(ConfigurationError, match="--window 2: the model reads 3 letters or more"):
        choose_grid(model, 2, None)
    with pytest.raises(ConfigurationError, match="--window 31: the model has learned 30 positions"):
        choose_grid(model, 31, None)
    with pytest.raises(ConfigurationError, match="step must be at least 1, got 0"):
        choose_grid(model, 30, 0)
