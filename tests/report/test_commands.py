from __future__ import annotations

import pytest

from fastgru.errors import FastgruError
from fastgru.report.commands import Commands


def write_log(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, "more lines\n"]))


def test_of_dataset__lists_the_steps_in_order(tmp_path):
    write_log(tmp_path / "train/splice/fold10/b.log", "fastgru 0.1.0: fastgru train x.fa -o b10")
    write_log(tmp_path / "train/splice/fold2/b.log", "fastgru 0.1.0: fastgru train x.fa -o b2")
    write_log(tmp_path / "train/splice/fold2/a.log", "fastgru 0.1.0: fastgru train x.fa -o a2")
    write_log(tmp_path / "zebra/splice.log", "fastgru 0.1.0: fastgru zebra")
    write_log(tmp_path / "evaluate/splice/b.log", "fastgru 0.1.0: fastgru evaluate m.safetensors")
    write_log(tmp_path / "split/splice.log", "fastgru 0.1.0: fastgru split x.fa")
    write_log(tmp_path / "split/other.log", "fastgru 0.1.0: fastgru split y.fa")
    write_log(tmp_path / "report.log", "fastgru 0.1.0: fastgru report results")
    assert Commands(tmp_path).of_dataset("splice") == [
        ("split", ["fastgru split x.fa"]),
        ("train", [f"fastgru train x.fa -o {run}" for run in ("a2", "b2", "b10")]),
        ("evaluate", ["fastgru evaluate m.safetensors"]),
        ("zebra", ["fastgru zebra"]),
    ]


def test_of_dataset__has_a_search_before_the_training_that_waits_for_it(tmp_path):
    for step in ("control", "evaluate", "ensemble", "train", "best", "search", "split"):
        write_log(tmp_path / step / "splice.log", f"fastgru 0.1.0: fastgru {step}")
    steps = [step for step, _ in Commands(tmp_path).of_dataset("splice")]
    assert steps == ["split", "search", "best", "train", "ensemble", "evaluate", "control"]


def test_of_dataset__lists_every_command_of_a_log(tmp_path):
    lines = ("fastgru 0.1.0: fastgru split a", "records: 3", "fastgru 0.1.0: fastgru split b")
    write_log(tmp_path / "split/splice.log", *lines)
    expected = [("split", ["fastgru split a", "fastgru split b"])]
    assert Commands(tmp_path).of_dataset("splice") == expected


@pytest.mark.parametrize("threads", ["--threads 2", "--threads=16", "-t 1"])
def test_of_dataset__does_not_depend_on_the_number_of_threads(tmp_path, threads):
    line = f"fastgru 0.1.0: fastgru train x.fa {threads} -o m.safetensors"
    write_log(tmp_path / "train/splice/b.log", line)
    expected = [("train", ["fastgru train x.fa -o m.safetensors"])]
    assert Commands(tmp_path).of_dataset("splice") == expected


def test_of_dataset__leaves_out_other_lines(tmp_path):
    write_log(tmp_path / "split/splice.log", "something else")
    assert Commands(tmp_path).of_dataset("splice") == []
    assert Commands().of_dataset("splice") == []


def test_commands__refuse_a_missing_folder(tmp_path):
    with pytest.raises(FastgruError, match="gone: there is no such folder, expected log files"):
        Commands(tmp_path / "gone")
