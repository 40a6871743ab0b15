from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from fastgru import SequenceClassifier
from fastgru.data.shuffles import shuffle_labels
from fastgru.estimators.parameters import parameters_of
from fastgru.models.model_file import read_model
from fastgru.training.state import history_columns
from tests.planted import as_fasta, as_table, plant


def rows_of(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_train__writes_model_and_history(tmp_path: Path, work, quick, run_cli) -> None:
    outputs = ["-o", tmp_path / "m.safetensors", "--history", tmp_path / "history.tsv"]
    code, out, err = run_cli(
        ["train", work.fasta, "--labels", work.labels, "--split", work.split, *quick, *outputs]
    )
    assert (code, out) == (0, "")
    assert names_in(tmp_path) == ["history.tsv", "m.safetensors"]
    model = SequenceClassifier.load(tmp_path / "m.safetensors")
    assert (model.n_train_, model.n_validation_) == (48, 8)
    header, *rows = rows_of(tmp_path / "history.tsv")
    assert header == history_columns("accuracy")
    for row, epoch in zip(rows, model.history_, strict=True):
        found = [float(cell) for cell in row]
        assert found == pytest.approx([epoch[name] for name in header], rel=1e-8)
    lines = err.splitlines()
    assert lines[1] == "training on 48 sequences (classes 'no', 'yes'), 8 for validation"
    assert lines[2].startswith("training: 1/2, loss 0.")
    assert " weights learned from 48 sequences; epoch " in lines[-1]
    assert ", validation loss 0." in lines[-1]


def test_train__leaves_test_sequences_alone(tmp_path: Path, work, quick, run_cli) -> None:
    # the same file again, with other sequences and lengths in the test part
    rows = work.split.read_text(encoding="utf-8").splitlines()[1:]
    is_test = [row.endswith("test") for row in rows]
    changed = ["A" * 99 if t else s for t, s in zip(is_test, work.sequences, strict=True)]
    changed = [letters + "C" * k if letters[:9] == "A" * 9 else letters
               for k, letters in enumerate(changed)]  # fmt: skip
    (tmp_path / "b.fa").write_text(as_fasta(changed, work.truth), encoding="utf-8")
    labels = ["--labels", work.labels, "--split", work.split, "--position-embedding"]
    tensors = []
    for fasta in (work.fasta, tmp_path / "b.fa"):
        path = tmp_path / f"{fasta.stem}.safetensors"
        assert run_cli(["train", fasta, *labels, *quick, "-o", path]).code == 0
        tensors.append(read_model(path).tensors)
    assert all(np.array_equal(value, tensors[1][name]) for name, value in tensors[0].items())


def test_train__without_a_split_holds_some_out_and_says_so(tmp_path: Path, quick, run_cli) -> None:
    sequences, labels = plant(40, seed=1)
    text = as_fasta([*sequences, sequences[0], sequences[1]], [*labels, labels[0], "no"])
    (tmp_path / "a.fa").write_text(text, encoding="utf-8")
    path = tmp_path / "m.safetensors"
    code, _, err = run_cli(
        ["train", tmp_path / "a.fa", "--label-field", "label", *quick, "-o", path]
    )
    assert code == 0
    # r40 repeats r0; r41 gives the sequence of r1 another label, so both go
    assert "3 of 42 records are left out as duplicates or for conflicting labels" in err
    model = SequenceClassifier.load(path)
    assert (model.n_train_, model.n_validation_) == (35, 4)


def test_train__takes_the_split_beside_the_labels(tmp_path: Path, work, quick, run_cli) -> None:
    models = []
    for name, options in {
        "a": ["--labels", work.split],
        "b": ["--labels", work.labels, "--split", work.split],
    }.items():
        path = tmp_path / name
        assert run_cli(["train", work.fasta, *options, *quick, "-o", path]).code == 0
        models.append(read_model(path))
    first, second = models
    assert first.card["training"] == second.card["training"]
    assert all(np.array_equal(value, second.tensors[k]) for k, value in first.tensors.items())


def test_train__gives_the_same_model_for_all_three_forms_of_input(
    tmp_path: Path, quick, run_cli
) -> None:
    sequences, labels = plant(60, seed=2)
    order = sorted(range(60), key=lambda k: labels[k])  # as one file per class has them
    text = as_fasta([sequences[k] for k in order], [labels[k] for k in order])
    (tmp_path / "all.fa").write_text(text, encoding="utf-8")
    records = text.split(">")[1:]
    for name in ("no", "yes"):
        chosen = "".join(f">{record}" for record in records if f"={name}\n" in record)
        (tmp_path / f"{name}.fa").write_text(chosen, encoding="utf-8")
    table = as_table([labels[k] for k in order])
    (tmp_path / "labels.tsv").write_text(table, encoding="utf-8")
    forms = {
        "classes": ["--class", f"no={tmp_path}/no.fa", "--class", f"yes={tmp_path}/yes.fa"],
        "table": [tmp_path / "all.fa", "--labels", tmp_path / "labels.tsv"],
        "headers": [tmp_path / "all.fa", "--label-field", "label"],
    }
    models = []
    for name, arguments in forms.items():
        assert run_cli(["train", *arguments, *quick, "-o", tmp_path / name]).code == 0
        models.append(read_model(tmp_path / name))
    for saved in models:
        files = saved.card["data"].pop("files")  # they differ, and are remembered
        del saved.card["sha256"]
        assert {file["name"] for file in files} <= {"all.fa", "no.fa", "yes.fa", "labels.tsv"}
        assert saved.card == models[0].card
        for name, value in saved.tensors.items():
            assert value.tobytes() == models[0].tensors[name].tobytes()


@pytest.mark.parametrize("options", [[], ["--threads", "2"]])
def test_train__gives_the_same_bytes_for_the_same_seed(
    options, tmp_path: Path, work, quick, run_cli
) -> None:
    labels = ["--labels", work.labels, "--split", work.split]
    path = tmp_path / "again.safetensors"
    assert run_cli(["train", work.fasta, *labels, *quick, *options, "-o", path]).code == 0
    assert path.read_bytes() == work.model.read_bytes()
    assert str(tmp_path).encode() not in path.read_bytes()


def test_train__obeys_the_seed(tmp_path: Path, work, quick, run_cli) -> None:
    labels = ["--labels", work.labels, "--split", work.split]
    for option in ("--seed", "--random-state"):
        path = tmp_path / option
        run_cli(["train", work.fasta, *labels, *quick, option, 7, "-o", path])
    first, second = (read_model(tmp_path / name) for name in ("--seed", "--random-state"))
    assert first.card == second.card
    assert first.card["training"]["parameters"]["random_state"] == 7
    weights = read_model(work.model).tensors["head.weight"]
    assert not np.array_equal(first.tensors["head.weight"], weights)


def test_train__on_a_part_of_the_training_sequences(tmp_path: Path, work, quick, run_cli) -> None:
    arguments = ["train", work.fasta, "--labels", work.labels, "--split", work.split, *quick]
    n_train = {}
    for fraction in ("1", "0.5", "0.25"):
        options = ["--train-fraction", fraction, "-o", tmp_path / fraction]
        assert run_cli([*arguments, *options]).code == 0
        n_train[fraction] = read_model(tmp_path / fraction).card["training"]["n_train"]
    assert n_train == {"1": 48, "0.5": 24, "0.25": 12}
    assert run_cli([*arguments, "--train-fraction", "0", "-o", tmp_path / "x"]).code == 2


def test_train__on_a_part_keeps_every_class(tmp_path: Path, quick, run_cli) -> None:
    sequences, _ = plant(10, seed=4)
    labels = ["yes", *["no"] * 5, "yes", "no", "yes", "no"]
    (tmp_path / "a.fa").write_text(as_fasta(sequences), encoding="utf-8")
    table = as_table(labels, split=["train"] * 6 + ["validation"] * 2 + ["test"] * 2)
    (tmp_path / "labels.tsv").write_text(table, encoding="utf-8")
    words = [tmp_path / "a.fa", "--labels", tmp_path / "labels.tsv", "--train-fraction", "0.5"]
    code, _, err = run_cli(["train", *words, *quick, "-o", tmp_path / "m.safetensors"])
    assert code == 0, err
    assert SequenceClassifier.load(tmp_path / "m.safetensors").classes_.tolist() == ["no", "yes"]


def test_train__on_shuffled_labels_is_a_control_and_says_so(
    tmp_path: Path, work, quick, run_cli
) -> None:
    arguments = ["train", work.fasta, "--labels", work.labels, "--split", work.split, *quick]
    options = ["--shuffle-labels", "--seed", 5, "-o", tmp_path / "m"]
    code, _, err = run_cli([*arguments, *options])
    assert code == 0
    assert "warning: the labels are shuffled; the model is a control, of no other use" in err
    saved = read_model(tmp_path / "m")
    assert saved.card["shuffled_labels"] is True

    rows = rows_of(work.split)[1:]
    parts = {
        part: [k for k, row in enumerate(rows) if row[2] == part]
        for part in ("train", "validation")
    }
    given = {
        part: (
            [work.sequences[k] for k in chosen],
            shuffle_labels([work.truth[k] for k in chosen], seed=5),
        )
        for part, chosen in parts.items()
    }
    model = SequenceClassifier(max_epochs=2, hidden_size=8, threads=1, random_state=5)
    model.fit(*given["train"], validation_data=given["validation"]).save(tmp_path / "expected")
    expected = read_model(tmp_path / "expected").tensors
    assert all(np.array_equal(value, expected[name]) for name, value in saved.tensors.items())

    shown = run_cli(["info", tmp_path / "m"]).out
    assert "CONTROL      trained on SHUFFLED LABELS: its predictions mean nothing\n" in shown
    found = run_cli(["predict", tmp_path / "m", work.fasta])
    assert found.code == 0
    assert "m was trained on shuffled labels, as a control; its predictions mean not" in found.err


def test_train__says_nothing_of_labels_that_are_not_shuffled(work, run_cli) -> None:
    assert "shuffled_labels" not in read_model(work.model).card
    assert "CONTROL" not in run_cli(["info", work.model]).out
    assert "shuffled" not in run_cli(["predict", work.model, work.fasta]).err


def test_train__has_an_option_for_every_parameter(tmp_path: Path, work, run_cli) -> None:
    given = {
        "alphabet": "dna",
        "reverse_complement": "average",
        "embedding_size": 5,
        "embedding_init": "random",
        "kmer_size": 3,
        "kmer_stride": 2,
        "conv_channels": [5, 4],
        "conv_width": [3, 2],
        "conv_dilation": [2],
        "conv_stride": [1, 2],
        "conv_pool": [1, 2],
        "conv_norm": "batch",
        "conv_residual": True,
        "cell": "rnn",
        "hidden_size": 5,
        "num_layers": 2,
        "residual": True,
        "bidirectional": False,
        "time_decay": False,
        "position_embedding": True,
        "pooling": ["max", "attention"],
        "dropout": 0.25,
        "letter_dropout": 0.0,
        "batch_size": 9,
        "max_epochs": 1,
        "learning_rate": 0.002,
        "weight_decay": 0.5,
        "clip_norm": 2.0,
        "warmup_fraction": 0.3,
        "label_smoothing": 0.1,
        "focal_gamma": 1.5,
        "class_weight": "balanced",
        "early_stopping": False,
        "validation_fraction": 0.4,
        "n_iter_no_change": 3,
        "calibrate": False,
        "dtype": "float64",
        "random_state": 42,
    }
    # the precision has tests of its own, since not every CPU has it
    assert {*given, "threads", "precision"} == {p.name for p in parameters_of("classification")}
    options: list[str] = []
    for name, value in given.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            options.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            listed = value if isinstance(value, list) else [value]
            options += [f"--{flag}", ",".join(map(str, listed))]
    path = tmp_path / "m"
    code, _, err = run_cli(
        ["train", work.fasta, "--labels", work.labels, *options, "-o", path, "-t", 1]
    )
    assert code == 0, err
    assert read_model(path).card["training"]["parameters"] == given
    assert "validation loss" not in err
    assert "nan" not in err


@pytest.mark.parametrize(
    "task", ["classification", "regression", "language_model", "tagging", "translation"]
)
def test_train__refuses_a_precision_that_the_cpu_has_not_before_it_reads(
    task: str, tmp_path: Path, run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastgru.layers.checks.cpu_features", frozenset)
    told = {
        "regression": ["--labels", "l.tsv", "--target", "x"],
        "classification": ["--labels", "l.tsv"],
        "tagging": ["--step-labels", "l.fa"],
        "translation": ["--translations", "l.fa"],
    }
    options = [*told.get(task, ()), "--precision", "bf16", "-o", tmp_path / "m"]
    code, _, err = run_cli(["train", "--task", task, "gone.fa", *options])
    assert code == 2
    assert "precision='bf16' is not available: this CPU has no AVX512-BF16 instructions." in err
    assert "Traceback" not in err
    assert not (tmp_path / "m").exists()


def test_train__writes_empty_cells_where_there_was_no_validation(
    tmp_path: Path, work, quick, run_cli
) -> None:
    history = tmp_path / "history.tsv"
    options = ["--no-early-stopping", "-o", tmp_path / "m", "--history", history]
    run_cli(["train", work.fasta, "--labels", work.labels, *quick, *options])
    header, first, _ = rows_of(history)
    assert [name for name, cell in zip(header, first, strict=True) if not cell] == [
        "validation_loss",
        "validation_accuracy",
    ]


def test_train__help_tells_every_default(run_cli) -> None:
    shown = " ".join(run_cli(["train", "--help"]).out.split())
    for text in (
        "units of each layer and direction (default: 64)",
        "one or more of last, mean, max, attention (default: last,mean,max)",
        "run from both ends of the sequence (default: yes)",
        "weigh classes by their rarity (default: none)",
        "peak step size of AdamW (default: 0.003)",
    ):
        assert text in shown


def test_train__remembers_where_the_data_came_from(work) -> None:
    data = json.loads(json.dumps(read_model(work.model).card["data"]))
    assert [file["name"] for file in data["files"]] == ["a.fa", "labels.tsv"]
    assert [file["n_records"] for file in data["files"]] == [80, 0]
    assert all(len(file["sha256"]) == 64 for file in data["files"])
    assert data["n_records"] == 80


def test_train__remembers_the_split_and_what_was_left_of_it(
    tmp_path: Path, work, quick, run_cli
) -> None:
    header, *rows = work.split.read_text(encoding="utf-8").splitlines()
    made = [f"{row}\trandom, test 0.3, validation 0.1\t7" for row in rows]
    split = tmp_path / "split.tsv"
    text = "\n".join([f"{header}\tsplit_method\tsplit_seed", *made])
    split.write_text(text, encoding="utf-8")
    arguments = [work.fasta, "--labels", work.labels, "--split", split, *quick]
    path = tmp_path / "m"
    assert run_cli(["train", *arguments, "--train-fraction", 0.5, "-o", path]).code == 0
    data = read_model(path).card["data"]
    assert data["train_fraction"] == 0.5
    assert data["split"] == {
        "name": "split.tsv",
        "sha256": hashlib.sha256(split.read_bytes()).hexdigest(),
        "n_train": 48,
        "n_validation": 8,
        "n_test": 24,
        "n_groups": None,
        "method": "random, test 0.3, validation 0.1",
        "seed": 7,
    }


def test_train__remembers_the_split_beside_the_labels(tmp_path: Path, work, quick, run_cli) -> None:
    made = tmp_path / "split.tsv"
    options = ["--labels", work.labels, "--seed", 7, "-o", made]
    assert run_cli(["split", work.fasta, *options]).code == 0
    found = []
    for number, table in enumerate((work.split, made)):
        path = tmp_path / f"m{number}"
        assert run_cli(["train", work.fasta, "--labels", table, *quick, "-o", path]).code == 0
        found.append(read_model(path).card["data"]["split"])
    assert (found[0]["name"], found[0]["n_train"], found[0]["n_test"]) == (None, 48, 24)
    assert (found[0]["method"], found[0]["seed"]) == (None, None)
    assert (found[1]["method"], found[1]["seed"]) == ("random, test 0.2, validation 0.1", 7)


def test_train__states_licence_and_intended_use(tmp_path: Path, work, quick, run_cli) -> None:
    words = ["--license", "CC-BY-4.0", "--intended-use", "Tests; nothing else."]
    arguments = [work.fasta, "--labels", work.labels, *quick, *words]
    assert run_cli(["train", *arguments, "-o", tmp_path / "m"]).code == 0
    card = read_model(tmp_path / "m").card
    assert (card["license"], card["intended_use"]) == ("CC-BY-4.0", "Tests; nothing else.")
    assert "split" not in card["data"]


def test_train__writes_to_standard_output(work, quick, run_cli, tmp_path: Path) -> None:
    import subprocess
    import sys

    labels = ["--labels", str(work.labels), "--split", str(work.split)]
    result = subprocess.run(
        [sys.executable, "-m", "fastgru", "train", "-q", work.fasta, *labels, *quick, "-o", "-"],
        check=False,
        capture_output=True,
    )
    assert result.returncode == 0
    assert result.stderr == b""
    assert result.stdout == work.model.read_bytes()


def test_train__refuses_to_overwrite_either_output(tmp_path: Path, work, quick, run_cli) -> None:
    (tmp_path / "m").write_text("precious", encoding="utf-8")
    (tmp_path / "history.tsv").write_text("precious", encoding="utf-8")
    inputs = ["train", work.fasta, "--labels", work.labels, *quick]
    for outputs in (["-o", tmp_path / "m"],
                    ["-o", tmp_path / "new", "--history", tmp_path / "history.tsv"]):  # fmt: skip
        code, _, err = run_cli([*inputs, *outputs])
        assert code == 1
        assert "exists already. Use --force to replace it, or choose another output." in err
    assert names_in(tmp_path) == ["history.tsv", "m"]
    assert (tmp_path / "m").read_text(encoding="utf-8") == "precious"
    outputs = ["-o", tmp_path / "m", "--history", tmp_path / "history.tsv"]
    assert run_cli([*inputs, *outputs, "--force"]).code == 0
    SequenceClassifier.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("outputs", "code", "message"),
    [
        (["-o", "missing/m"], 1, "missing/m: there is no folder"),
        (["-o", "."], 1, "is a folder, expected the name of a file to write"),
        (["-o", "m", "--history", "missing/h"], 1, "missing/h: there is no folder"),
        (["-o", "m", "--history", "m"], 2, "given for two outputs, expected a file for each"),
        (["-o", "m", "--history", "./m"], 2, "m: given for two outputs"),
        (["-o", "-", "--history", "-"], 2, "standard output (-): given for two outputs"),
        (["-o", "m.safetensors.gz"], 2, "model files are not compressed, expected a name such"),
        ([], 2, "the following arguments are required: -o/--output"),
    ],
)
def test_train__checks_its_outputs_before_any_work(
    outputs, code: int, message: str, tmp_path: Path, run_cli, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = run_cli(["train", "none.fa", "--label-field", "label", *outputs])
    assert found.code == code
    assert message in found.err
    assert "none.fa: " not in found.err
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden-size", "0"], "hidden_size must be an integer of at least 1, got 0."),
        (["--hidden-size", "many"], "argument --hidden-size: invalid int value: 'many'"),
        (["--learning-rate", "nan"], "learning_rate must be a number above 0, got nan."),
        (["--dropout", "1"], "dropout must be a number of at least 0 and at most 0.95, got 1.0."),
        (
            ["--pooling", "last,sum"],
            "pooling must be one or more of 'last', 'mean', 'max', 'attention', each",
        ),
        (["--pooling", ""], "pooling must be one or more of"),
        (["--conv-channels", "64,x"], "expected whole numbers such as 64 or 64,32, got '64,x'"),
        (["--conv-channels", "0"], "conv_channels must be an integer of at least 1, got 0."),
        (["--dtype", "float16"], "argument --dtype: invalid choice: 'float16'"),
        (["--threads", "0"], "expected a whole number of at least 1, got '0'"),
        (["--seed", "-1"], "expected a whole number of at least 0, got '-1'"),
        (["--seed", str(2**64)], "random_state must be an integer of at least 0 and at most"),
        (["--epochs", "3"], "unrecognized arguments: --epochs 3"),
        (["--class-weight", "even"], "argument --class-weight: invalid choice: 'even'"),
    ],
)
def test_train__explains_wrong_options_before_any_work(
    options, message: str, tmp_path: Path, run_cli
) -> None:
    code, out, err = run_cli(
        ["train", "none.fa", "--label-field", "label", "-o", tmp_path / "m", *options]
    )
    assert (code, out) == (2, "")
    assert message in err
    assert names_in(tmp_path) == []


SMALL = as_fasta(*plant(8, seed=3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALL.replace("=yes", "=no"), "labels: only one class, 'no', among 8 sequences, expected"),
        (SMALL + ">z label=odd\nACGT\n", "class 'odd' has 1 sequence to learn from, expected at"),
        (SMALL.replace("=yes", "=id"), "class 'id': is also the name of a column of the predict"),
        (SMALL.replace("=yes", "=group"), "length, group, identity), expected another name"),
        (SMALL.replace("=yes", "=status"), "class 'status': is also the name of a column"),
        (
            SMALL.replace("=yes", "=abstain"),
            "class 'abstain': is the label of the cases that 'fast",
        ),
        (SMALL.replace("=yes", "=label"), "expected another name. Rename the class."),
        (SMALL + ">z label=yes\nACEF\n", "record 'z': letter 'E' at position 3"),
        ("", "standard input: the file holds no records, expected FASTA"),
    ],
)
def test_train__explains_data_that_cannot_be_learned(
    text: str, message: str, tmp_path: Path, quick, run_cli
) -> None:
    outputs = ["-o", tmp_path / "m", "--history", tmp_path / "h"]
    code, out, err = run_cli(["train", "-", "--label-field", "label", *quick, *outputs], stdin=text)
    assert (code, out) == (1, "")
    assert message in err
    assert err.count("error: ") == 1
    assert "Traceback" not in err
    assert names_in(tmp_path) == []


def test_train__explains_a_file_that_was_given_for_two_classes(
    tmp_path: Path, work, quick, run_cli
) -> None:
    classes = ["--class", f"a={work.fasta}", "--class", f"b={work.fasta}"]
    code, _, err = run_cli(["train", *classes, *quick, "-o", tmp_path / "m"])
    assert code == 1
    assert (
        "no record is left of the class 'a', 'b': each of their sequences has another label as "
        "well, expected one label for each sequence. Check that no file was given for two classes"
    ) in err


def test_train__explains_a_split_without_training_records(
    tmp_path: Path, work, quick, run_cli
) -> None:
    (tmp_path / "s.tsv").write_text(as_table(work.truth, split=["test"] * 80), encoding="utf-8")
    labels = ["--labels", work.labels, "--split", tmp_path / "s.tsv"]
    code, _, err = run_cli(["train", work.fasta, *labels, *quick, "-o", tmp_path / "m"])
    assert code == 1
    assert f"{tmp_path / 's.tsv'}: the part 'train' is empty, expected records in it." in err


def test_train__explains_a_class_that_is_in_validation_alone(
    tmp_path: Path, work, quick, run_cli
) -> None:
    truth = [*work.truth[:-1], "odd"]
    splits = ["train"] * 78 + ["validation"] * 2
    (tmp_path / "l.tsv").write_text(as_table(truth, split=splits), encoding="utf-8")
    code, _, err = run_cli(
        ["train", work.fasta, "--labels", tmp_path / "l.tsv", *quick, "-o", tmp_path / "m"]
    )
    assert code == 1
    assert "validation set: has the class 'odd', expected sequences of the classes of the" in err


def test_train__warns_of_nucleotides_given_as_proteins(
    tmp_path: Path, work, quick, run_cli
) -> None:
    options = ["--label-field", "label", "--alphabet", "protein", "-o", tmp_path / "m"]
    code, _, err = run_cli(["train", work.fasta, *options, *quick])
    assert code == 0
    assert "warning: all letters are A, C, G, T, U or N; if these are nucleotides, use" in err


def test_train__says_when_it_diverges_and_leaves_nothing(
    tmp_path: Path, work, quick, run_cli
) -> None:
    options = ["--learning-rate", "1e30", "--weight-decay", "1", "-o", tmp_path / "m"]
    with np.errstate(all="ignore"):
        code, _, err = run_cli(
            ["train", work.fasta, "--labels", work.labels, *quick, *options, "--history",
             tmp_path / "h"]
        )  # fmt: skip
    assert code == 1
    assert "expected a finite number. Lower learning_rate, now 1e+30." in err
    assert names_in(tmp_path) == []


def test_train__may_throw_both_outputs_away(work, quick, run_cli) -> None:
    outputs = ["-o", "/dev/null", "--history", "/dev/null"]
    code, _, err = run_cli(["train", work.fasta, "--labels", work.labels, *quick, *outputs])
    assert code == 0, err


def test_train__names_records_that_are_shorter_than_a_kmer(tmp_path: Path, run_cli) -> None:
    text = as_fasta(["ACGT", "AC", "ACGTT", "A"], ["no", "yes", "yes", "no"])
    arguments = ["train", "-", "--label-field", "label", "--kmer-size", 3, "-o", tmp_path / "m"]
    code, out, err = run_cli(arguments, stdin=text)
    assert (code, out) == (1, "")
    assert (
        "standard input, line 3, record 'r1': has 2 letters, expected at least 3 (1 more record "
        "too short). Leave it out, or train with a smaller kmer_size."
    ) in err
    assert list(tmp_path.iterdir()) == []


def test_train__refuses_a_task_that_it_does_not_know(work, run_cli) -> None:
    code, _, err = run_cli(["train", work.fasta, "--labels", work.labels, "--task", "guess"])
    assert code == 2
    assert "--task: invalid choice: 'guess'" in err


def test_train__begins_with_a_recipe(tmp_path: Path, work, quick, run_cli) -> None:
    path = tmp_path / "m.safetensors"
    options = ["--recipe", "motif", "--conv-channels", "4", "-o", path]
    code, _, err = run_cli(["train", work.fasta, "--labels", work.labels, *quick, *options])
    assert code == 0, err
    chosen = read_model(path).card["training"]["parameters"]
    assert (chosen["reverse_complement"], chosen["pooling"]) == ("average", ["max"])
    assert chosen["conv_channels"] == [4]
