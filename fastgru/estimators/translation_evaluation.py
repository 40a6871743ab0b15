"""What a translator makes of sequences whose translations are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastgru.data.alphabets import get_alphabet
from fastgru.estimators.fitted_translator import FittedTranslator, TranslatedSequence
from fastgru.estimators.translation_sets import paired_set
from fastgru.evaluation.translation_scores import (
    LetterBaseline,
    ScoredTranslations,
    count_right,
)

__all__ = ["score_translations"]

Pairs = tuple[Sequence[str], Sequence[str]]


def score_translations(
    fitted: FittedTranslator,
    pairs: Pairs,
    written: Sequence[TranslatedSequence],
    learned: Pairs | None,
    threads: int | None,
) -> tuple[ScoredTranslations, np.ndarray]:
    """Return how many tokens are right, and which translations are, bool (n,).

    Parameters
    ----------
    fitted
    pairs
        n sequences and their true translations.
    written
        The model's own.
    learned
        Sequences and translations for the baseline to learn from; None for no baseline.
    threads
        Most threads to use; None for all CPUs that the process may use.
    """
    end = fitted.network.end
    known = paired_set(fitted.parameters, *pairs)
    scores = fitted.score_targets(*pairs, threads)
    own = [fitted.written.encode(one.sequence) for one in written]
    ended = [one.ended for one in written]
    n_right_baseline = None
    if learned is not None:
        examples = paired_set(fitted.parameters, *learned)
        baseline = LetterBaseline(
            *(examples.encoded, list(examples.targets)),
            n_symbols=len(get_alphabet(fitted.parameters["alphabet"]).symbols),
            end=end,
            letters_per_token=fitted.network.architecture.letters_per_token,
        )
        n_right_baseline = baseline.count_right(known.encoded, list(known.targets))
    n_right_written = count_right(own, list(known.targets), end, ended)
    same_length = np.array(
        [len(a) == len(b) for a, b in zip(own, known.targets, strict=True)], bool
    )
    scored = ScoredTranslations(
        scores.n_tokens, scores.log_likelihoods, scores.n_right, n_right_written, n_right_baseline
    )
    return scored, same_length & (n_right_written == scores.n_tokens)
