"""Translation: another sequence for each sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastgru.evaluation.records import ScoredRecords
from fastgru.evaluation.translation_scores import TRANSLATION_SCORES, ScoredTokens
from fastgru.report.results import Run
from fastgru.report.tasks.task import Rows, Task, read_numbers

__all__ = ["BASELINE", "TASK"]

BASELINE = "letter_by_letter"
"""The baseline that stands beside every translator."""
_COLUMNS = ("n_tokens", "log_likelihood", "n_right", "n_right_written", "exact")


class _Translation(Task):
    name = "translation"
    scores = TRANSLATION_SCORES
    # what a translator writes by itself: the baseline too is told no true token
    compared = ("written_token_accuracy", "token_accuracy", "exact_match")
    headline = ("written_token_accuracy", "exact_match")
    with_interval = TRANSLATION_SCORES
    baselines = {  # noqa: RUF012
        BASELINE: "the commonest token of training for the letter in whose place it stands"
    }
    loss = "cross-entropy of the next token"
    output = "softmax; an encoder of the same kind reads the sequence, and attention looks it up"
    kept = "Translations, and what is right in them,"

    def columns(self, run: Run) -> Sequence[str]:
        return (*_COLUMNS, "sequence", "true_sequence")

    def read(self, run: Run, rows: Rows) -> ScoredTokens:
        n_tokens, nats, right, written, exact = read_numbers(run, rows, _COLUMNS).T
        return ScoredTokens(
            n_tokens.astype(int), nats, right.astype(int), written.astype(int), exact > 0
        )

    def read_baselines(self, run: Run, rows: Rows) -> dict[str, ScoredRecords]:
        """Return what takes each letter for itself."""
        if "n_right_baseline" not in rows[0]:
            return {}
        table = read_numbers(run, rows, ["n_tokens", "n_right_baseline"]).astype(int)
        n_tokens, right = table.T
        unknown = np.full(len(rows), np.nan)
        return {BASELINE: ScoredTokens(n_tokens, unknown, right, right, right == n_tokens)}

    def describe_output(self, experiment: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        return "Another sequence, token by token until its end."

    def describe(self, records: ScoredRecords) -> dict[str, Any]:
        return {}


TASK = _Translation()
