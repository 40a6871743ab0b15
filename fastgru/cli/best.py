"""``fastgru best``: write what a search has found as a configuration of the workflow."""

from __future__ import annotations

import argparse
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fastgru import __version__
from fastgru.cli.options import add_output, require_new_output
from fastgru.cli.search import add_study
from fastgru.errors import FastgruError, counted

if TYPE_CHECKING:
    from fastgru.estimators.search import TrialResult

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = """\
Write the best parameters of a search as a configuration file that the workflow can run: those of
the complete trial with the lowest validation loss, of equal ones the first; if none is complete,
those of the best of the others.
"""
_EPILOG = """\
example:
  fastgru best --journal journal.log -o best.yaml
  snakemake --cores 4 --configfile best.yaml
"""
# as the schema of the configuration has them
_MODEL_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_TAKEN_NAMES = ("baselines", "searched")
# of the data set, and of the machine
_NOT_OF_A_MODEL = ("alphabet", "threads")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "best",
        help="write what a search has found as a configuration",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_study(parser)
    parser.add_argument(
        "--name",
        type=_model_name,
        default="best",
        metavar="NAME",
        help="name of the model in the configuration: letters, digits, _, - and . "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--dataset", metavar="NAME", help="data set of the workflow that the model is for"
    )
    add_output(parser, what="configuration file (YAML)")


def _model_name(text: str) -> str:
    """Return a name that the workflow takes for a model."""
    if not re.fullmatch(_MODEL_NAME, text):
        raise argparse.ArgumentTypeError(
            f"expected letters, digits, _, - and . after a letter or digit, got {text!r}"
        )
    if text in _TAKEN_NAMES:
        raise argparse.ArgumentTypeError(
            f"expected another name than {' and '.join(_TAKEN_NAMES)}, which the workflow uses "
            f"itself, got {text!r}"
        )
    return text


def run(args: argparse.Namespace) -> int:
    """Write the configuration and return the exit code."""
    from fastgru.data.writing import atomic_write
    from fastgru.estimators.search import describe_trial
    from fastgru.estimators.search_journal import load_study, require_optuna

    require_optuna()
    require_new_output(args)
    study, settings = load_study(args.journal, args.study)
    trials = [describe_trial(trial) for trial in study.get_trials(deepcopy=False)]
    best = _choose(args, trials)
    with atomic_write(args.output) as file:
        for line in _configuration(args, trials, best, settings["fixed_options"]):
            file.write(f"{line}\n")
    _LOGGER.info("%s", _say(args.study, trials, best))
    return 0


def _choose(args: argparse.Namespace, trials: Sequence[TrialResult]) -> TrialResult:
    judged = [
        (trial.state != "complete", trial.validation_loss, trial.number, trial)
        for trial in trials
        if trial.state in ("complete", "pruned") and trial.validation_loss is not None
    ]
    if not judged:
        raise FastgruError(
            f"{args.journal}: no trial of the study {args.study!r} has ended with a validation "
            "loss, expected at least one. Run 'fastgru search' first."
        )
    return min(judged)[-1]


def _configuration(
    args: argparse.Namespace,
    trials: Sequence[TrialResult],
    best: TrialResult,
    fixed: dict[str, Any],
) -> Iterator[str]:
    """Yield the lines of the file."""
    yield f"# {_say(args.study, trials, best)}"
    yield f"# Written by fastgru {__version__} from a journal of 'fastgru search'."
    yield "models:"
    yield f"  {_yaml(args.name)}:"
    if args.dataset is not None:
        yield f"    datasets: {_yaml([args.dataset])}"
    parameters = {**fixed, **best.parameters}
    for name in sorted(parameters.keys() - set(_NOT_OF_A_MODEL)):
        yield f"    {name}: {_yaml(parameters[name])}"


def _say(study: str, trials: Sequence[TrialResult], best: TrialResult) -> str:
    counts = Counter(trial.state for trial in trials)
    states = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    return (
        f"Best of {counted(len(trials), 'trial')} of the study {json.dumps(study)} ({states}): "
        f"trial {best.number}, {best.state}, validation loss {best.validation_loss:.6g} in epoch "
        f"{best.best_epoch} of {best.n_epochs}."
    )


def _yaml(value: Any) -> str:
    """Return a value as YAML, which is JSON but for numbers such as 1e-05."""
    if isinstance(value, float) and "." not in repr(value):
        return repr(value).replace("e", ".0e")
    return json.dumps(value)
