from __future__ import annotations

from typing import Any

import pytest

from fastgru.errors import FastgruError
from fastgru.report.commands import Commands

EXPERIMENT: dict[str, Any] = {
    "dataset": "splice",
    "n_folds": 10,
    "contenders": [
        {"name": "a", "kind": "model"},
        {"name": "b", "kind": "model"},
        {"name": "majority", "kind": "baseline"},
    ],
    "seeds": {"a": [{"variant": "seed1"}, {"variant": "seed2"}]},
    "learning_curve": {"a": [{"share": 0.29}, {"share": 1.0}], "b": []},
    "ensemble": {"a": {"roc_auc": 0.9}, "b": None},
    "controls": [
        {"of": "a", "kind": "shuffled_labels"},
        {"of": "a", "kind": "shuffled_sequences"},
    ],
}


def write_log(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, "more lines\n"]))


def test_of_experiment__lists_the_steps_in_order(tmp_path):
    write_log(
        tmp_path / "train/splice/fold10/b/seed1.log", "fastgru 0.1.0: fastgru train x.fa -o b10"
    )
    write_log(
        tmp_path / "train/splice/fold2/b/seed1.log", "fastgru 0.1.0: fastgru train x.fa -o b2"
    )
    write_log(
        tmp_path / "train/splice/fold2/a/seed1.log", "fastgru 0.1.0: fastgru train x.fa -o a2"
    )
    write_log(tmp_path / "zebra/splice.log", "fastgru 0.1.0: fastgru zebra")
    write_log(tmp_path / "evaluate/splice/b.log", "fastgru 0.1.0: fastgru evaluate m.safetensors")
    write_log(tmp_path / "split/splice.log", "fastgru 0.1.0: fastgru split x.fa")
    write_log(tmp_path / "split/other.log", "fastgru 0.1.0: fastgru split y.fa")
    write_log(tmp_path / "report.log", "fastgru 0.1.0: fastgru report results")
    assert Commands(tmp_path).of_experiment(EXPERIMENT) == [
        ("split", ["fastgru split x.fa"]),
        ("train", [f"fastgru train x.fa -o {run}" for run in ("a2", "b2", "b10")]),
        ("evaluate", ["fastgru evaluate m.safetensors"]),
        ("zebra", ["fastgru zebra"]),
    ]


def test_of_experiment__has_a_search_before_the_training_that_waits_for_it(tmp_path):
    for step in ("control", "evaluate", "ensemble", "train", "best", "search", "split"):
        write_log(tmp_path / step / "splice.log", f"fastgru 0.1.0: fastgru {step}")
    steps = [step for step, _ in Commands(tmp_path).of_experiment(EXPERIMENT)]
    assert steps == ["split", "search", "best", "train", "ensemble", "evaluate", "control"]


def test_of_experiment__lists_every_command_of_a_log(tmp_path):
    lines = ("fastgru 0.1.0: fastgru split a", "records: 3", "fastgru 0.1.0: fastgru split b")
    write_log(tmp_path / "split/splice.log", *lines)
    expected = [("split", ["fastgru split a", "fastgru split b"])]
    assert Commands(tmp_path).of_experiment(EXPERIMENT) == expected


@pytest.mark.parametrize("threads", ["--threads 2", "--threads=16", "-t 1"])
def test_of_experiment__does_not_depend_on_the_number_of_threads(tmp_path, threads):
    line = f"fastgru 0.1.0: fastgru train x.fa {threads} -o m.safetensors"
    write_log(tmp_path / "train/splice/b.log", line)
    expected = [("train", ["fastgru train x.fa -o m.safetensors"])]
    assert Commands(tmp_path).of_experiment(EXPERIMENT) == expected


def test_of_experiment__leaves_out_other_lines(tmp_path):
    write_log(tmp_path / "split/splice.log", "something else")
    assert Commands(tmp_path).of_experiment(EXPERIMENT) == []
    assert Commands().of_experiment(EXPERIMENT) == []


# What is written below, of each step, and whether it belongs.
LOGS = [
    ("train/splice/fold1/a/seed2.log", True),
    ("train/splice/fold1/a/train29.log", True),
    ("train/splice/fold1/a/shuffled_labels.log", True),
    ("train/splice/fold1/a/seed3.log", False),
    ("train/splice/fold1/a/train50.log", False),
    ("train/splice/fold1/b/shuffled_labels.log", False),
    ("train/splice/fold2/a/seed2.log", False),
    ("train/splice/fold11/a/seed1.log", False),
    ("train/splice/fold1/gone/seed1.log", False),
    ("train/other/fold1/a/seed1.log", False),
    ("evaluate/splice/fold1/a/ensemble.log", True),
    ("evaluate/splice/fold1/b/ensemble.log", False),
    ("ensemble/splice/fold1/a.log", True),
    ("ensemble/splice/fold1/b.log", False),
    ("control/splice/fold1/a/seed1.log", True),
    ("control/splice/fold1/b/seed1.log", False),
    ("baseline/splice/fold3/majority.log", True),
    ("baseline/splice/fold3/length.log", False),
    ("search/splice/fold1/2.log", False),
    ("best/splice/fold1.log", False),
    ("zebra/splice/fold10/x.log", True),
    ("zebra/splice/fold11/x.log", False),
    ("zebra/splice/x.log", True),
]


def test_of_experiment__leaves_out_what_an_earlier_configuration_has_left(tmp_path):
    for name, _ in LOGS:
        write_log(tmp_path / name, f"fastgru 0.1.0: fastgru {name}")
    found = [
        command.removeprefix("fastgru ")
        for _, commands in Commands(tmp_path).of_experiment(EXPERIMENT)
        for command in commands
    ]
    assert sorted(found) == sorted(name for name, belongs in LOGS if belongs)


def test_of_experiment__has_the_search_of_a_model_that_was_searched(tmp_path):
    for name in (
        "search/splice/fold1/2.log",
        "search/splice/fold11/2.log",
        "best/splice/fold1.log",
    ):
        write_log(tmp_path / name, f"fastgru 0.1.0: fastgru {name}")
    model = {"name": "searched", "kind": "model"}
    found = Commands(tmp_path).of_experiment({**EXPERIMENT, "contenders": [model]})
    expected = [("search", ["fastgru search/splice/fold1/2.log"])]
    assert found == [*expected, ("best", ["fastgru best/splice/fold1.log"])]


def test_commands__refuse_a_missing_folder(tmp_path):
    with pytest.raises(FastgruError, match="gone: there is no such folder, expected log files"):
        Commands(tmp_path / "gone")
