from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from fastgru.cli.history import HistoryFile
from fastgru.training.state import Epoch

HEADER = "epoch\tlearning_rate\ttrain_loss\tvalidation_loss\tvalidation_accuracy\tgradient_norm"
EPOCHS = [Epoch(number, 0.003, 0.7, float("nan"), float("nan"), 1.5) for number in (1, 2, 3)]
ROWS = [f"{number}\t0.003\t0.7\t\t\t1.5" for number in (1, 2, 3)]


def test_history_file__has_each_row_as_soon_as_the_epoch_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "h.tsv"
    with HistoryFile(str(path), "accuracy") as history:
        assert not path.exists()
        for count, epoch in enumerate(EPOCHS, start=1):
            history.add(epoch)
            assert path.read_text(encoding="utf-8").splitlines() == [HEADER, *ROWS[:count]]
    assert path.read_text(encoding="utf-8") == "\n".join([HEADER, *ROWS, ""])


def test_history_file__of_a_resumed_training_has_each_epoch_once(tmp_path: Path) -> None:
    path = tmp_path / "h.tsv"
    with HistoryFile(str(path), "accuracy") as history:
        history.add(EPOCHS[0])
        history.add(EPOCHS[1])
    whole = path.read_bytes()
    with HistoryFile(str(path), "accuracy") as history:
        history.add(EPOCHS[0])
        history.add(EPOCHS[1])
    assert path.read_bytes() == whole
    with HistoryFile(str(path), "accuracy") as history:
        history.add()
    assert path.read_text(encoding="utf-8") == f"{HEADER}\n"


def test_history_file__is_compressed_where_its_name_says_so(tmp_path: Path) -> None:
    contents = []
    for groups in ([[EPOCHS[0]], [EPOCHS[1]]], [EPOCHS[:2]]):
        path = tmp_path / "h.tsv.gz"
        with HistoryFile(str(path), "accuracy") as history:
            for group in groups:
                history.add(*group)
            # whole after each row, not only at the end
            assert gzip.decompress(path.read_bytes()).endswith(b"1.5\n")
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    assert gzip.decompress(contents[0]).decode().splitlines() == [HEADER, *ROWS[:2]]


def test_history_file__is_removed_on_request(tmp_path: Path) -> None:
    path = tmp_path / "h.tsv"
    path.write_text("old", encoding="utf-8")
    with HistoryFile(str(path), "accuracy") as history:
        history.remove()
        assert path.read_text(encoding="utf-8") == "old"
        history.add(EPOCHS[0])
        history.remove()
    assert not path.exists()


@pytest.mark.parametrize("path", [None, "/dev/null"])
def test_history_file__may_be_nowhere(path: str | None) -> None:
    with HistoryFile(path, "accuracy") as history:
        history.add(*EPOCHS)
        history.remove()
    assert Path("/dev/null").exists()


def test_history_file__may_be_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    with HistoryFile("-", "accuracy") as history:
        history.add(*EPOCHS)
    assert capfd.readouterr().out.splitlines() == [HEADER, *ROWS]
