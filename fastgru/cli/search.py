"""``fastgru search``: try values of the parameters, guided by the validation loss."""

from __future__ import annotations

import argparse
import logging
import re
from functools import partial
from typing import TYPE_CHECKING

from fastgru.cli.options import (
    add_labelled_input,
    add_output,
    add_threads,
    positive_int,
    read_labelled_input,
    require_new_output,
)
from fastgru.cli.overwriting import is_device
from fastgru.cli.parameters import add_parameters, add_random_state, chosen_parameters
from fastgru.cli.predictions import check_classes_to_train
from fastgru.cli.selection import add_split, require_lengths, select_for_training
from fastgru.errors import ConfigurationError

if TYPE_CHECKING:
    from fastgru.estimators.search import TrialResult
    from fastgru.estimators.search_space import Space
    from fastgru.estimators.search_training import SearchTraining

SCHEMA_VERSION = 1
_LOGGER = logging.getLogger(__name__)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DESCRIPTION = """\
Search for good parameters. A trial chooses values by what the trials in the journal have found,
trains on the part 'train' of the split and is judged by the validation loss; the part 'test' is
left alone. One that is hopeless is ended early. Any number of these commands may share a journal,
on one machine or many; one that was killed goes on when it is repeated with the same output.

Options of the model that are given are fixed; all others of the space are searched.
"""
_EPILOG = """\
examples:
  fastgru search genes.fa --labels labels.tsv --split split.tsv --journal journal.log \\
      --trials 20 --time-budget 2h -o trials.json
  fastgru search genes.fa --labels labels.tsv --split split.tsv --journal journal.log \\
      --space hidden_size=32,64 --space learning_rate=0.001:0.01:log -o trial.json
  fastgru best --journal journal.log -o best.yaml
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "search",
        help="try values of the parameters, guided by the validation loss",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_labelled_input(parser)
    add_split(parser, subset=False)
    group = parser.add_argument_group("search")
    add_study(group)
    group.add_argument(
        "--trials",
        type=positive_int,
        default=1,
        metavar="N",
        help="trials to run, one after the other (default: %(default)s)",
    )
    group.add_argument(
        "--time-budget",
        type=time_span,
        metavar="TIME",
        help="such as 90s, 30m or 2h since the first trial of the study: none starts after that, "
        "and those under way end with their epoch (default: no end)",
    )
    group.add_argument(
        "--space",
        action="append",
        default=[],
        type=_named_values,
        metavar="NAME=VALUES",
        help="values of a parameter: A,B,... or LOW:HIGH, LOW:HIGH:STEP, LOW:HIGH:log; several "
        "poolings are joined by +; give it once per parameter",
    )
    add_output(group, what="JSON file for the results")
    add_random_state(group)
    add_threads(group)
    add_parameters(parser, tasks=["classification"])


def add_study(parser: argparse._ActionsContainer) -> None:
    """Add ``--journal`` and ``--study``."""
    parser.add_argument(
        "--journal", required=True, metavar="FILE", help="file that the trials of a search share"
    )
    parser.add_argument(
        "--study",
        default="search",
        metavar="NAME",
        help="name of the search in the journal (default: %(default)s)",
    )


def time_span(text: str) -> float:
    """Convert an argument such as 90, 90s, 30m, 2h or 1d to seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"expected a time such as 90s, 30m or 2h, got {text!r}")
    return seconds


def _named_values(text: str) -> tuple[str, str]:
    name, separator, values = text.partition("=")
    if not (name and separator and values):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUES, got {text!r}")
    return name.replace("-", "_"), values


def run(args: argparse.Namespace) -> int:
    """Run the trials, write their results and return the exit code."""
    import json

    from fastgru.data.writing import atomic_write, require_writable
    from fastgru.estimators.search import run_trial, seconds_left
    from fastgru.estimators.search_journal import create_study, require_optuna
    from fastgru.training.checkpoint import remove_checkpoint

    require_optuna()
    require_new_output(args)
    require_writable(args.journal, force=True)
    space, shared = _prepare(args)
    study = create_study(args.journal, args.study, shared.settings(space))
    named = args.output != "-" and not is_device(args.output)
    results = []
    for number in range(1, args.trials + 1):
        job = f"{args.output}#{number}" if named else None
        checkpoint = f"{args.output}.{number}.checkpoint" if named else None
        result = run_trial(
            *(study, space, partial(shared.train, checkpoint)),
            job=job,
            seed=args.random_state,
            time_left=partial(seconds_left, study, args.time_budget),
        )
        if checkpoint is not None:
            remove_checkpoint(checkpoint)
        _LOGGER.info("%s", _summarise(result))
        results.append(result.to_dict())
    content = {"schema_version": SCHEMA_VERSION, "study": args.study, "trials": results}
    with atomic_write(args.output) as file:
        file.write(json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")
    return 0


def _prepare(args: argparse.Namespace) -> tuple[Space, SearchTraining]:
    """Return what is searched, and what all trials share, from checked options and data."""
    from fastgru.estimators.classifier import SequenceClassifier
    from fastgru.estimators.search_space import make_space, parse_dimension
    from fastgru.estimators.search_training import SearchTraining
    from fastgru.estimators.training_parameters import check_to_train

    fixed = chosen_parameters(args)
    changes = {}
    for name, values in args.space:
        if name in changes:
            raise ConfigurationError(
                f"--space {name}=: given twice, expected one for each parameter. Join them."
            )
        changes[name] = parse_dimension(name, values)
    space = make_space(changes, fixed)
    SearchTraining(fixed, ([], []), None)  # refuses options before the data are read
    parameters = check_to_train(SequenceClassifier(**fixed).get_params(deep=False))
    training, validation = select_for_training(read_labelled_input(args), args.split, parameters)
    for used in filter(None, (training, validation)):
        require_lengths(used, parameters["kmer_size"])
    check_classes_to_train(training.classes)
    shared = SearchTraining(
        fixed,
        (training.sequences, training.labels),
        None if validation is None else (validation.sequences, validation.labels),
    )
    return space, shared


def _summarise(result: TrialResult) -> str:
    if result.number is None:
        return f"no trial was begun: {result.reason}"
    text = f"trial {result.number}: {result.state}"
    if result.validation_loss is not None:
        text += (
            f", validation loss {result.validation_loss:.4f} in epoch {result.best_epoch} of "
            f"{result.n_epochs}"
        )
    return text if result.reason is None else f"{text} ({result.reason})"
