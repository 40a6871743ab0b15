from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastgru import SequenceClassifier
from fastgru.errors import ConfigurationError
from fastgru.estimators.parameters import check_parameters
from fastgru.estimators.recipes import RECIPES, recipe_parameters

DEFAULTS = SequenceClassifier().get_params()


@pytest.mark.parametrize("name", RECIPES)
def test_recipes__hold_allowed_values_that_are_no_defaults(name: str) -> None:
    parameters = recipe_parameters(name)
    alphabet = "protein" if name in ("peptides", "proteins") else "dna"
    checked = check_parameters({**DEFAULTS, "alphabet": alphabet, **parameters})
    assert checked.items() >= parameters.items()
    assert all(DEFAULTS[key] != value for key, value in parameters.items() if key != "conv_width")


def test_recipe_parameters__are_the_callers_own() -> None:
    recipe_parameters("motif")["dropout"] = 0.9
    assert recipe_parameters("motif")["dropout"] == 0.3


def test_recipe_parameters__names_those_that_there_are() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^recipe 'soup': is not known, expected one of a"
    ):
        recipe_parameters("soup")


def test_from_recipe__counts_what_is_given_beside_it_more() -> None:
    model = SequenceClassifier.from_recipe("peptides", alphabet="protein", dropout=0.4)
    changed = {**DEFAULTS, **recipe_parameters("peptides"), "alphabet": "protein", "dropout": 0.4}
    assert model.get_params() == changed


def test_recipes_page__has_a_row_for_each() -> None:
    page = Path(__file__).parents[2] / "docs" / "recipes.md"
    rows = re.findall(
        r"^\| `(\w+)` \| ([^|]+?) \|", page.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert [name for name, _ in rows] == list(RECIPES)
    for name, text in rows:
        assert text.startswith(RECIPES[name].data)
