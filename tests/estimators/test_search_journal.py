from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from fastgru.errors import FastgruError
from fastgru.estimators.search_journal import create_study, load_study, require_optuna

SETTINGS: dict[str, Any] = {"data": "abc", "fixed_options": {"hidden_size": 4}, "space": {}}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    create_study(str(tmp_path / "journal.log"), "search", SETTINGS).ask()
    return tmp_path / "journal.log"


def test_create_study__goes_on_with_one_that_is_there(journal: Path) -> None:
    assert len(create_study(str(journal), "search", SETTINGS).get_trials()) == 1
    assert len(create_study(str(journal), "other", SETTINGS).get_trials()) == 0


def test_load_study__returns_the_settings(journal: Path) -> None:
    study, settings = load_study(str(journal), "search")
    assert settings == SETTINGS
    assert len(study.get_trials()) == 1


@pytest.mark.parametrize(
    ("name", "said"), [("data", "other data"), ("fixed_options", "other fixed options")]
)
def test_create_study__refuses_other_settings(name: str, said: str, journal: Path) -> None:
    with pytest.raises(FastgruError) as caught:
        create_study(str(journal), "search", {**SETTINGS, name: None})
    assert str(caught.value) == (
        f"{journal}: the study 'search' was begun with {said}, expected those given now. Go on as "
        "it was begun, choose another --study, or delete this file to search anew."
    )


@pytest.mark.parametrize(
    "content",
    [b"hello\n", b">a\nACGT\n", b"{}\n", b"[1]\n", b"\x80\x04\x95\n\n", b'{"op_code": 99}\n',
     b'{"op_code": 4}\n', b'{"op_code": 0, "study_name": 1}\nrubbish\n{}\n'],
)  # fmt: skip
def test_create_study__explains_a_foreign_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(FastgruError) as caught:
        create_study(str(tmp_path / "j"), "search", SETTINGS)
    assert str(caught.value).startswith(f"{tmp_path / 'j'}: is no readable journal (")
    assert "expected one written by 'fastgru search'. Name that file, or" in str(caught.value)
    assert (tmp_path / "j").read_bytes() == content


def test_create_study__leaves_out_a_line_that_a_killed_process_did_not_finish(
    journal: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code": 4, "wor')
    assert len(create_study(str(journal), "search", SETTINGS).get_trials()) == 1
    assert f"{journal}: the last line was unfinished, and is left out" in caplog.text
    assert journal.read_bytes() == whole + journal.read_bytes()[len(whole) :]
    assert b'"wor{' not in journal.read_bytes()


def test_load_study__names_what_is_there(journal: Path, tmp_path: Path) -> None:
    with pytest.raises(FastgruError, match=r"has the studies 'search', expected 'x'. Choose one"):
        load_study(str(journal), "x")
    (tmp_path / "empty").touch()
    with pytest.raises(FastgruError, match="has no study, expected 'x'"):
        load_study(str(tmp_path / "empty"), "x")
    with pytest.raises(FastgruError, match=r"does not exist, expected a journal of 'fastgru sear"):
        load_study(str(tmp_path / "gone"), "x")
    assert not (tmp_path / "gone").exists()


def test_load_study__explains_a_study_of_somebody_else(tmp_path: Path) -> None:
    import optuna

    path = str(tmp_path / "j")
    backend = optuna.storages.journal.JournalFileBackend(path)
    optuna.create_study(storage=optuna.storages.JournalStorage(backend), study_name="mine")
    with pytest.raises(FastgruError, match=r"is no readable journal \(KeyError: 'fastgru'\)"):
        load_study(path, "mine")


def test_require_optuna__names_the_command_that_installs_it(monkeypatch) -> None:
    require_optuna()
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(FastgruError, match=r"pip install 'fastgru\[search\]'"):
        require_optuna()
