"""Parameters that suit a kind of data: where to begin; docs/recipes.md says how each was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from fastgru.errors import ConfigurationError

__all__ = ["RECIPES", "FromRecipe", "Recipe", "recipe_parameters"]


@dataclass(frozen=True)
class Recipe:
    """A recipe.

    Attributes
    ----------
    data
        The kind of data, in words.
    parameters
        Those of :class:`fastgru.SequenceClassifier` that differ from its defaults.
    """

    data: str
    parameters: Mapping[str, Any]


RECIPES = {
    "aligned_windows": Recipe(
        "short windows of DNA or RNA that are aligned, such as those around a splice site",
        {"position_embedding": True},
    ),
    "motif": Recipe(
        "DNA with a motif anywhere, on either strand, such as binding sites",
        {
            "reverse_complement": "average",
            "conv_channels": (64,),
            "conv_width": (8,),
            "pooling": ("max",),
            "dropout": 0.3,
            "weight_decay": 0.1,
        },
    ),
    "peptides": Recipe(
        "peptides of up to some hundred residues",
        {
            "embedding_init": "properties",
            "conv_channels": (64,),
            "conv_width": (5,),
            "pooling": ("mean", "max"),
            "dropout": 0.3,
            "letter_dropout": 0.1,
            "weight_decay": 0.1,
            "label_smoothing": 0.1,
        },
    ),
    "proteins": Recipe(
        "whole proteins, some hundred to thousands of residues",
        {
            "embedding_init": "properties",
            "conv_channels": (64,),
            "conv_width": (9,),
            "conv_pool": (2,),
            "pooling": ("max", "attention"),
            "dropout": 0.3,
            "letter_dropout": 0.1,
            "weight_decay": 0.1,
        },
    ),
    "long_reads": Recipe(
        "reads and contigs of DNA, thousands of bases, of either strand",
        {
            "reverse_complement": "average",
            "conv_channels": (32, 64),
            "conv_width": (8,),
            "conv_pool": (4, 2),
            "pooling": ("mean",),
            "weight_decay": 0.1,
        },
    ),
}


def recipe_parameters(name: str) -> dict[str, Any]:
    """Return the parameters of a recipe.

    Raises
    ------
    ConfigurationError
        For a name that no recipe has.
    """
    if name not in RECIPES:
        raise ConfigurationError(
            f"recipe {name!r}: is not known, expected one of {', '.join(RECIPES)}. Choose one of "
            "these, or leave it out."
        )
    return dict(RECIPES[name].parameters)


class FromRecipe:
    """An estimator that has recipes."""

    @classmethod
    def from_recipe(cls, recipe: str, **changes: Any) -> Self:
        """Return a classifier with the parameters that suit a kind of data.

        Parameters
        ----------
        recipe
            ``"aligned_windows"``, ``"motif"``, ``"peptides"``, ``"proteins"`` or
            ``"long_reads"``; docs/recipes.md says what each is for.
        changes
            Parameters that are to be other than there.

        Raises
        ------
        ConfigurationError
            For another name.
        """
        return cls(**{**recipe_parameters(recipe), **changes})
