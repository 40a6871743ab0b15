"""``fastgru evaluate`` of a language model."""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastgru.cli.scoring import with_interval, write_scores_and_table
from fastgru.cli.selection import select_parts
from fastgru.cli.tasks.evaluation import (
    about_model,
    match_alphabet,
    record_columns,
    shuffled,
    warn_of_doubts,
)
from fastgru.cli.tasks.language_model.reading import read_input
from fastgru.cli.tasks.language_model.table import LIKELIHOOD_COLUMNS, likelihood_cells
from fastgru.errors import LabelError

if TYPE_CHECKING:
    import numpy as np

    from fastgru.data.labelled import LabelledSequences
    from fastgru.estimators.fitted_language_model import FittedLanguageModel

_LOGGER = logging.getLogger(__name__)


def run(args: argparse.Namespace, fitted: FittedLanguageModel) -> int:
    """Write the scores, show the main ones, and return the exit code."""
    from fastgru.evaluation.language_scores import language_scores

    match_alphabet(args, fitted)
    data = read_input(args)
    chosen = select_parts(data, args.split, args.subset)
    n_seen = warn_of_doubts(fitted, data, chosen)
    baseline = _baseline_sequences(args, data)
    chosen, kept = shuffled(args, chosen)
    found = fitted.score(chosen.sequences, args.threads)
    markov = {} if baseline is None else _score_markov(fitted, baseline, chosen.sequences)
    metrics = {
        **language_scores(
            *(*found, markov),
            groups=chosen.groups,
            n_resamples=args.n_resamples,
            seed=args.seed,
        ),
        "n_train_markov": 0 if baseline is None else len(baseline),
        "task": fitted.task,
        **about_model(fitted, data, chosen, n_seen, kept),
        "n_test": len(chosen),
    }
    flags = fitted.flag_unusual(chosen.sequences)
    cells = likelihood_cells(flags, *found)
    known = _known_columns(chosen, found[1], markov)
    write_scores_and_table(args, chosen, metrics, LIKELIHOOD_COLUMNS, cells, known=known)
    _show(metrics)
    return 0


def _baseline_sequences(args: argparse.Namespace, data: LabelledSequences) -> list[str] | None:
    """Return what Markov models learn from: the file, or what the split does not test with."""
    from fastgru.data.labelled import read_labelled

    if args.baseline_fasta is not None:
        return read_labelled(args.alphabet, fasta=args.baseline_fasta, unlabelled=True).sequences
    learned: list[str] = []
    for part in ("train", "validation"):
        with contextlib.suppress(LabelError):  # where there is no such part
            learned += select_parts(data, args.split, part).sequences
    if not learned:
        _LOGGER.warning(
            "warning: there is nothing for Markov models to learn from, which the scores should be "
            "compared with; give --baseline-fasta, or a split"
        )
    return learned or None


def _score_markov(
    fitted: FittedLanguageModel, training: list[str], sequences: list[str]
) -> dict[int, np.ndarray]:
    """Return the log-likelihoods of Markov models, by order."""
    from fastgru.data.alphabets import get_alphabet
    from fastgru.evaluation.markov import MAX_ORDER, MarkovModel

    alphabet = get_alphabet(fitted.parameters["alphabet"])
    learned, tested = (list(map(alphabet.encode, group)) for group in (training, sequences))
    return {
        order: MarkovModel(learned, order, len(alphabet.letters)).log_likelihoods(tested)
        for order in range(MAX_ORDER + 1)
    }


def _known_columns(
    chosen: LabelledSequences, n_predicted: np.ndarray, markov: Mapping[int, np.ndarray]
) -> dict[str, list[str]]:
    """Return what is known of each record beside its likelihood, by the names of the columns."""
    return {
        **record_columns(chosen),
        "n_predicted": [str(n) for n in n_predicted],
        **{
            f"markov_{order}": [f"{nats:.8g}" for nats in values]
            for order, values in markov.items()
        },
    }


def _show(metrics: Mapping[str, Any]) -> None:
    _LOGGER.info("n_test: %d, with %d letters", metrics["n_test"], metrics["n_letters"])
    for name in ("bits_per_letter", "perplexity"):
        _LOGGER.info("%s: %s", name, with_interval(metrics[name], metrics["intervals"][name]))
    for row in metrics["markov"]:
        _LOGGER.info(
            "Markov model of order %d: %.4f bits per letter; the model saves %s",
            row["order"],
            row["bits_per_letter"],
            with_interval(row["gain"], row["gain_interval"]),
        )
