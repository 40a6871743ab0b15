from __future__ import annotations

import json
import platform
import random
from importlib import metadata
from pathlib import Path

import pytest

import fastgru
from fastgru import SequenceClassifier
from fastgru.models.card_schema import json_schema
from fastgru.models.model_file import read_model
from tests.models.damage import FORGED, UNNOTICED, with_damaged_cards
from tests.models.model_files import METRICS, SAVED, write
from tests.planted import plant


def test_info__describes_the_model(work, run_cli) -> None:
    code, out, _ = run_cli(["info", work.model])
    assert code == 0
    described, _, table = out.partition("\n\n")
    lines = dict(line.split("  ", 1) for line in described.splitlines())
    shown = {name.strip(): value.strip() for name, value in lines.items()}
    card = read_model(work.model).card
    fitted = card["calibration"]
    kept = card["training"]["history"][card["training"]["best_epoch"] - 1]
    assert shown == {
        "format": f"1 (fastgru {fastgru.__version__}, Python {platform.python_version()}, "
        f"NumPy {metadata.version('numpy')}, Numba {metadata.version('numba')})",
        "task": "classification",
        "alphabet": "dna",
        "classes": "no, yes",
        "network": "1 GRU layer of 8 units, both directions",
        "letters": "16 features each",
        "pooling": "last, mean, max",
        "weights": "1410 (float32)",
        "trained on": "48 sequences, 8 for validation",
        "epochs": f"2, number {kept['epoch']} kept",
        "validation": f"loss {kept['validation_loss']:.4f}, "
        f"accuracy {kept['validation_accuracy']:.4f}",
        "calibration": f"temperature {fitted['temperature']:.4g}, fitted on 8 validation sequences",
        "": f"log loss {fitted['before']['log_loss']:.4f} to {fitted['after']['log_loss']:.4f}, "
        f"Brier score {fitted['before']['brier']:.4f} to {fitted['after']['brier']:.4f}, "
        f"ECE {fitted['before']['ece']:.4f} to {fitted['after']['ece']:.4f}",
        "prevalence": "no 0.5, yes 0.5",
        "lengths": "30 to 30 letters in training",
        "file": f"labels.tsv (sha256 {card['data']['files'][1]['sha256'][:16]}...)",
        "split": f"split.tsv (sha256 {card['data']['split']['sha256'][:16]}...): 48 train, "
        "8 validation, 24 test",
    }
    assert f"a.fa (sha256 {card['data']['files'][0]['sha256'][:16]}...)" in out
    rows = card["thresholds"]["rows"]
    assert [line.split()[0] for line in table.splitlines()[2:]] == [row["name"] for row in rows]
    assert f"{rows[0]['threshold']:.4g}" in table.splitlines()[2]


def test_info__says_why_a_threshold_is_missing(tmp_path: Path, run_cli) -> None:
    row = {"name": "fpr_0.01", "threshold": None, "reason": "nothing is found"}
    rows = [{**row, **dict.fromkeys(("sensitivity", "specificity", "precision", "f1", "mcc"))}]
    path = write(tmp_path, thresholds={"rows": rows, "reason": None})
    _, out, _ = run_cli(["info", path])
    assert out.splitlines()[-1].split(maxsplit=2) == ["fpr_0.01", "-", "nothing is found"]


def test_info__shows_no_table_without_thresholds(tmp_path: Path, run_cli) -> None:
    assert "threshold" not in run_cli(["info", write(tmp_path)]).out


def test_info__of_a_model_from_python_leaves_out_what_it_does_not_know(
    tmp_path: Path, run_cli
) -> None:
    model = SequenceClassifier(
        hidden_size=1, num_layers=2, residual=True, bidirectional=False, position_embedding=True,
        early_stopping=False, max_epochs=1, threads=1, random_state=0,
    )  # fmt: skip
    model.fit(*plant(8, seed=1)).save(tmp_path / "m")
    _, out, _ = run_cli(["info", tmp_path / "m"])
    assert "2 GRU layers of 1 unit, one direction, residual\n" in out
    assert "positions   learned, for sequences of up to 30 letters\n" in out
    assert "trained on  8 sequences\n" in out
    assert "validation" not in out
    assert "temperature" not in out
    assert "file" not in out


def test_info__describes_convolutional_layers(tmp_path: Path, run_cli) -> None:
    model = SequenceClassifier(
        conv_channels=[6, 4, 4], conv_width=[5, 3, 2], conv_stride=[1, 2, 1],
        conv_pool=[3, 1, 1], conv_norm="batch", conv_residual=True,
        hidden_size=2, max_epochs=1, threads=1, random_state=0,
    )  # fmt: skip
    model.fit(*plant(20, seed=1)).save(tmp_path / "m")
    _, out, _ = run_cli(["info", tmp_path / "m"])
    assert "convolution  6 features of 5 steps, batch normalisation, largest of 3\n" in out
    assert "convolution  4 features of 3 steps, stride 2, batch normalisation\n" in out
    assert "convolution  4 features of 2 steps, batch normalisation, residual\n" in out
    assert f"weights      {model.n_parameters_} (float32)\n" in out  # not the running statistics


def test_info__says_that_strands_share_weights(tmp_path: Path, run_cli) -> None:
    model = SequenceClassifier(
        reverse_complement="equivariant",
        embedding_size=4, hidden_size=2, pooling=("max",), max_epochs=1, threads=1, random_state=0,
    )  # fmt: skip
    model.fit(*plant(20, seed=1)).save(tmp_path / "m")
    _, out, _ = run_cli(["info", tmp_path / "m"])
    assert "strands      both, by weights that they share\n" in out
    # letters, gates with two biases for each, a weight for each class and unit, a bias
    n_stored = 4 * 2 + 3 * 2 * (4 + 2 + 2) + 2 * 2 + 2
    assert model.n_parameters_ == n_stored
    assert f"weights      {n_stored} (float32), which make {2 * n_stored - 2}\n" in out


def test_info__describes_kmers(tmp_path: Path, run_cli) -> None:
    model = SequenceClassifier(
        kmer_size=3, kmer_stride=2, position_embedding=True,
        hidden_size=2, max_epochs=1, threads=1, random_state=0,
    )  # fmt: skip
    model.fit(*plant(20, seed=1)).save(tmp_path / "m")
    _, out, _ = run_cli(["info", tmp_path / "m"])
    assert "letters      16 features each, read as 3-mers that start every 2 letters\n" in out
    assert "positions    learned, for sequences of up to 30 letters\n" in out


def test_info__prints_the_whole_card_as_json(work, run_cli) -> None:
    code, out, _ = run_cli(["info", "--json", work.model])
    assert code == 0
    assert json.loads(out) == read_model(work.model).card
    assert out == json.dumps(json.loads(out), indent=2, sort_keys=True) + "\n"


def test_info__prints_the_schema_of_cards_without_a_model(run_cli) -> None:
    code, out, err = run_cli(["info", "--schema"])
    assert (code, err) == (0, "")
    assert json.loads(out) == json_schema()


def test_info__shows_licence_use_and_scores(tmp_path: Path, run_cli) -> None:
    path = write(
        tmp_path, license="MIT", intended_use="Tests.", metrics={**METRICS, "n_seen": 3},
        data={
            "split": {**SPLIT, "name": None, "n_groups": 7, "method": "group", "seed": 3},
            "train_fraction": 0.25,
        },
    )  # fmt: skip
    _, out, _ = run_cli(["info", path])
    assert "licence       MIT\nintended use  Tests.\n" in out
    assert (
        "split         a column beside the labels: 3 train, 2 validation, 1 test in 7 groups" in out
    )
    assert "split method  group, seed 3\n" in out
    assert "learned from  0.25 of the training part\n" in out
    title, *table = out.partition("\n\n")[2].splitlines()
    assert title == (
        "scores on 24 sequences (the part test of a.fa), with 95 % intervals (bootstrap over "
        "records)"
    )
    assert table == [
        "3 of them were seen in training: THE SCORES MEASURE MEMORY",
        "                     score         from           to",
        "accuracy            0.5000       0.2500       0.7500",
        "yes, accuracy            -            -            -",
    ]


SPLIT = {"name": "s", "sha256": "0", "n_train": 3, "n_validation": 2, "n_test": 1, "n_groups": None}


def test_info__lets_no_file_steer_the_terminal(tmp_path: Path, run_cli) -> None:
    path = write(tmp_path, classes=["no", "\x1b[2Jyes\n"], fastgru_version="1\r\x1b[0m")
    _, out, _ = run_cli(["info", path])
    assert "\x1b" not in out
    assert "\r" not in out
    assert "'no, \\x1b[2Jyes\\n'" in out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b">a\nACGT\n", "not a readable model file ("),
        (b"", "not a readable model file ("),
        (b"\x80\x04\x95\0\0\0\0\0\0\0\0.", "expected a model written by 'fastgru train'. Check t"),
    ],
)
def test_info__explains_a_foreign_file(
    content: bytes, message: str, tmp_path: Path, run_cli
) -> None:
    (tmp_path / "m").write_bytes(content)
    code, out, err = run_cli(["info", tmp_path / "m"])
    assert (code, out) == (1, "")
    assert f"fastgru info: error: {tmp_path / 'm'}: {message}"[:40] in err
    assert message in err
    assert "Traceback" not in err


def test_info__survives_any_card_with_the_right_checksum(tmp_path: Path, work, run_cli) -> None:
    path = tmp_path / "m"
    codes = []
    for damaged in with_damaged_cards(work.model.read_bytes(), 100, seed=8):
        path.write_bytes(damaged)
        code, out, err = run_cli(["info", path])
        assert (code == 0) == bool(out)
        assert (code == 1) == (f"error: {path}: " in err)
        codes.append(code)
    assert {0, 1} == set(codes)


def test_info__explains_every_damaged_file_without_a_traceback(tmp_path: Path, run_cli) -> None:
    path, rng, codes = tmp_path / "m", random.Random(9), set()
    for number in range(160):
        damage = (*UNNOTICED, *FORGED)[number % len((*UNNOTICED, *FORGED))]
        path.write_bytes(damage(rng.choice(SAVED).read_bytes(), rng))
        code, out, err = run_cli(["info", path])
        assert code in (0, 1), err
        assert (code == 0) == bool(out)
        assert (code == 1) == (f"error: {path}: " in err)
        assert "Traceback" not in err
        codes.add(code)
    assert codes == {0, 1}
