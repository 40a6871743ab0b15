"""``fastgru evaluate`` of a translator."""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastgru.cli.predictions import warn_of_shuffled_labels
from fastgru.cli.scoring import with_interval, write_scores_and_table
from fastgru.cli.selection import select_parts
from fastgru.cli.tasks.evaluation import (
    about_model,
    match_alphabet,
    record_columns,
    shuffled,
    warn_of_doubts,
)
from fastgru.cli.tasks.translation.options import search_options
from fastgru.cli.tasks.translation.reading import Translations, pairs_of, read_pairs
from fastgru.cli.tasks.translation.table import TRANSLATION_COLUMNS, translation_cells
from fastgru.errors import LabelError

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.fitted_translator import FittedTranslator
    from fastgru.evaluation.translation_scores import ScoredTranslations

_LOGGER = logging.getLogger(__name__)
_SHOWN = ("token_accuracy", "written_token_accuracy", "exact_match", "log_likelihood_per_token")


def run(args: argparse.Namespace, fitted: FittedTranslator) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.estimators.translation_evaluation import score_translations

    match_alphabet(args, fitted)
    data, translations = read_pairs(args, fitted.written.name)
    chosen = select_parts(data, args.split, args.subset)
    n_seen = warn_of_doubts(fitted, data, chosen)
    learned = _learned_parts(args, data, translations)
    chosen, kept = shuffled(args, chosen)
    how = search_options(args)
    written = fitted.translate(chosen.sequences, **how, threads=args.threads)
    pairs = pairs_of(chosen, translations)
    scored, exact = score_translations(fitted, pairs, written, learned, args.threads)
    metrics = {
        **_score(args, chosen, scored, exact),
        **how,
        "task": fitted.task,
        **about_model(fitted, data, chosen, n_seen, kept),
        "n_test": len(chosen),
        "n_unfinished": sum(not one.ended for one in written),
        "shuffled_labels": warn_of_shuffled_labels(fitted, args.model),
    }
    flags = fitted.flag_unusual(chosen.sequences)
    cells = translation_cells(flags, written)
    known = _known_columns(chosen, pairs[1], scored, exact)
    write_scores_and_table(args, chosen, metrics, TRANSLATION_COLUMNS, cells, known=known)
    _show(metrics)
    return 0


def _learned_parts(
    args: argparse.Namespace, data: LabelledSequences, translations: Translations
) -> tuple[list[str], list[str]] | None:
    """Return what the baseline learns from: what the split does not test with."""
    sequences: list[str] = []
    targets: list[str] = []
    for part in ("train", "validation"):
        with contextlib.suppress(LabelError):  # where there is no such part
            learned = pairs_of(select_parts(data, args.split, part), translations)
            sequences, targets = sequences + learned[0], targets + learned[1]
    if not sequences:
        _LOGGER.warning(
            "warning: there is nothing to count the most frequent tokens in, which the scores "
            "should be compared with; give a split"
        )
        return None
    return sequences, targets


def _score(
    args: argparse.Namespace,
    chosen: LabelledSequences,
    scored: ScoredTranslations,
    exact: np.ndarray,
) -> dict[str, Any]:
    from fastgru.evaluation.translation_scores import translation_scores

    return translation_scores(
        scored, exact=exact, groups=chosen.groups, n_resamples=args.n_resamples, seed=args.seed
    )


def _known_columns(
    chosen: LabelledSequences,
    targets: Sequence[str],
    scored: ScoredTranslations,
    exact: np.ndarray,
) -> dict[str, list[str]]:
    """Return what is known of each record beside its translation, by the names of the columns."""
    counts = {
        "n_tokens": scored.n_tokens,
        "n_right": scored.n_right,
        "n_right_written": scored.n_right_written,
        "exact": exact.astype(int),
    }
    if scored.n_right_baseline is not None:
        counts["n_right_baseline"] = scored.n_right_baseline
    return {
        "true_sequence": list(targets),
        **record_columns(chosen),
        "log_likelihood": [f"{nats:.8g}" for nats in scored.log_likelihoods],
        **{name: [str(n) for n in column] for name, column in counts.items()},
    }


def _show(metrics: Mapping[str, Any]) -> None:
    _LOGGER.info("n_test: %d, with %d tokens", metrics["n_test"], metrics["n_tokens"])
    for name in _SHOWN:
        _LOGGER.info("%s: %s", name, with_interval(metrics[name], metrics["intervals"][name]))
    baseline = metrics["baseline"]
    if baseline is not None:
        intervals = baseline["intervals"]
        _LOGGER.info(
            "most frequent token of each letter: token_accuracy %s, gain of the model %s",
            with_interval(baseline["token_accuracy"], intervals["token_accuracy"]),
            with_interval(baseline["gain"], intervals["gain"]),
        )
