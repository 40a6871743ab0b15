from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from itertools import count, pairwise, repeat
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fastgru import SequenceClassifier
from fastgru.cli import scan
from tests.cli.commands import peak_megabytes
from tests.cli.conftest import Work
from tests.planted import MOTIF
from tests.task_inputs import words_of, write_task

SEED = 5
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sequences: with N and lower case, shorter than a window, and plain."""
    rng = np.random.default_rng(SEED)
    letters = "".join(rng.choice(list("ACGT"), 2000))
    letters = letters[:400] + MOTIF * 5 + "N" * 100 + letters[400:600].lower() + letters[600:]
    records = {"chr2": letters, "scaffold|1": "ACGTTATAAT", "chr1": letters[900:1500]}
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text(
        "".join(
            f">{name} of nothing\n"
            + "".join(f"{letters[at : at + 60]}\n" for at in range(0, len(letters), 60))
            for name, letters in records.items()
        ),
        encoding="utf-8",
    )
    return path


def rows_of(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def test_scan__writes_what_the_model_says(run_cli, work: Work, genome: Path, tmp_path) -> None:
    out = tmp_path / "w.tsv"
    code, _, err = run_cli(["scan", work.model, genome, "-o", out, "--step", "20"])
    assert code == 0
    assert rows_of(out)[0] == ["chrom", "start", "end", "strand", "no", "yes"]
    model = SequenceClassifier.load(work.model)
    expected = [
        [rows.chrom, str(start), str(end), strand, *(f"{value:.6f}" for value in values)]
        for rows in model.scan(genome, step=20)
        for start, end, strand, values in zip(
            rows.starts, rows.ends, rows.strands, rows.values, strict=True
        )
    ]
    assert rows_of(out)[1:] == expected
    assert [row[:4] for row in expected if row[0] == "scaffold|1"] == [
        ["scaffold|1", "0", "10", "+"],
        ["scaffold|1", "0", "10", "-"],
    ]
    assert "3 sequences: 137 windows of 30 letters, step 20; 264 rows" in err
    assert "windows without row: 5 with more unknown letters than --max-unknown, 0 of the" in err
    assert "warning: shorter than a window, and scored as a whole: 1 sequence" in err
    assert "letters scanned: 2740/2740" in err
    assert "letters/s" in err


def test_pace__is_a_short_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "time", SimpleNamespace(monotonic=count(step=10).__next__))
    shown: list[tuple[int, str]] = []
    progress = SimpleNamespace(advance=lambda more, text: shown.append((more, text)))
    counts = SimpleNamespace(letters=0)
    pace = scan._Pace(counts, progress)
    for counts.letters in (500, 26_200, 63_000_000):
        pace.show()
    assert shown == [
        (500, "50 letters/s"),
        (25_700, "1.3 k letters/s"),
        (62_973_800, "2.1 M letters/s"),
    ]


def test_scan__has_the_same_bytes_whatever_the_threads_and_the_input(
    run_cli, work: Work, genome: Path, tmp_path
) -> None:
    def scanned(*options: object, fasta: object = genome, stdin: bytes = b"") -> str:
        code, out, err = run_cli(["scan", "-q", work.model, fasta, *options], stdin=stdin)
        assert code == 0, err
        return out

    expected = scanned("--threads", 1)
    packed = tmp_path / "genome.fa.gz"
    packed.write_bytes(gzip.compress(genome.read_bytes()))
    assert scanned("--threads", 2) == expected
    assert scanned(fasta=packed) == expected
    assert scanned(fasta="-", stdin=genome.read_bytes()) == expected


def test_windows__of_other_lengths_than_in_training_are_warned_of(
    run_cli, work: Work, genome: Path
) -> None:
    for window, expected in ((29, True), (30, False), (31, True)):
        options = ["--window", window, "--step", 500]
        code, _, err = run_cli(["scan", work.model, genome, *options])
        assert code == 0
        text = f"warning: windows have {window} letters, and the model was trained on sequences of"
        assert (text in err) == expected


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_scan__that_is_killed_leaves_nothing_that_looks_complete(
    work: Work, genome: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    fasta = tmp_path / "long.fa"
    fasta.write_text(">chr1\n" + "ACGTTGCAAC" * 50_000 + "\n", encoding="utf-8")  # minutes of work
    options = ["-o", "w.tsv", "--calls", "c.bed", "--bedgraph", "s.{strand}.bedgraph"]
    command = [sys.executable, "-m", "fastgru", "scan", work.model, fasta, *options, "--step", "1"]
    with subprocess.Popen(
        [*map(str, command)],
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as running:
        assert running.stderr is not None
        while "letters scanned" not in (line := running.stderr.readline()):
            assert line, "it ended too early"
        running.send_signal(sent)
    left = {path.name for path in tmp_path.iterdir()} - {fasta.name}
    assert running.returncode in (143, -sent)
    assert all(name.startswith(".") for name in left)
    assert sent == signal.SIGKILL or not left


def test_scan__ends_quietly_where_its_reader_does(work: Work, genome: Path) -> None:
    command = f"{sys.executable} -m fastgru scan {work.model} {genome} --step 1 | head -n 2"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", command], check=True, capture_output=True, text=True, env=environment
    )
    assert len(done.stdout.splitlines()) == 2
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr


def test_regions__have_the_rows_of_the_whole(run_cli, work: Work, genome: Path, tmp_path) -> None:
    bed = tmp_path / "r.bed"
    bed.write_text("chr1\t0\t1\nchr2\t100\t160\nchr2\t2129\t2130\n", encoding="utf-8")
    options = ["--strands", "forward", "--step", "10"]
    _, whole, _ = run_cli(["scan", "-q", work.model, genome, *options])
    code, out, _ = run_cli(["scan", "-q", work.model, genome, *options, "--regions", bed])
    assert code == 0
    lines = out.splitlines()
    assert set(lines) < set(whole.splitlines())
    places = [tuple(map(int, line.split("\t")[1:3])) for line in lines[1:-1]]
    assert places == [*((start, start + 30) for start in range(80, 160, 10)), (2100, 2130)]
    assert lines[-1].startswith("chr1\t0\t30\t+\t")
    _, piped, _ = run_cli(
        ["scan", "-q", work.model, "-", *options, "--regions", bed], stdin=genome.read_bytes()
    )
    assert piped == out


def test_regions__of_unknown_sequences_are_refused(
    run_cli, work: Work, genome: Path, tmp_path
) -> None:
    bed, out = tmp_path / "r.bed", tmp_path / "w.tsv"
    bed.write_text("1\t0\t10\n2\t0\t10\n", encoding="utf-8")
    for fasta in (genome, "-"):
        code, _, err = run_cli(
            ["scan", work.model, fasta, "--regions", bed, "-o", out], stdin=genome.read_bytes()
        )
        assert code == 1
        assert "r.bed: there is no sequence '1', '2', expected names among 'chr2', 'sca" in err
        assert list(tmp_path.iterdir()) == [bed]


def test_masks__leave_windows_out(run_cli, work: Work, genome: Path) -> None:
    def starts(*options: object) -> list[int]:
        _, out, err = run_cli(
            ["scan", work.model, genome, "--strands", "forward", "--step", "10", *options]
        )
        assert "windows without row: " in err
        rows = [line.split("\t") for line in out.splitlines()]
        return [int(row[1]) for row in rows if row[0] == "chr2"]

    # N from 430 to 530, lower case from 530 to 730
    assert not set(starts("--max-unknown", 0)) & set(range(410, 530))
    assert {410, 520} <= set(starts())
    masked = starts("--max-masked", 0)
    assert not set(masked) & set(range(510, 730))
    assert 730 in masked


def test_tracks__come_with_the_table_or_from_it(
    run_cli, work: Work, genome: Path, tmp_path
) -> None:
    pytest.importorskip("pyBigWig")

    def outputs(name: str) -> list[object]:
        return [
            *("--bedgraph", tmp_path / f"{name}.{{strand}}.bedgraph"),
            *("--bigwig", tmp_path / f"{name}.{{strand}}.bw"),
            *("--calls", tmp_path / f"{name}.bed"),
            *("--call-above", 0.6, "--extend-above", 0.4),
        ]

    table = tmp_path / "w.tsv"
    code, _, err = run_cli(["scan", work.model, genome, "-o", table, *outputs("a")])
    assert code == 0, err
    code, _, err = run_cli(["tracks", table, "--sizes", genome, *outputs("b")])
    assert code == 0, err
    names = [*(f"{strand}.{kind}" for strand in ("plus", "minus") for kind in ("bedgraph", "bw"))]
    for name in (*names, "bed"):
        made = (tmp_path / f"a.{name}").read_bytes()
        assert made
        assert made == (tmp_path / f"b.{name}").read_bytes()
    calls = rows_of(tmp_path / "a.bed")
    assert calls == sorted(calls, key=lambda row: (row[0] != "chr2", int(row[1]), int(row[2])))
    assert {row[3] for row in calls} == {"yes"}
    for before, after in pairwise(row for row in calls if row[5] == "+"):
        assert before[0] != after[0] or int(before[2]) < int(after[1])


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_scan__knows_the_task_from_the_model(run_cli, task: str, genome, tmp_path: Path) -> None:
    files, model = write_task(tmp_path, task), tmp_path / "model.safetensors"
    options = ["--hidden-size", "4", "--max-epochs", "1"]
    code, _, err = run_cli(["train", "-q", *words_of(tmp_path, task, files), *options, "-o", model])
    assert code == 0, err
    calls = tmp_path / "c.bed"
    code, out, err = run_cli(["scan", "-q", model, genome, "--strands", "symmetric"])
    assert code == 0, err
    columns = {"multilabel": ["many", "some"], "regression": ["dose", "half_life"]}[task]
    header, *rows = out.splitlines()
    assert sorted(header.split("\t")[4:]) == columns
    assert {row.split("\t")[3] for row in rows} == {"."}
    code, _, err = run_cli(
        ["scan", "-q", model, genome, "--calls", calls, "-o", tmp_path / "w.tsv"]
    )
    if task == "regression":
        assert code == 1
        assert "expected probabilities from 0 to 1. Leave --calls out for a model of num" in err
        assert not calls.exists()
    else:
        assert code == 0


def test_scan__refuses_a_model_of_another_task(run_cli, genome: Path, tmp_path: Path) -> None:
    files, model = write_task(tmp_path, "language_model"), tmp_path / "model.safetensors"
    options = ["--hidden-size", "4", "--max-epochs", "1"]
    words = words_of(tmp_path, "language_model", files)
    assert run_cli(["train", "-q", *words, *options, "-o", model]).code == 0
    code, out, err = run_cli(["scan", model, genome])
    assert (code, out) == (2, "")
    assert "scan: the model is one of language_model, expected classification, multilabel" in err


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize(
    "length", [12_000_000, pytest.param(250_000_000, marks=pytest.mark.exhaustive)]
)
def test_memory__does_not_grow_with_a_chromosome(work: Work, tmp_path: Path, length: int) -> None:
    peaks = []
    for size in (1_000_000, length):
        fasta, line = tmp_path / "chromosome.fa", "ACGTTGCAAC" * 10 + "\n"
        with fasta.open("w", encoding="utf-8") as file:
            file.write(">chr1\n")
            file.writelines(repeat(line * 1000, size // 100_000))
        peaks.append(peak_megabytes("scan", "-q", work.model, fasta, "--step", size // 250))
    assert peaks[1] < peaks[0] + 15, f"{peaks} MB"


def test_bad_records__end_the_scan_before_any_work(
    run_cli, work: Work, genome: Path, tmp_path
) -> None:
    bad, out = tmp_path / "bad.fa", tmp_path / "w.tsv"
    bad.write_text(">x\nAC!T\n>chr1\nACGT\n", encoding="utf-8")
    code, _, err = run_cli(["scan", work.model, genome, bad, "-o", out])
    assert code == 1
    assert "record 'x': letter '!' at position 3 is not in the dna alphabet" in err
    assert "record 'chr1': an earlier record has the same name" in err
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--bigwig", "{folder}/s.bw.gz"], "bigWig files are not compressed, expected a name such"),
        (["--bedgraph", "{folder}/s.bg"], "is one name for the strands + and -, expected one with"),
        (["--calls", "{folder}/w.tsv"], "given for two outputs, expected a file for each"),
        (["--calls", "-", "-o", "-"], "standard output (-): given for two outputs"),
        (["--class", "maybe", "--calls", "{folder}/c"], "--class maybe: there is no such class"),
        (["--max-masked", "2"], "argument --max-masked: expected a number from 0 to 1, got '2'"),
    ],
)
def test_options__that_cannot_be_are_refused_beforehand(
    run_cli, work: Work, genome: Path, tmp_path, options: list[str], message: str
) -> None:
    words = [word.replace("{folder}", str(tmp_path)) for word in options]
    code, _, err = run_cli(["scan", work.model, genome, "-o", tmp_path / "w.tsv", *words])
    assert code == 2
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_outputs__are_no_inputs_and_not_replaced(run_cli, work, genome, tmp_path) -> None:
    code, _, err = run_cli(["scan", work.model, genome, "--calls", genome, "--force"])
    assert code == 2
    assert "is an input and would be overwritten" in err
    old = tmp_path / "s.plus.bw"
    old.write_text("old", encoding="utf-8")
    code, _, err = run_cli(["scan", work.model, genome, "--bigwig", tmp_path / "s.{strand}.bw"])
    assert code == 1
    assert "s.plus.bw: exists already" in err


def test_bigwig__needs_its_package_before_any_work(
    run_cli, work, genome, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyBigWig", None)
    options = ["--bigwig", tmp_path / "s.{strand}.bw", "-o", tmp_path / "w.tsv"]
    code, _, err = run_cli(["scan", work.model, genome, *options])
    assert code == 1
    assert "--bigwig: needs pyBigWig, which cannot be imported" in err
    assert "pip install 'fastgru[bigwig]'" in err
    assert list(tmp_path.iterdir()) == []
