"""``fastgru shards``, and the commands that work on one shard of a plan."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from fastgru import SequenceTagger
from tests.cli.conftest import Work

NUMBERS = [1, 2, 3, 7]


def as_lines(letters: str, width: int = 60) -> str:
    return "".join(f"{letters[at : at + width]}\n" for at in range(0, len(letters), width))


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A FASTA, a compressed FASTQ and another FASTA, with records that cannot be used."""
    rng = np.random.default_rng(7)
    texts = ["".join(rng.choice(list("ACGT"), rng.integers(1, 90))) for _ in range(60)]
    folder = tmp_path_factory.mktemp("reads")
    paths = [folder / name for name in ("a.fa", "b.fq.gz", "c.fa")]
    paths[0].write_text("".join(f">a{n} x\n{as_lines(text, 20)}" for n, text in enumerate(texts)))
    with gzip.open(paths[1], "wt") as file:
        file.write(
            "".join(f"@b{n}\n{text}\n+\n{'@' * len(text)}\n" for n, text in enumerate(texts))
        )
    paths[2].write_text(
        ">empty\n>odd\nAC!T\n" + "".join(f">c{n}\n{t}\n" for n, t in enumerate(texts))
    )
    return paths


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sequences longer than a shard, shorter than a window, and with N and lower case."""
    rng = np.random.default_rng(8)
    letters = "".join(rng.choice(list("ACGTacgt"), 3000))
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    records = {
        "long": letters[:500] + "N" * 77 + letters[500:],
        "short": "ACGTT",
        "b": letters[9:200],
    }
    path.write_text("".join(f">{name}\n{as_lines(text)}" for name, text in records.items()))
    return path


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACGT"), 40)) for _ in range(20)]
    labels = [text.replace("G", "g").replace("C", "g").replace("A", "a").replace("T", "a")
              for text in sequences]  # fmt: skip
    path = tmp_path_factory.mktemp("model") / "tagger.safetensors"
    how = {"hidden_size": 4, "embedding_size": 4, "max_epochs": 1, "early_stopping": False}
    SequenceTagger(**how, threads=1, random_state=0).fit(sequences, labels).save(path)
    return path


def in_shards(run_cli, folder: Path, command: list, planned: list, number: int) -> bytes:
    """Plan, run the command for each shard, and gather."""
    plan, tables = folder / f"{number}.json", []
    result = run_cli(["shards", *planned, "--number", number, "-o", plan])
    assert result.code == 0, result.err
    for shard in range(1, number + 1):
        tables.append(folder / f"{shard}-of-{number}.tsv")
        options = ["--shards", plan, "--shard", shard, "-o", tables[-1]]
        result = run_cli([*command, *options])
        assert result.code == 0, result.err
    assert run_cli(["gather", *tables, "-o", folder / f"{number}.tsv"]).code == 0
    return (folder / f"{number}.tsv").read_bytes()


@pytest.mark.parametrize("number", NUMBERS)
def test_predict__has_the_same_bytes_in_any_number_of_shards(
    run_cli, work: Work, reads: list[Path], tmp_path: Path, number: int
) -> None:
    command = ["predict", work.model, *reads, "--on-invalid", "status"]
    expected = tmp_path / "expected.tsv"
    assert run_cli([*command, "-o", expected]).code == 0
    assert in_shards(run_cli, tmp_path, command, reads, number) == expected.read_bytes()


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("more", [[], ["--regions"]], ids=["all", "regions"])
def test_scan__has_the_same_bytes_in_any_number_of_shards(
    run_cli, work: Work, genome: Path, tmp_path: Path, number: int, more: list[str]
) -> None:
    bed = tmp_path / "regions.bed"
    bed.write_text("long\t5\t6\nlong\t700\t1800\nlong\t3070\t3077\nb\t0\t9\n")
    windows = ["--window", 30, "--step", 7]
    command = ["scan", work.model, genome, *windows, "--strands", "both", *more, *[bed] * len(more)]
    expected = tmp_path / "expected.tsv"
    assert run_cli([*command, "-o", expected]).code == 0
    assert (
        in_shards(run_cli, tmp_path, command, [genome, *windows], number) == expected.read_bytes()
    )


@pytest.mark.parametrize("number", [2, 7])
def test_scan__has_the_same_bytes_in_any_number_of_shards_of_tiles(
    run_cli, tagger: Path, tmp_path: Path, number: int
) -> None:
    rng = np.random.default_rng(9)
    genome = tmp_path / "genome.fa"
    letters = "".join(rng.choice(list("ACGT"), 41_003))
    genome.write_text(f">one\n{as_lines(letters)}>two\n{as_lines(letters[:12_001], 70)}")
    command = ["scan", tagger, genome, "--context", 150, "--resolution", 50]
    expected = tmp_path / "expected.tsv"
    assert run_cli([*command, "-o", expected]).code == 0
    found = in_shards(run_cli, tmp_path, command, [genome, "--context", 150], number)
    assert found == expected.read_bytes()


def test_shards__writes_the_plan_and_says_what_it_holds(run_cli, genome: Path) -> None:
    code, out, err = run_cli(["shards", genome, "--number", 3, "--window", 30])
    assert code == 0
    plan = json.loads(out)
    assert plan["grid"] == {"window": 30, "step": 15, "context": 0}
    assert [shard["n_records"] for shard in plan["shards"]] == [1, 0, 2]
    assert "3 records and 3273 letters in 3 shards of at most " in err


def test_shard__past_all_records_is_an_empty_table(run_cli, work: Work, tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_text(">a\nACGT\n")
    command = ["predict", work.model, tmp_path / "a.fa"]
    expected = run_cli(command).out
    plan = tmp_path / "plan.json"
    assert run_cli(["shards", tmp_path / "a.fa", "--number", 2, "-o", plan]).code == 0
    found = [run_cli([*command, "--shards", plan, "--shard", shard]).out for shard in (1, 2)]
    header = expected.splitlines(keepends=True)[0]
    assert sorted(found) == [header, expected]


def test_predict__says_how_much_of_a_shard_is_done(
    run_cli, work: Work, reads: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastgru.estimators.streaming.CHUNK_LETTERS", 200)
    plan, compressed = tmp_path / "plan.json", reads[1]
    assert run_cli(["shards", compressed, "--number", 2, "-o", plan]).code == 0
    for shard in (1, 2):
        options = ["--shards", plan, "--shard", shard, "--threads", 1]
        code, _, err = run_cli(["predict", work.model, compressed, *options])
        assert code == 0
        shares = [int(share) for share in re.findall(r"predicting: (\d+) %, ", err)]
        assert shares == sorted(shares)
        assert len(shares) > 5
        assert 5 < shares[0] < 40
        assert shares[-1] == 100


def test_predict__names_the_line_of_a_bad_record_in_a_shard(
    run_cli, work: Work, tmp_path: Path
) -> None:
    fasta, plan = tmp_path / "a.fa", tmp_path / "plan.json"
    fasta.write_text("".join(f">r{n}\nACGT\n" for n in range(30)) + ">odd\nAC\nG!T\n")
    assert run_cli(["shards", fasta, "--number", 3, "-o", plan]).code == 0
    options = ["--shards", plan, "--shard", 3]
    code, out, err = run_cli(["predict", work.model, fasta, *options])
    assert (code, out) == (1, "")
    assert "line 63, record 'odd'" in err


def test_shard__is_refused_where_it_does_not_fit(
    run_cli, work: Work, genome: Path, tmp_path: Path
) -> None:
    plan, windows = tmp_path / "plan.json", tmp_path / "windows.json"
    assert run_cli(["shards", genome, "--number", 2, "-o", plan]).code == 0
    assert run_cli(["shards", genome, "--number", 2, "--window", 30, "-o", windows]).code == 0
    first = ["--shard", 1]
    scan = ["scan", work.model, genome]
    predict = ["predict", work.model, genome]
    series = ["--split", work.split]
    cases = [
        ([*predict, *first], "--shard: there is no --shards, expected both"),
        ([*predict, "--shards", plan], "--shards: there is no --shard, expected both"),
        ([*predict, "--shards", plan, "--shard", 3], "plan.json has 2 shards, expected one of"),
        ([*predict, "--shards", windows, *first], "is a plan for windows of 30 letters every 15,"),
        ([*scan, "--shards", plan, *first], "is a plan for whole records (no --window), expected"),
        (
            [*scan, "--window", 31, "--shards", windows, *first],
            "for windows of 31 letters every 15",
        ),
        ([*scan, "--shards", windows, *first, "--calls", "c.bed"], "--shard: tracks and calls are"),
        ([*predict, "--shards", plan, *first, *series], "--shard: --split chooses records of all"),
        (["predict", work.model, work.fasta, "--shards", plan, *first], "is not the file"),
        (["predict", work.model, "-", "--shards", plan, *first], "standard input: is read once"),
        (["shards", genome, "--number", 2, "--step", 3], "--step 3: there are no windows"),
        (["shards", genome, "--number", 2, "--window", 3, "--context", 3], "--context: is for mod"),
        (["shards", genome, "--number", 20_000], "--number 20000: expected at most 10000 shards"),
        (["shards", "-", "--number", 2], "standard input: is read once only"),
    ]
    for argv, message in cases:
        code, out, err = run_cli(argv)
        assert (code, out) == (2, ""), argv
        assert message in err


def test_shards__does_not_replace_its_input(run_cli, genome: Path, work: Work, tmp_path) -> None:
    copy, plan = tmp_path / "copy.fa", tmp_path / "plan.json"
    copy.write_bytes(genome.read_bytes())
    assert run_cli(["shards", copy, "--number", 2, "-o", copy, "--force"]).code == 2
    assert run_cli(["shards", copy, "--number", 2, "-o", plan]).code == 0
    options = ["--shards", plan, "--shard", 1, "-o", plan, "--force"]
    assert run_cli(["predict", work.model, copy, *options]).code == 2


def test_shards__checks_regions_that_no_shard_could(genome: Path, tmp_path: Path, run_cli) -> None:
    bed, plan = tmp_path / "a.bed", tmp_path / "plan.json"
    command = ["shards", genome, "--number", 2, "--regions", bed, "-o", plan]
    bed.write_text("long\t0\t3077\nshort\t1\t3\n")
    assert run_cli([*command, "--window", 50]).code == 0
    bed.write_text("long\t0\t100\nchr9\t1\t3\n")
    result = run_cli([*command, "--window", 50, "--force"])
    assert result.code == 1
    assert "there is no sequence 'chr9', expected names among 'long', 'short', 'b'" in result.err
    bed.write_text("short\t1\t6\n")
    result = run_cli([*command, "--window", 50, "--force"])
    assert "short: has a region up to 6, expected none behind the end" in result.err
    result = run_cli([*command, "--force"])
    assert result.code == 2
    assert "there are no windows, expected their length. Give --window or --context" in result.err
