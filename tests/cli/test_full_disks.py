"""A scan that fills a disk leaves nothing half-written, and says which disk."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import Start
from tests.cli.conftest import Work

pytestmark = pytest.mark.slow  # a scan in a process of its own for each

OUTPUTS = {"w.tsv.gz": "-o", "s.bedgraph": "--bedgraph", "c.bed": "--calls", "s.bw": "--bigwig"}


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    letters = "".join(np.random.default_rng(3).choice(list("ACGT"), 60_000))
    path.write_text(f">chr1\n{letters}\n", encoding="utf-8")
    return path


def scan(
    start: Start,
    work: Work,
    genome: Path,
    folder: Path,
    most_bytes: int | None = None,
    **places: Path,
) -> tuple[int, str]:
    """Scan into a folder, but for the outputs and temporary files in other places."""
    paths = {name: places.get(name, folder) / name for name in OUTPUTS}
    words = [word for name, option in OUTPUTS.items() for word in (option, paths[name])]
    # half the windows reach this score, so that there are hundreds of calls
    limits = ["--step", 30, "--strands", "forward", "--call-above", 0.594, "--extend-above", 0.594]
    temporary = {"tempfile.tempdir": str(places.get("temporary", folder))}
    arguments = ["scan", work.model, genome, *limits, *words, "-t", "1", "--force"]
    return start(folder, arguments, settings=temporary, most_bytes=most_bytes).finish()


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


@pytest.mark.parametrize("name", OUTPUTS)
def test_scan__that_fills_the_disk_of_an_output_leaves_none(
    name: str, work: Work, genome: Path, start: Start, small_disk: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pyBigWig")
    folder = tmp_path / "room"
    folder.mkdir()
    resize(small_disk, "4k")
    code, err = scan(start, work, genome, folder, **{name: small_disk})
    assert code == 1
    message = f"fastgru scan: error: {small_disk}/{name}: No space left on device. Make room there"
    assert message in err
    assert "Traceback" not in err
    assert list(small_disk.iterdir()) == []
    # others may be whole, but the table, without which nobody takes them for it, comes last
    assert not (folder / "w.tsv.gz").exists()
    assert not list(folder.glob(".*"))
    resize(small_disk, "4m")
    code, err = scan(start, work, genome, folder, **{name: small_disk})
    assert code == 0, err
    assert [path.name for path in small_disk.iterdir()] == [name]


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("4k", "s.bw: temporary file in {disk}: No space left on device. Make room there"),
        ("80k", "s.bw: 0 MB are free for temporary files in {disk}, expected 0 MB at least. Make"),
    ],
)
def test_scan__that_fills_the_disk_of_temporary_files_leaves_none(
    size: str,
    message: str,
    work: Work,
    genome: Path,
    start: Start,
    small_disk: Path,
    tmp_path: Path,
) -> None:
    pytest.importorskip("pyBigWig")
    folder = tmp_path / "room"
    folder.mkdir()
    resize(small_disk, size)
    code, err = scan(start, work, genome, folder, temporary=small_disk)
    assert code == 1
    assert message.replace("{disk}", str(small_disk)) in err
    assert "Traceback" not in err
    assert list(small_disk.iterdir()) == []
    assert list(folder.iterdir()) == []


def test_scan__that_meets_a_limit_of_size_leaves_nothing(
    work: Work, genome: Path, start: Start, tmp_path: Path
) -> None:
    pytest.importorskip("pyBigWig")
    for limit, name in ((10_000, "w.tsv.gz"), (60_000, "track.bw")):
        code, err = scan(start, work, genome, tmp_path, most_bytes=limit)
        assert code == 1
        assert f"/{name}: File too large. Raise the limit of the size of files (ulimit -f)" in err
        assert list(tmp_path.iterdir()) == []
