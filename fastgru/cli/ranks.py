"""One of the processes of ``mpirun fastgru train --mpi``: who speaks, and how all end."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from fastgru.cli.overwriting import inputs_of
from fastgru.errors import ConfigurationError, DivergenceError, RankError

if TYPE_CHECKING:
    from fastgru.training.ranks import Crew

__all__ = ["another_speaks", "one_speaking", "run_as_rank"]

_RANKS = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID")
_PATIENCE = 1.0
"""Seconds that the first rank has to end by itself where a signal came to all."""


def another_speaks() -> bool:
    """Whether this is not the first process, by what starters of MPI say before MPI has begun."""
    return next((os.environ[name] for name in _RANKS if name in os.environ), "0") != "0"


@contextlib.contextmanager
def one_speaking(arguments: Sequence[str]) -> Iterator[None]:
    """Let help and faults of usage be shown by one of the processes that MPI has started.

    Parameters
    ----------
    arguments
        Of the command.
    """
    with contextlib.ExitStack() as stack:
        if "--mpi" in arguments and another_speaks():
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield


def run_as_rank(args: argparse.Namespace, run: Callable[[], int]) -> int:
    """Run a command on one of several ranks, of which the first writes files and messages.

    A rank that fails where the others cannot know of it ends them all: they would wait for ever.

    Parameters
    ----------
    args
        Parsed options; changed on all ranks but the first such that nothing is written.
    run
        Runs `args.run` and explains what it raises.

    Raises
    ------
    FastgruError
        If mpi4py is missing.
    """
    from fastgru.training.mpi import MPICommunicator
    from fastgru.training.ranks import trained_by

    communicator = MPICommunicator()
    if communicator.rank > 0:
        if args.dry_run:
            return 0
        _write_nothing(args)
    elif args.dry_run:
        return run()
    with trained_by(communicator) as crew:
        ending = _Ending(args.run, crew)
        args.run = ending.run
        try:
            code = run()
        except BaseException:
            traceback.print_exc()
            communicator.abort(1)
            raise
    if code and not ending.all_know:
        sys.stdout.flush()
        sys.stderr.flush()
        communicator.abort(code)
    return code


def _write_nothing(args: argparse.Namespace) -> None:
    args.silent, args.quiet, args.log_file = True, True, None
    args.output, args.history, args.checkpoint = os.devnull, None, False
    args.resume = False  # the first rank hands on where it goes on


def _refuse_standard_input(args: argparse.Namespace) -> None:
    """Refuse what mpirun hands to one process: the others would wait for it for ever.

    Raises
    ------
    ConfigurationError
    """
    if "-" in inputs_of(args):
        raise ConfigurationError(
            "--mpi: standard input reaches one process alone, expected names of files, which all "
            "of them read. Write it into a file first."
        )


class _Ending:
    """A command that tells the other ranks where it fails.

    Parameters
    ----------
    run
    crew

    Attributes
    ----------
    all_know : bool
        Whether the others fail as well, by themselves.
    """

    def __init__(self, run: Callable[[argparse.Namespace], int], crew: Crew) -> None:
        self._run, self._crew = run, crew
        self.all_know = False

    def run(self, args: argparse.Namespace) -> int:
        """Run the command."""
        try:
            if self._crew.communicator.size > 1:
                _refuse_standard_input(args)
            return self._run(args)
        except BaseException as error:
            self._share(error)
            raise

    def _share(self, error: BaseException) -> None:
        crew, said = self._crew, str(error) or type(error).__name__
        by_signal = isinstance(error, SystemExit | KeyboardInterrupt)
        if by_signal:
            said = "was ended by a signal"
        if not crew.has_met:
            crew.give_up(said)
            self.all_know = True
        elif isinstance(error, RankError | DivergenceError):
            self.all_know = True
        elif not crew.leads and by_signal:  # mpirun names the rank; a scheduler sends it to all
            time.sleep(_PATIENCE)
        elif not crew.leads:
            rank = crew.communicator.rank
            sys.stderr.write(f"fastgru train: error: rank {rank}: {said}\n")
