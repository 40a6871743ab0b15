"""Language models: how likely the next letter is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastgru.evaluation.language_scores import LANGUAGE_SCORES, ScoredLikelihoods
from fastgru.evaluation.records import ScoredRecords
from fastgru.report.results import Run
from fastgru.report.tasks.task import Rows, Task, read_numbers

__all__ = ["TASK"]

_MARKOV = re.compile(r"markov_(\d+)")


class _LanguageModel(Task):
    name = "language_model"
    scores = LANGUAGE_SCORES
    compared = ("bits_per_letter",)
    headline = ("bits_per_letter", "perplexity")
    with_interval = LANGUAGE_SCORES
    loss = "cross-entropy of the next letter"
    kept = "Likelihoods"

    def columns(self, run: Run) -> Sequence[str]:
        return ("log_likelihood", "n_predicted")

    def read(self, run: Run, rows: Rows) -> ScoredLikelihoods:
        return self._likelihoods(run, rows, "log_likelihood")

    def read_baselines(self, run: Run, rows: Rows) -> dict[str, ScoredRecords]:
        """Return the Markov models that stand beside a language model."""
        names = [name for name in rows[0] if _MARKOV.fullmatch(name)]
        return {name: self._likelihoods(run, rows, name) for name in names}

    def describe_baseline(self, name: str) -> str:
        found = _MARKOV.fullmatch(name)
        if found is None:
            return ""
        order = int(found[1])
        letters = f"the {order} letters" if order > 1 else "the letter"
        return f"counts of letters behind {letters} before" if order else "counts of letters"

    def describe_output(self, experiment: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        return "The probability of each letter behind those before it."

    def describe(self, records: ScoredRecords) -> dict[str, Any]:
        return {}

    @staticmethod
    def _likelihoods(run: Run, rows: Rows, column: str) -> ScoredLikelihoods:
        table = read_numbers(run, rows, [column, "n_predicted"])
        return ScoredLikelihoods(table[:, 0], table[:, 1].astype(int))


TASK = _LanguageModel()
