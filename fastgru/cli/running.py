"""Running one sub-command: messages, signals, and an exit code for everything that can happen."""

from __future__ import annotations

import argparse
import contextlib
import errno
import logging
import os
import shlex
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType

from fastgru import __version__
from fastgru._machine import usable_threads
from fastgru.cli.overwriting import refuse_overwritten_input, refuse_standard_input_twice
from fastgru.cli.thread_limits import libraries_limited_to
from fastgru.errors import ConfigurationError, FastgruError

__all__ = ["explain_output", "run_command"]

_LOGGER = logging.getLogger("fastgru")
_NO_ROOM = ". Make room there, or write to another disk."
_REMEDIES = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: ". Raise the limit of the size of files (ulimit -f), or choose another place.",
}
_DATA_FAULT, _USAGE_FAULT, _TERMINATED, _INTERRUPTED = 1, 2, 143, 130


def run_command(args: argparse.Namespace, arguments: Sequence[str]) -> int:
    """Run the sub-command and return the exit code.

    Parameters
    ----------
    args
        Parsed options with `run`, `command` and those of `options.add_logging`.
    arguments
        The arguments as given, for the first line of the log.

    Returns
    -------
    code
        That of the command, or the one that fits the error, after the error was shown.
    """
    if not getattr(args, "mpi", False):
        return _run_alone(args, arguments)
    from fastgru.cli.ranks import another_speaks, run_as_rank

    try:
        return run_as_rank(args, lambda: _run_alone(args, arguments))
    except FastgruError as error:
        return _DATA_FAULT if another_speaks() else _show_early(error, args)


def _run_alone(args: argparse.Namespace, arguments: Sequence[str]) -> int:
    try:
        refuse_overwritten_input(args)
        refuse_standard_input_twice(args)
        with _messages(args), _ending_on_sigterm():
            _LOGGER.info("fastgru %s: fastgru %s", __version__, shlex.join(arguments))
            try:
                with libraries_limited_to(usable_threads(getattr(args, "threads", None))):
                    code: int = args.run(args)
                sys.stdout.flush()
            except BaseException as error:
                return _explain(error, args)
            return code
    except FastgruError as error:  # before there is a log, which may not be writable
        return _show_early(error, args)


def _show_early(error: FastgruError, args: argparse.Namespace) -> int:
    """Show an error where there is no log, and return its exit code."""
    sys.stderr.write(f"fastgru {args.command}: error: {error}\n")
    return _USAGE_FAULT if isinstance(error, ConfigurationError) else _DATA_FAULT


def _explain(error: BaseException, args: argparse.Namespace) -> int:
    """Show an error the way that suits it; what is not the user's fault is raised again."""
    if isinstance(error, BrokenPipeError):  # as in `fastgru predict ... | head`
        _drop_output()
        return _DATA_FAULT
    if args.debug and not isinstance(error, SystemExit):
        _LOGGER.error("%s", "".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, KeyboardInterrupt):
        _LOGGER.error("fastgru %s: interrupted", args.command)
        return _INTERRUPTED
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else _DATA_FAULT
    if isinstance(error, ConfigurationError):
        _LOGGER.error("fastgru %s: error: %s", args.command, error)
        return _USAGE_FAULT
    if isinstance(error, FastgruError):
        _LOGGER.error("fastgru %s: error: %s", args.command, error)
        return _DATA_FAULT
    if isinstance(error, OSError):
        _LOGGER.error("fastgru %s: error: %s", args.command, _system_text(error))
        return _DATA_FAULT
    if isinstance(error, MemoryError):
        _LOGGER.error(
            "fastgru %s: error: not enough memory. Use smaller batches, a smaller model, or a "
            "larger machine.",
            args.command,
        )
        return _DATA_FAULT
    raise error


def explain_output(error: OSError) -> int:
    """Say why standard output did not take what an option such as ``--help`` shows.

    Parameters
    ----------
    error

    Returns
    -------
    code
        The exit code.
    """
    _drop_output()
    if not isinstance(error, BrokenPipeError):
        sys.stderr.write(f"fastgru: error: standard output: {_system_text(error)}\n")
    return _DATA_FAULT


def _drop_output() -> None:
    """Let standard output lead nowhere: Python would complain when it flushes it at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _system_text(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}{_REMEDIES.get(error.errno or 0, '')}"


@contextlib.contextmanager
def _messages(args: argparse.Namespace) -> Iterator[None]:
    """Send the messages of the package to standard error, and to the log file if there is one."""
    from fastgru.data.writing import require_writable

    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if getattr(args, "silent", False):
        handlers = [logging.NullHandler()]
    if args.log_file is not None:
        require_writable(args.log_file, force=True)
        handlers.append(logging.FileHandler(args.log_file, mode="w", encoding="utf-8"))
    level = logging.WARNING if args.quiet else logging.DEBUG if args.verbose else logging.INFO
    previous_level, previous_propagate = _LOGGER.level, _LOGGER.propagate
    _LOGGER.setLevel(level)
    _LOGGER.propagate = False
    for handler in handlers:
        _LOGGER.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            yield
    finally:
        for handler in handlers:
            _LOGGER.removeHandler(handler)
            handler.close()
        _LOGGER.setLevel(previous_level)
        _LOGGER.propagate = previous_propagate


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    _LOGGER.warning("warning: %s", message)


@contextlib.contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that a job killed by its scheduler cleans up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(_TERMINATED)
