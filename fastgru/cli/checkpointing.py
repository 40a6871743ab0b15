"""How ``fastgru train`` survives: where the checkpoint is, what is shown, and what is left."""

from __future__ import annotations

import argparse
import logging
import os
import time
from typing import TYPE_CHECKING

from fastgru.cli.history import HistoryFile
from fastgru.cli.options import require_new_output
from fastgru.cli.overwriting import is_device, refuse_compressed, refuse_overwritten_input
from fastgru.cli.progress import show_progress
from fastgru.errors import (
    CheckpointError,
    ConfigurationError,
    DivergenceError,
    FastgruError,
    counted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastgru.cli.progress import Progress
    from fastgru.training.state import Epoch

__all__ = ["fit_with_checkpoint", "require_outputs"]

_LOGGER = logging.getLogger(__name__)


def require_outputs(args: argparse.Namespace) -> None:
    """Refuse outputs that cannot be written, before hours of work, and settle the checkpoint.

    Parameters
    ----------
    args
        Parsed options of ``fastgru train``; `checkpoint` becomes a path, or None for none.
    """
    if args.output is None and not args.dry_run:
        raise ConfigurationError("the following arguments are required: -o/--output")
    _settle_checkpoint(args)
    refuse_compressed(args.output, "model files", "model.safetensors")
    refuse_compressed(args.checkpoint, "checkpoints", "model.checkpoint")
    refuse_overwritten_input(args)
    if args.output is None:
        return
    interrupted = args.checkpoint is not None and os.path.isfile(args.checkpoint)
    if interrupted and not (args.resume or args.force):
        raise FastgruError(
            f"{args.checkpoint}: holds a training that was interrupted. Use --resume to go on "
            "with it, or --force to start again."
        )
    # an interrupted training has left its history as well
    replaceable = {args.checkpoint, args.history} if interrupted and args.resume else ()
    require_new_output(args, args.history, args.checkpoint, replaceable=replaceable)


def _settle_checkpoint(args: argparse.Namespace) -> None:
    if args.checkpoint == "-":
        raise ConfigurationError(
            "--checkpoint: is standard output, expected the name of a file. Choose a name."
        )
    if args.checkpoint is None:
        named = args.output is not None and args.output != "-" and not is_device(args.output)
        args.checkpoint = f"{args.output}.checkpoint" if named else None
    elif args.checkpoint is False:
        args.checkpoint = None
    if args.resume and args.checkpoint is None and not args.dry_run:
        raise ConfigurationError(
            "--resume: there is no checkpoint to go on from, expected the name of a file. "
            "Give it with --checkpoint."
        )


def fit_with_checkpoint(
    args: argparse.Namespace,
    fit: Callable[..., object],
    *,
    n_sequences: int,
    max_epochs: int,
    score_name: str,
) -> None:
    """Train, with a row in the history and a step of the progress for each epoch.

    What is interrupted leaves checkpoint and history; what diverges leaves nothing, since it
    would diverge again.

    Parameters
    ----------
    args
        After :func:`require_outputs`.
    fit
        The estimator's, with the data; takes what it says of epochs and checkpoints.
    n_sequences
        To learn from, for the speed that is shown.
    max_epochs
    score_name
        What the score on the validation set is called in the history.
    """
    from fastgru.training.checkpoint import remove_checkpoint
    from fastgru.training.ranks import crew_in_force

    size = crew_in_force().communicator.size
    if size > 1 and args.checkpoint is not None:
        _LOGGER.info(
            "%d processes share each batch; should one of them die, all end, and the same command "
            "with --resume goes on from %s",
            *(size, args.checkpoint),
        )
    if args.resume and not os.path.exists(args.checkpoint):
        _LOGGER.info("%s: no checkpoint is there, so training starts anew", args.checkpoint)
    with HistoryFile(args.history, score_name) as history:
        try:
            with show_progress("training", max_epochs) as progress:
                _fit(args, fit, history, progress, _describer(n_sequences))
        except DivergenceError:
            history.remove()
            if args.checkpoint is not None:
                remove_checkpoint(args.checkpoint)
            raise
        except (KeyboardInterrupt, SystemExit):
            if args.checkpoint is not None and os.path.isfile(args.checkpoint):
                _LOGGER.info("%s: the same command with --resume goes on", args.checkpoint)
            raise


def _fit(
    args: argparse.Namespace,
    fit: Callable[..., object],
    history: HistoryFile,
    progress: Progress,
    describe: Callable[[Epoch], str],
) -> None:
    from fastgru.training.ranks import crew_in_force

    def report(epoch: Epoch) -> None:
        history.add(epoch)
        progress.advance(text=describe(epoch))

    def go_on(epochs: list[Epoch]) -> None:
        history.add(*epochs)
        progress.skip(len(epochs))
        after = f"after {counted(len(epochs), 'epoch')}" if epochs else "from the beginning"
        _LOGGER.info("%s: training goes on %s", args.checkpoint, after)

    how = {"on_epoch": report, "checkpoint": args.checkpoint, "on_resume": go_on}
    try:
        fit(**how, resume=args.resume)
    except CheckpointError as error:
        # what is seen too late to begin anew with the others ends all of them
        if not args.force or crew_in_force().has_met:
            raise
        _LOGGER.warning("warning: %s With --force, training starts anew.", error)
        fit(**how, resume=False)


def _describer(n_sequences: int) -> Callable[[Epoch], str]:
    """Return what says where an epoch stands, and how fast it was."""
    begin = time.monotonic()

    def describe(epoch: Epoch) -> str:
        nonlocal begin
        seconds, begin = time.monotonic() - begin, time.monotonic()
        text = f"loss {epoch.train_loss:.4f}"
        if epoch.validation_loss == epoch.validation_loss:
            text += f", validation {epoch.validation_loss:.4f}"
        return f"{text}, {n_sequences / max(seconds, 1e-9):.0f} sequences/s"

    return describe
