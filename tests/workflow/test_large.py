"""The sections `predict` and `scan`: large inputs in shards."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.planted import plant
from tests.workflow.running import ROOT, refusals_of, run_snakemake
from tests.workflow.test_configuration import CONFIG, make_project

SCHEMA = yaml.safe_load((ROOT / "workflows/schemas/config.schema.yaml").read_text())
NUMBERS = (1, 2, 7)
SCAN = "model: my model.safetensors, fasta: genome.fa, window: 20, step: 6, strands: both"
SECTIONS = """\
predict:
  one: {model: my model.safetensors, fasta: [reads.fa, more.fa.gz], on_invalid: status}
  three: {model: my model.safetensors, fasta: [reads.fa, more.fa.gz], on_invalid: status, shards: 3}
scan:
"""
SECTIONS += "".join(f"  of{number}: {{{SCAN}, shards: {number}}}\n" for number in NUMBERS)
SECTIONS += f"  tracked: {{{SCAN}, letters_per_shard: 900, tracks: [bedgraph], class: 'yes'}}\n"


def write_inputs(folder: Path) -> None:
    rng = np.random.default_rng(3)
    reads = ["".join(rng.choice(list("ACGT"), rng.integers(5, 60))) for _ in range(40)]
    text = "".join(f">r{number}\n{letters}\n" for number, letters in enumerate(reads))
    (folder / "reads.fa").write_text(text + ">bad\nAC!\n")
    (folder / "more.fa.gz").write_bytes(gzip.compress(text.encode()))
    letters = "".join(rng.choice(list("ACGTN"), 1500))
    lines = "".join(f"{letters[at : at + 70]}\n" for at in range(0, len(letters), 70))
    (folder / "genome.fa").write_text(f">chr1\n{lines}>chr2\n{letters[:33]}\n")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, large inputs and sections that name them."""
    from fastgru import SequenceClassifier

    folder = make_project(tmp_path_factory.mktemp("large") / "project", CONFIG + SECTIONS)
    write_inputs(folder)
    sequences, labels = plant(40, seed=1)
    how = {"hidden_size": 4, "embedding_size": 4, "max_epochs": 1, "early_stopping": False}
    model = SequenceClassifier(**how, threads=1, random_state=0).fit(sequences, labels)
    model.save(folder / "my model.safetensors")
    return folder


def counts_of(printed: str) -> dict[str, int]:
    found = re.findall(r"^(\w+) +(\d+)$", printed, flags=re.MULTILINE)
    return {name: int(count) for name, count in found}


@pytest.fixture(scope="module")
def planned(project: Path) -> str:
    result = run_snakemake(project, "-n", "--printshellcmds")
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_workflow__plans_all_shards(planned: str) -> None:
    counts = counts_of(planned)
    assert (counts["plan_prediction"], counts["predict"], counts["gather_predictions"]) == (2, 4, 2)
    # the file has about 1560 letters, so that 900 to a shard makes two
    assert (counts["plan_scan"], counts["scan"], counts["gather_scan"]) == (4, 12, 4)
    assert (counts["calls"], counts["tracks"]) == (4, 1)


def test_workflow__tells_the_command_what_is_configured(planned: str) -> None:
    assert "fastgru shards reads.fa more.fa.gz --number 3 --output" in planned
    assert "fastgru shards genome.fa --number 7 --window 20 --step 6 --output" in planned
    expected = "fastgru predict 'my model.safetensors' reads.fa more.fa.gz --shards results/"
    assert f"{expected}predictions/three/shards.json --shard 2 --on-invalid status " in planned
    assert "--shard 7 --window 20 --step 6 --strands both --threads 1 --output" in planned
    assert (
        "--bedgraph 'results/scans/tracked/tracks/scores.{strand}.bedgraph' --class yes" in planned
    )


def test_workflow__is_what_it_was_without_the_sections(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    counts = counts_of(run_snakemake(project, "-n").stdout)
    assert not counts.keys() & {"plan_prediction", "predict", "plan_scan", "scan", "tracks"}


def test_workflow__waits_for_its_own_models(tmp_path: Path) -> None:
    sections = "predict:\n  reads: {model: d/m, fasta: reads.fa, shards: 2}\n"
    project = make_project(tmp_path / "project", CONFIG + sections)
    write_inputs(project)
    target = "results/predictions/reads/predictions.tsv.gz"
    printed = run_snakemake(project, "-n", "--printshellcmds", target).stdout
    assert "fastgru predict results/d/models/m.safetensors reads.fa --shards" in printed
    assert counts_of(printed)["annotate"] == 1
    assert "audit" not in counts_of(printed)


GOOD = "{model: d/m, fasta: a.fa}"
FAULTY = [
    ("predict", GOOD.replace("a.fa", "gone.fa"), "x > fasta: there is no file 'gone.fa', expected"),
    ("predict", GOOD.replace("a.fa", "[a.fa, gone.fa]"), "x > fasta: there is no file 'gone.fa'"),
    ("predict", GOOD.replace("d/m", "d/n"), "x > model: there is no file 'd/n' and no such model"),
    ("predict", "{fasta: a.fa}", "predict > x: 'model' is a required property"),
    ("predict", GOOD.replace("}", ", shards: 0}"), "x > shards: 0 is less than the minimum of 1"),
    ("predict", GOOD.replace("}", ", window: 3}"), "predict > x: unknown key 'window'"),
    (
        "scan",
        GOOD,
        "scan > x: expected either window, or, for a model that labels letters, context",
    ),
    (
        "scan",
        GOOD.replace("}", ", window: 3, context: 3}"),
        "scan > x: expected either window, or,",
    ),
    ("scan", GOOD.replace("}", ", windw: 3}"), "unknown key 'windw'; did you mean 'window'?"),
    (
        "scan",
        GOOD.replace("}", ", window: 3, regions: r.bed}"),
        "x > regions: there is no file 'r.",
    ),
    ("scan", GOOD.replace("}", ", window: 3, tracks: [bedgraph]}"), "x > tracks: there are no str"),
    (
        "scan",
        "{model: d/m, fasta: [a.fa, b.fa], window: 3, strands: both, tracks: [bigwig]}",
        "x > tracks: bigwig takes the lengths of chromosomes from one file, found 2 under fasta",
    ),
]


def test_workflow__refuses_large_inputs_that_it_cannot_use(tmp_path: Path) -> None:
    projects = [
        make_project(tmp_path / f"{number}", f"{CONFIG}{section}:\n  x: {entry}\n")
        for number, (section, entry, _) in enumerate(FAULTY)
    ]
    for (_, _, expected), actual in zip(FAULTY, refusals_of(projects), strict=True):
        assert expected in actual


def test_schema__describes_every_key_of_the_sections() -> None:
    for section in ("predict", "scan"):
        entries = SCHEMA["properties"][section]["additionalProperties"]["properties"]
        for name, entry in entries.items():
            place = entry.get("$ref", "").rpartition("/")[2]
            assert (SCHEMA["$defs"][place] if place else entry)["description"], name


def test_schema__offers_the_options_of_the_commands(run_cli) -> None:
    own = {"model", "fasta", "shards", "letters_per_shard", "calls", "tracks"}
    for section in ("predict", "scan"):
        entries = SCHEMA["properties"][section]["additionalProperties"]["properties"]
        options = run_cli([section, "--help"]).out
        for name in entries.keys() - own:
            assert f"--{name.replace('_', '-')} " in options, name


def test_readme__names_every_key_of_the_sections() -> None:
    text = (ROOT / "config/README.md").read_text()
    for section in ("predict", "scan"):
        for name in SCHEMA["properties"][section]["additionalProperties"]["properties"]:
            assert f"`{name}`" in text, name


@pytest.fixture(scope="module")
def results(project: Path) -> Path:
    """The results of a run of the sections alone."""
    predicted = [f"results/predictions/{name}/predictions.tsv.gz" for name in ("one", "three")]
    names = [*(f"of{number}" for number in NUMBERS), "tracked"]
    scanned = [f"results/scans/{name}/calls.bed" for name in names]
    targets = [*predicted, *scanned, "results/scans/tracked/tracks"]
    result = run_snakemake(project, "--cores", "2", *targets)
    assert result.returncode == 0, result.stdout
    return project / "results"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_predictions__have_the_bytes_of_a_single_run(project, results, run_cli) -> None:
    files = [project / name for name in ("my model.safetensors", "reads.fa", "more.fa.gz")]
    expected = run_cli(["predict", *files, "--on-invalid", "status"]).out
    assert expected.count("\n") == 82
    for name in ("one", "three"):
        found = gzip.decompress((results / f"predictions/{name}/predictions.tsv.gz").read_bytes())
        assert found.decode() == expected


KILLED = """\
#!{python}
# fastgru, which is killed in a prediction once: when it has written ten records or so
import os, signal, sys
from fastgru.cli import main

if sys.argv[1] == "predict" and not os.path.exists("killed"):
    import fastgru.cli.resuming, fastgru.estimators.streaming

    fastgru.estimators.streaming.CHUNK_LETTERS = 300
    fastgru.cli.resuming._COMMIT_SECONDS = 0
    n_writes, fsync = 0, os.fsync

    def kill_at(descriptor):
        global n_writes
        n_writes += 1
        if n_writes == 4:
            open("killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(descriptor)

    os.fsync = kill_at
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_prediction__goes_on_where_a_job_was_killed(project: Path, run_cli, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("results", ".snakemake", "logs"))
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / "fastgru").write_text(KILLED.format(python=sys.executable))
    (commands / "fastgru").chmod(0o755)
    target = "results/predictions/one/predictions.tsv.gz"
    result = run_snakemake(copy, "--cores", "1", "--retries", "1", target, commands=commands)
    assert result.returncode == 0, result.stdout
    assert (copy / "killed").exists()
    (log,) = (copy / "logs/predictions/one").glob("1-of-*.log")
    assert re.search(r"prediction goes on after \d+ records", log.read_text())
    files = [copy / name for name in ("my model.safetensors", "reads.fa", "more.fa.gz")]
    expected = run_cli(["predict", *files, "--on-invalid", "status"]).out
    assert gzip.decompress((copy / target).read_bytes()).decode() == expected
    assert not list(copy.glob("results/**/.*.part*"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_scans__have_the_bytes_of_a_single_run(project, results, run_cli, tmp_path) -> None:
    files = [project / name for name in ("my model.safetensors", "genome.fa")]
    options = ["--window", "20", "--step", "6", "--strands", "both"]
    tracks = [
        "--calls",
        tmp_path / "calls.bed",
        "--bedgraph",
        tmp_path / "scores.{strand}.bedgraph",
    ]
    code, expected, err = run_cli(["scan", *files, *options, *tracks])
    assert code == 0, err
    assert expected.count("\n") > 400
    for name in ("of1", "of2", "of7", "tracked"):
        folder = results / "scans" / name
        assert gzip.decompress((folder / "windows.tsv.gz").read_bytes()).decode() == expected
        assert (folder / "calls.bed").read_bytes() == (tmp_path / "calls.bed").read_bytes()
    for strand in ("plus", "minus"):
        file = f"scores.{strand}.bedgraph"
        found = (results / "scans/tracked/tracks" / file).read_bytes()
        assert found == (tmp_path / file).read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_shards__leave_their_plan_and_no_tables(results: Path) -> None:
    for folder in ("predictions", "scans"):
        assert not list((results / folder).rglob("*-of-*.tsv"))
    plan = json.loads((results / "scans/of7/shards.json").read_text())
    assert len(plan["shards"]) == 7
    # a chromosome was cut
    assert any(part["record"] == "chr1" for shard in plan["shards"] for part in shard["parts"])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_changed_number_of_shards__is_scanned_again(project: Path, results: Path) -> None:
    config = project / "config/changed.yaml"
    config.write_text((CONFIG + SECTIONS).replace("shards: 7", "shards: 5"))
    target = "results/scans/of7/windows.tsv.gz"
    unchanged = run_snakemake(project, "-n", target)
    assert "Nothing to be done" in unchanged.stdout
    changed = run_snakemake(project, "-n", target, "--configfile", str(config))
    assert counts_of(changed.stdout)["scan"] == 5
