"""The journal of a search: the file through which trials know of each other.

It is Optuna's, which appends a line for each event under a lock that works on network drives, so
that processes of one machine or of many may share it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastgru.errors import FastgruError, shorten
from fastgru.packages import require_package

if TYPE_CHECKING:
    import optuna

__all__ = ["create_study", "load_study", "require_optuna"]

_LOGGER = logging.getLogger(__name__)
_SETTINGS = "fastgru"


def require_optuna() -> None:
    """Refuse to go on without Optuna.

    Raises
    ------
    FastgruError
        Naming the command that installs it.
    """
    require_package(["optuna"], "search", "pip install 'fastgru[search]'")


def create_study(path: str, name: str, settings: dict[str, Any]) -> optuna.Study:
    """Open a study, which is begun if the journal does not have it.

    Parameters
    ----------
    path
        Of the journal, which is begun if it does not exist.
    name
        Of the study.
    settings
        All that a trial depends on beside its own parameters, JSON-able.

    Raises
    ------
    FastgruError
        If the file is no journal, or its study was begun with other settings.
    """
    import optuna

    with _reading(path):
        study = optuna.create_study(
            storage=_open_storage(path),
            study_name=name,
            direction="minimize",
            load_if_exists=True,
            sampler=optuna.samplers.RandomSampler(),
        )
        if _SETTINGS not in study.user_attrs:
            study.set_user_attr(_SETTINGS, settings)
        begun_with = study.user_attrs[_SETTINGS]
    for key, value in json.loads(json.dumps(settings)).items():
        if begun_with.get(key) != value:
            raise FastgruError(
                f"{path}: the study {name!r} was begun with other {key.replace('_', ' ')}, "
                "expected those given now. Go on as it was begun, choose another --study, or "
                "delete this file to search anew."
            )
    return study


def load_study(path: str, name: str) -> tuple[optuna.Study, dict[str, Any]]:
    """Return a study of a journal, and the settings that it was begun with.

    Raises
    ------
    FastgruError
        If the file is no journal, or has no such study.
    """
    import optuna

    if not os.path.exists(path):
        raise FastgruError(
            f"{path}: does not exist, expected a journal of 'fastgru search'. Check the path."
        )
    with _reading(path):
        storage = _open_storage(path)
        names = [study.study_name for study in storage.get_all_studies()]
        if name in names:
            study = optuna.load_study(study_name=name, storage=storage)
            return study, study.user_attrs[_SETTINGS]
    found = f"has the studies {shorten(names)}" if names else "has no study"
    raise FastgruError(f"{path}: {found}, expected {name!r}. Choose one with --study.")


@contextlib.contextmanager
def _reading(path: str) -> Iterator[None]:
    """Turn whatever a foreign file makes Optuna raise into an error for the user."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, AssertionError) as error:
        raise FastgruError(
            f"{path}: is no readable journal ({type(error).__name__}: {error}), expected one "
            "written by 'fastgru search'. Name that file, or a new one to begin another search."
        ) from error


def _open_storage(path: str) -> optuna.storages.JournalStorage:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    _mend(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.JournalStorage(JournalFileBackend(path))


def _mend(path: str) -> None:
    """Cut off a line that a killed process left unfinished, and refuse what is no journal."""
    from optuna.storages.journal import JournalFileSymlinkLock

    if not os.path.exists(path) or not os.path.getsize(path):
        return
    with open(path, "rb") as file:
        first = file.readline()
        if first.endswith(b"\n") and "op_code" not in json.loads(first):
            raise ValueError("an entry without op_code")
    lock = JournalFileSymlinkLock(path)
    lock.acquire()
    try:
        with open(path, "rb+") as file:
            content = file.read()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                file.truncate(whole)
                _LOGGER.warning("warning: %s: the last line was unfinished, and is left out", path)
    finally:
        lock.release()
