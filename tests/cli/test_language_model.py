"""The command with language models: from FASTA to likelihoods and new sequences."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from fastgru import SequenceLanguageModel
from fastgru.data.alphabets import get_alphabet
from fastgru.data.shuffles import shuffle_sequences
from fastgru.evaluation.markov import MarkovModel
from fastgru.models.model_file import read_model
from fastgru.training.state import history_columns
from tests.letters import draw_chains
from tests.planted import as_fasta

SEQUENCES, _ = draw_chains(60, seed=3)
TASK = ["--task", "language_model", "--max-epochs", "2", "--hidden-size", "8", "--threads", "1"]


class Made(NamedTuple):
    fasta: Path
    split: Path
    model: Path
    parts: list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """To be left as it is."""
    from fastgru.cli import main

    folder = tmp_path_factory.mktemp("language")
    fasta, split, model = folder / "a.fa", folder / "split.tsv", folder / "lm.safetensors"
    fasta.write_text(as_fasta(SEQUENCES), encoding="utf-8")
    for command in (
        ["split", "-q", fasta, "--unlabelled", "-o", split],
        ["train", "-q", fasta, *TASK, "--split", split, "-o", model],
    ):
        assert main(list(map(str, command))) == 0
    rows = [line.split("\t") for line in split.read_text(encoding="utf-8").splitlines()[1:]]
    part_of = {row[0]: row[2] for row in rows}
    return Made(fasta, split, model, [part_of.get(f"r{k}", "") for k in range(60)])


def in_part(made: Made, *names: str) -> list[str]:
    return [s for s, part in zip(SEQUENCES, made.parts, strict=True) if part in names]


def test_train__learns_from_the_part_train(made: Made, tmp_path: Path, run_cli) -> None:
    outputs = ["-o", tmp_path / "again", "--history", tmp_path / "h.tsv"]
    code, out, err = run_cli(["train", made.fasta, *TASK, "--split", made.split, *outputs])
    assert (code, out) == (0, "")
    assert (tmp_path / "again").read_bytes() == made.model.read_bytes()
    header, *_ = (tmp_path / "h.tsv").read_text(encoding="utf-8").splitlines()
    assert header.split("\t") == history_columns("bits")
    model = SequenceLanguageModel.load(made.model)
    n_train, n_validation = (len(in_part(made, part)) for part in ("train", "validation"))
    assert (model.n_train_, model.n_validation_) == (n_train, n_validation)
    assert f"training on {n_train} sequences, {n_validation} for validation" in err
    assert f"validation loss {model.history_[-1]['validation_loss']:.4f}, bits " in err
    assert read_model(made.model).card["data"]["files"][0]["name"] == "a.fa"


def test_train__takes_the_split_of_a_classifier(work, tmp_path: Path, run_cli) -> None:
    labels = ["--labels", work.labels, "--split", work.split]
    code, _, err = run_cli(["train", work.fasta, *labels, *TASK, "-o", tmp_path / "m"])
    assert code == 0, err
    model = SequenceLanguageModel.load(tmp_path / "m")
    assert (model.n_train_, model.n_validation_) == (48, 8)


def test_train__holds_some_out_without_a_split(made: Made, tmp_path: Path, run_cli) -> None:
    options = ["--train-fraction", "0.5", "-o", tmp_path / "m"]
    assert run_cli(["train", made.fasta, *TASK, *options]).code == 0
    model = SequenceLanguageModel.load(tmp_path / "m")
    assert (model.n_train_, model.n_validation_) == (27, 3)


def test_train__says_what_it_would_do(made: Made, run_cli) -> None:
    code, out, _ = run_cli(["train", made.fasta, *TASK, "--split", made.split, "--dry-run"])
    assert code == 0
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    names = ["training", "validation", "letters", "network", "weights", "steps", "memory", "time"]
    assert list(rows) == names
    assert rows["training"] == f"{len(in_part(made, 'train'))} sequences"
    assert rows["validation"] == f"{len(in_part(made, 'validation'))} sequences, given"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--shuffle-labels"], 2, "--shuffle-labels: a language model learns from no labels"),
        (["--pooling", "max"], 2, "--pooling: is no parameter of the task language_model"),
        (["--num-layers", "2"], 2, "bidirectional must be False for 2 layers"),
    ],
)
def test_train__refuses_what_a_language_model_has_not(
    options, code: int, message: str, made: Made, run_cli
) -> None:
    found = run_cli(["train", made.fasta, *TASK, *options, "-o", "none"])
    assert found.code == code
    assert message in found.err


def test_train__asks_for_sequences(run_cli) -> None:
    code, _, err = run_cli(["train", *TASK, "-o", "none"])
    assert code == 2
    assert "no sequences were named, expected a FASTA file" in err


def test_predict__writes_likelihoods(made: Made, tmp_path: Path, run_cli) -> None:
    (tmp_path / "b.fa").write_text(">a x\nACGNT\n>b\nAC!\n>c\nA\n", encoding="utf-8")
    code, out, err = run_cli(["predict", made.model, tmp_path / "b.fa", "--on-invalid", "status"])
    assert code == 0, err
    header, first, second, third = (line.split("\t") for line in out.splitlines())
    assert header == ["id", "status", "flags", "log_likelihood", "bits_per_letter"]
    model = SequenceLanguageModel.load(made.model)
    nats = model.score_samples(["ACGNT", "A"])
    assert [first[0], first[1], third[0], third[1]] == ["a", "ok", "c", "ok"]
    np.testing.assert_allclose([float(first[3]), float(third[3])], nats, rtol=1e-7)
    np.testing.assert_allclose(float(first[4]), -nats[0] / 5 / np.log(2), rtol=1e-5)
    assert "length" in third[2] or min(map(len, SEQUENCES)) == 1
    assert second[1].startswith("letter '!' at position 3")
    assert second[2:] == ["", "", ""]


@pytest.mark.parametrize("option", ["--prevalence", "--threshold", "--abstain"])
def test_predict__decides_nothing(option: str, made: Made, run_cli) -> None:
    code, _, err = run_cli(["predict", made.model, made.fasta, option, "0.6"])
    assert code == 2
    assert f"{option}: {made.model} is a language model, expected a classifier" in err


def test_evaluate__scores_the_test_part_beside_markov_models(
    made: Made, tmp_path: Path, run_cli
) -> None:
    outputs = ["-o", tmp_path / "m.json", "--predictions", tmp_path / "p.tsv"]
    arguments = ["evaluate", made.model, made.fasta, "--split", made.split, "--n-resamples", "50"]
    code, _, err = run_cli([*arguments, *outputs])
    assert code == 0, err
    metrics = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    model, tested = SequenceLanguageModel.load(made.model), in_part(made, "test")
    assert metrics["bits_per_letter"] == pytest.approx(model.bits_per_letter(tested), rel=1e-12)
    assert metrics["perplexity"] == pytest.approx(model.perplexity(tested), rel=1e-12)
    assert (metrics["n_test"], metrics["n_seen"], metrics["kind"]) == (len(tested), 0, "model")
    assert metrics["n_letters"] == sum(len(letters) + 1 for letters in tested)
    low, high = metrics["intervals"]["bits_per_letter"]
    assert low < metrics["bits_per_letter"] < high
    encode = get_alphabet("dna").encode
    learned = list(map(encode, in_part(made, "train", "validation")))
    assert metrics["n_train_markov"] == len(learned)
    assert [row["order"] for row in metrics["markov"]] == list(range(7))
    for order in (0, 3):
        nats = MarkovModel(learned, order, 4).log_likelihoods(list(map(encode, tested)))
        bits = -nats.sum() / metrics["n_letters"] / np.log(2)
        assert metrics["markov"][order]["bits_per_letter"] == pytest.approx(bits, rel=1e-12)
    assert f"bits_per_letter: {metrics['bits_per_letter']:.4f} (" in err
    assert "Markov model of order 6: " in err
    lines = (tmp_path / "p.tsv").read_text(encoding="utf-8").splitlines()
    header, *rows = (line.split("\t") for line in lines)
    assert len(rows) == len(tested)
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    assert [int(n) for n in columns["length"]] == [len(letters) for letters in tested]
    assert sum(int(n) for n in columns["n_predicted"]) == metrics["n_letters"]
    for order in (0, 6):
        nats = sum(map(float, columns[f"markov_{order}"]))
        bits = -nats / metrics["n_letters"] / np.log(2)
        assert metrics["markov"][order]["bits_per_letter"] == pytest.approx(bits, rel=1e-6)


def test_evaluate__learns_markov_models_from_another_file(
    made: Made, tmp_path: Path, run_cli
) -> None:
    (tmp_path / "b.fa").write_text(as_fasta(SEQUENCES[:7]), encoding="utf-8")
    (tmp_path / "new.fa").write_text(as_fasta(draw_chains(9, seed=8)[0]), encoding="utf-8")
    arguments = ["evaluate", made.model, tmp_path / "new.fa", "--n-resamples", "5"]
    metrics = json.loads(run_cli([*arguments, "--baseline-fasta", tmp_path / "b.fa"]).out)
    assert (metrics["n_train_markov"], len(metrics["markov"]), metrics["n_test"]) == (7, 7, 9)
    code, out, err = run_cli(arguments)
    assert code == 0
    assert "warning: there is nothing for Markov models to learn from" in err
    metrics = json.loads(out)
    assert (metrics["n_train_markov"], metrics["markov"]) == (0, [])


def test_evaluate__says_what_the_model_has_seen(made: Made, run_cli) -> None:
    code, out, err = run_cli(["evaluate", made.model, made.fasta, "--n-resamples", "5"])
    assert code == 0
    n_seen = len({*in_part(made, "train", "validation")})
    assert json.loads(out)["n_seen"] >= n_seen
    assert "in training, so the scores measure memory" in err


def test_evaluate__scores_shuffled_sequences(made: Made, run_cli) -> None:
    arguments = ["evaluate", made.model, made.fasta, "--split", made.split, "--n-resamples", "5"]
    metrics = json.loads(run_cli([*arguments, "--shuffle", "--seed", "4"]).out)
    assert metrics["shuffled_sequences"] == "dinucleotides"
    shuffled = shuffle_sequences(in_part(made, "test"), get_alphabet("dna"), seed=4)
    bits = SequenceLanguageModel.load(made.model).bits_per_letter(shuffled)
    assert metrics["bits_per_letter"] == pytest.approx(bits, rel=1e-12)


def test_evaluate__of_a_classifier_has_no_markov_models(work, run_cli) -> None:
    arguments = ["evaluate", work.model, work.fasta, "--labels", work.labels]
    code, _, err = run_cli([*arguments, "--baseline-fasta", work.fasta])
    assert code == 2
    assert "is a model of classification, expected one of language_model" in err


def test_generate__writes_fasta(made: Made, tmp_path: Path, run_cli) -> None:
    options = ["-n", 5, "--temperature", "0.8", "--seed", 1, "--max-length", 200]
    code, out, err = run_cli(["generate", made.model, *options, "--prefix", "acg"])
    assert code == 0, err
    expected = SequenceLanguageModel.load(made.model).generate(
        5, temperature=0.8, max_length=200, prefix="ACG", random_state=1
    )
    records = [record.split("\n", 1) for record in out.split(">")[1:]]
    assert [name for name, _ in records] == [f"generated_{k}" for k in range(1, 6)]
    assert [letters.replace("\n", "") for _, letters in records] == expected
    assert max(len(line) for line in out.splitlines()) <= 80
    assert run_cli(["generate", made.model, "-n", 2, "--max-length", 1]).err.endswith(
        "warning: cut at 1 letter: 2 sequences; --max-length allows more\n"
    )


def test_generate__refuses_what_it_cannot_do(made: Made, work, run_cli) -> None:
    code, _, err = run_cli(["generate", made.model, "--temperature", "-1"])
    assert code == 2
    assert "temperature must be a finite number of at least 0, got -1.0" in err
    code, _, err = run_cli(["generate", work.model])
    assert code == 1
    assert "is a model of classification, expected one of language_model" in err


def test_variants__reads_standard_input_once(made: Made, run_cli) -> None:
    code, _, err = run_cli(["variants", made.model, "-", "--variants", "-"])
    assert code == 2
    assert "standard input (-) can be read only once. Use a file instead." in err


def test_variants__scores_a_table(made: Made, tmp_path: Path, run_cli) -> None:
    (tmp_path / "r.fa").write_text(">a\nACGT\n>b\nTTG\n", encoding="utf-8")
    table = tmp_path / "v.tsv"
    table.write_text("id\tvariant\nb\tT2C\na\tA1C\nb\tG3A\n", encoding="utf-8")
    code, out, err = run_cli(["variants", made.model, tmp_path / "r.fa", "--variants", table])
    assert code == 0, err
    model = SequenceLanguageModel.load(made.model)
    of_a, of_b = model.score_variants("ACGT", ["A1C"]), model.score_variants("TTG", ["T2C", "G3A"])
    header, *rows = (line.split("\t") for line in out.splitlines())
    assert header == ["id", "variant", "log_likelihood_ratio"]
    assert [row[:2] for row in rows] == [["b", "T2C"], ["a", "A1C"], ["b", "G3A"]]
    found = [float(row[2]) for row in rows]
    np.testing.assert_allclose(found, [of_b[0], of_a[0], of_b[1]], rtol=1e-7)
    table.write_text("id\tvariant\na\tC1A\n", encoding="utf-8")
    code, _, err = run_cli(["variants", made.model, tmp_path / "r.fa", "--variants", table])
    assert code == 1
    assert "line 2, record 'C1A': the reference has 'A' there, expected 'C'" in err


def test_info__describes_a_language_model(made: Made, run_cli) -> None:
    code, out, _ = run_cli(["info", made.model])
    assert code == 0
    lines = dict(re.split(" {2,}", line, maxsplit=1) for line in out.splitlines())
    assert len(lines) == len(out.splitlines())
    assert lines["task"] == "language_model"
    assert "classes" not in lines
    assert "pooling" not in lines
    assert ", bits " in lines["validation"]


def test_train__begins_with_a_language_model(made: Made, work, tmp_path: Path, run_cli) -> None:
    labels = ["--labels", work.labels, "--split", work.split]
    sizes = ["--max-epochs", "2", "--hidden-size", "8", "--threads", "1"]
    pretrained = ["--pretrained", made.model, "--freeze-epochs", "1"]
    inputs = ["train", work.fasta, *labels, *sizes, *pretrained]
    code, _, err = run_cli([*inputs, "-o", tmp_path / "m"])
    assert code == 0, err
    sha256 = hashlib.sha256(made.model.read_bytes()).hexdigest()
    card = read_model(tmp_path / "m").card
    assert card["pretrained"] == {"sha256": sha256, "freeze_epochs": 1}
    assert f"language model (sha256 {sha256[:16]}...)" in run_cli(["info", tmp_path / "m"]).out
    assert run_cli([*inputs, "--dry-run"]).code == 0
    for command in (
        [*inputs, "--cell", "rnn", "-o", "none"],
        [*inputs, "--cell", "rnn", "--dry-run"],
    ):
        code, _, err = run_cli(command)
        assert code == 2
        assert "pretrained: the language model has cell 'gru', expected 'rnn'" in err


def test_train__begins_several_labels_with_a_language_model(
    made: Made, work, tmp_path: Path, run_cli
) -> None:
    ids = [line.split()[0] for line in work.labels.read_text().splitlines()[1:]]
    rows = [f"{name}\t{number % 2}\t{number % 3 // 2}\n" for number, name in enumerate(ids)]
    (tmp_path / "t").write_text("".join(["id\ta\tb\n", *rows]))
    labels = ["--task", "multilabel", "--labels", tmp_path / "t", "--target", "a,b"]
    sizes = ["--max-epochs", "1", "--hidden-size", "8", "--threads", "1"]
    inputs = ["train", work.fasta, *labels, *sizes, "--pretrained", made.model]
    code, _, err = run_cli([*inputs, "-o", tmp_path / "m"])
    assert code == 0, err
    assert read_model(tmp_path / "m").card["pretrained"]["freeze_epochs"] == 0
    code, _, err = run_cli([*inputs, "--cell", "rnn", "-o", "none"])
    assert code == 2
    assert "pretrained: the language model has cell 'gru', expected 'rnn'" in err


def test_train__never_overwrites_what_it_begins_with(made: Made, work, run_cli) -> None:
    labels = ["--labels", work.labels, "--pretrained", made.model, "-o", made.model, "--force"]
    code, _, err = run_cli(["train", work.fasta, *labels])
    assert code == 2
    assert "is an input and would be overwritten" in err


def test_train__of_a_language_model_begins_with_none(made: Made, run_cli) -> None:
    code, _, err = run_cli(["train", made.fasta, *TASK, "--pretrained", made.model, "-o", "none"])
    assert code == 2
    assert "the task language_model begins with random weights, expected classification" in err
