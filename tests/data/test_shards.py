"""Plans of shards, against windows and records that are listed one by one."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fastgru.data import places
from fastgru.data.alphabets import get_alphabet
from fastgru.data.fasta import read_fasta
from fastgru.data.records import read_records
from fastgru.data.shard_file import read_plan, write_plan
from fastgru.data.shard_input import ShardInput
from fastgru.data.shard_reading import check_files, file_parts
from fastgru.data.shards import Grid, ShardPlan, plan_shards
from fastgru.data.windows import WindowGrid
from fastgru.errors import ConfigurationError, FastaFormatError
from tests.strategies import fasta_texts

COMPRESSIONS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def write(folder: Path, texts: list[str], suffix: str = "") -> list[Path]:
    paths = [folder / f"{number}.fa{suffix}" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(COMPRESSIONS[suffix](text.encode()))
    return paths


def count_windows(length: int, grid: Grid) -> int:
    return 1 + -(-max(length - grid.window, 0) // grid.step)


def place_of(window: int, length: int, grid: Grid) -> tuple[int, int]:
    """Where a window reads; the last one is moved back to the end of the record."""
    start = min(window * grid.step, max(length - grid.window, 0))
    return max(start - grid.context, 0), min(start + grid.window + grid.context, length)


def all_windows(paths: list[Path], grid: Grid) -> list[tuple[str, int, str]]:
    """List all windows with the letters that are read for each."""
    found = []
    for record in (record for path in paths for record in read_fasta(path)):
        length = len(record.sequence)
        for window in range(count_windows(length, grid)):
            begin, end = place_of(window, length, grid)
            found.append((record.id, window, record.sequence[begin:end]))
    return found


def windows_in_shards(plan: ShardPlan, paths: list[Path]) -> list[tuple[str, int, str]]:
    """List the windows of all shards with the letters that are read for each."""
    found = []
    assert plan.grid is not None
    grid, lengths = plan.grid, {}
    for number in range(1, len(plan.shards) + 1):
        of_rows = {"alphabet": get_alphabet("dna"), "grid": WindowGrid(grid.window, grid.step)}
        given = ShardInput(plan, number, paths, **of_rows)
        for sequence, ranges in given:
            for window in (window for first, end in ranges for window in range(first, end)):
                begin, end = place_of(window, sequence.length, grid)
                assert begin >= sequence.offset
                letters = sequence.letters[begin - sequence.offset : end - sequence.offset]
                found.append((sequence.id, window, letters))
        assert all(lengths.get(name, length) == length for name, length in given.lengths.items())
        lengths |= given.lengths
    return found


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a short file look like a long one."""
    monkeypatch.setattr(places, "_BLOCK", 13)
    monkeypatch.setattr(places, "_SMALLEST_STEP", 4)
    monkeypatch.setattr(places, "_MOST_PLACES", 8)


SETTINGS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
BEGINNINGS = st.sampled_from(["", "\ufeff", ";first\n\n"])
TEXT = st.tuples(BEGINNINGS, fasta_texts()).map(lambda drawn: drawn[0] + drawn[1][1])
TEXTS = st.lists(TEXT, min_size=1, max_size=3)


@SETTINGS
@given(texts=TEXTS, number=st.integers(1, 9), suffix=st.sampled_from(list(COMPRESSIONS)))
def test_shards_of_records__are_the_records_in_order(
    texts: list[str], number: int, suffix: str, tmp_path: Path, small_blocks: None
) -> None:
    paths = write(tmp_path, texts, suffix)
    write_plan(plan_shards(paths, number), tmp_path / "plan.json")
    plan = read_plan(tmp_path / "plan.json")
    expected = [record for path in paths for record in read_fasta(path)]
    found = []
    for shard in range(1, number + 1):
        records = [record for part in file_parts(plan, shard, paths) for record in read_fasta(part)]
        assert len(records) == plan.shards[shard - 1].n_records
        assert sum(len(record.sequence) for record in records) == plan.shards[shard - 1].n_letters
        found += records
    assert found == expected  # with the line of each
    assert [r.line_of(1) for r in found] == [r.line_of(1) for r in expected]
    assert (plan.n_records, len(plan.shards)) == (len(expected), number)


@SETTINGS
@given(
    texts=TEXTS,
    number=st.integers(1, 9),
    suffix=st.sampled_from(list(COMPRESSIONS)),
    grid=st.builds(Grid, st.integers(1, 20), st.integers(1, 25), st.integers(0, 9)),
)
def test_shards_of_windows__are_all_windows_once_and_in_order(
    texts: list[str], number: int, suffix: str, grid: Grid, tmp_path: Path, small_blocks: None
) -> None:
    paths = write(tmp_path, texts, suffix)
    write_plan(plan_shards(paths, number, grid=grid), tmp_path / "plan.json")
    plan = read_plan(tmp_path / "plan.json")
    records = [record for path in paths for record in read_fasta(path)]
    assume(len({record.id for record in records}) == len(records))
    assume(all(record.sequence for record in records))
    assert windows_in_shards(plan, paths) == all_windows(paths, grid)


@SETTINGS
@given(
    reads=st.lists(st.text("ACGTN", max_size=9), min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    number=st.integers(1, 5),
)
def test_shards_of_fastq__are_the_records_in_order(
    reads: list[str], end: str, number: int, tmp_path: Path
) -> None:
    lines = [f"@r{at} x{end}{read}{end}+{end}{'@' * len(read)}" for at, read in enumerate(reads)]
    (path,) = write(tmp_path, [end.join(lines) + end])
    plan = plan_shards([path], number)
    shards = range(1, number + 1)
    parts = [part for shard in shards for part in file_parts(plan, shard, [path])]
    records = [record for part in parts for record in read_records(part)]
    assert records == list(read_records(path))


def test_plan_shards__refuses_fastq_in_more_lines(tmp_path: Path) -> None:
    (path,) = write(tmp_path, ["@a\nAC\n+\nII\n@b\nAC\nGT\n+\nIIII\n"])
    with pytest.raises(FastaFormatError, match=r"0.fa, line 5: found a FASTQ record that has not"):
        plan_shards([path], 2)


def test_plan_shards__knows_no_windows_of_fastq(tmp_path: Path) -> None:
    (path,) = write(tmp_path, ["@a\nACGT\n+\nIIII\n"])
    with pytest.raises(FastaFormatError, match=r"0.fa, line 1: this looks like a FASTQ file, exp"):
        plan_shards([path], 2, grid=Grid(4, 2))


def test_shard__names_lines_of_the_whole_file(tmp_path: Path) -> None:
    lines = [">a", *100 * ["ACGTACGT"], ">b", *20 * ["AC"]]
    lines[70] = "AC?TACGT"
    (path,) = write(tmp_path, ["\n".join(lines)])
    plan = plan_shards([path], 3, grid=Grid(4, 2))
    grid, found = WindowGrid(4, 2), []
    for shard in (1, 2, 3):
        try:
            list(ShardInput(plan, shard, [path], alphabet=get_alphabet("dna"), grid=grid))
        except FastaFormatError as error:
            found.append(str(error))
    assert len(found) == 1
    assert "line 71, record 'a'" in found[0]


def test_shards__have_about_equally_many_letters(tmp_path: Path, rng) -> None:
    letters = "".join(rng.choice(list("ACGT"), 200_000))
    (path,) = write(tmp_path, [f">chr\n{letters}\n>short\nACGT\n"])
    plan = plan_shards([path], 7, grid=Grid(100, 50))
    shares = [shard.n_letters for shard in plan.shards]
    assert sum(shares) == plan.n_letters == 200_004
    assert max(shares) - min(shares) < 0.02 * plan.n_letters / 7


def test_shards_of_windows__read_little_more_than_their_windows(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [">chr\n" + 10_000 * f"{60 * 'A'}\n"])
    plan = plan_shards([path], 4, grid=Grid(100, 50))
    for shard in plan.shards[:-1]:
        (part,) = shard.parts
        assert part.end is not None
        assert part.end - part.begin < 1.02 * path.stat().st_size / 4


def test_places__stay_few_however_long_the_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_MOST_PLACES", 50)
    (path,) = write(tmp_path, ["".join(f">r{number}\nACGTAC\n" for number in range(1000))])
    found = places.find_places([path], within_records=False)
    assert 25 <= len(found.kept) <= 50
    distances = [
        b.n_letters - a.n_letters for a, b in zip(found.kept, found.kept[1:], strict=False)
    ]
    assert max(distances) <= 2 * found.spacing


def test_shards__may_be_empty(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [">a\nACGT\n>b\nAC\n"])
    plan = plan_shards([path], 5)
    assert sorted(len(shard.parts) for shard in plan.shards) == [0, 0, 0, 1, 1]


def test_plan__is_the_same_for_any_compression(tmp_path: Path) -> None:
    text = "".join(f">r{number}\n{'ACGT' * number}\n" for number in range(40))
    plans = []
    for suffix in COMPRESSIONS:
        paths = write(tmp_path, [text], suffix)
        plans.append(plan_shards(paths, 3, grid=Grid(10, 5)).shards)
    assert plans == [plans[0]] * len(plans)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file holds no records, expected FASTA"),
        (b"\n\nACGT\n>a\nAC\n", "0.fa, line 3: found 'ACGT', expected a FASTA header"),
        ("\ufeff>a\nACGT\n".encode("utf-16-le"), "is UTF-16 text, expected UTF-8"),
        (b"\x89HDF\r\n", "an HDF5 file, expected text"),
        (gzip.compress(b">a\nACGT\n", mtime=0)[:-9], "ends too early"),
    ],
)
def test_plan_shards__refuses_what_is_no_fasta(
    content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "0.fa").write_bytes(content)
    with pytest.raises(FastaFormatError, match=message):
        plan_shards([tmp_path / "0.fa"], 2)


def test_plan_shards__refuses_what_is_read_once_only(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^standard input: is read once only"):
        plan_shards(["-"], 2)
    with pytest.raises(ConfigurationError, match=r"^/dev/null: is read once only"):
        plan_shards(["/dev/null"], 2)
    with pytest.raises(FastaFormatError, match=r"gone.fa: cannot be read"):
        plan_shards([tmp_path / "gone.fa"], 2)


def test_check_files__knows_files_again_by_their_content(tmp_path: Path) -> None:
    paths = write(tmp_path, [">a\nACGT\n", ">b\nACGT\n"])
    plan = plan_shards(paths, 2)
    moved = tmp_path / "moved.fa"
    paths[0].rename(moved)
    check_files(plan, [moved, paths[1]])
    with pytest.raises(ConfigurationError, match=r"the plan is for 2 files .*found 1 file"):
        check_files(plan, [moved])
    with pytest.raises(ConfigurationError, match=r"is not the file .* that the plan of shards"):
        check_files(plan, [paths[1], moved])
    moved.write_text(">a\nACGTA\n")
    with pytest.raises(ConfigurationError, match=r"has 9 bytes and is not the file .* of 8 bytes"):
        check_files(plan, [moved, paths[1]])


def test_check_files__notices_changes_within_a_large_file(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [">a\n" + "A" * 3_000_000 + "\n"])
    plan = plan_shards([path], 2)
    content = bytearray(path.read_bytes())
    for place in (3, len(content) // 3, len(content) - 2):
        changed = content.copy()
        changed[place] = ord("C")
        path.write_bytes(changed)
        with pytest.raises(ConfigurationError, match="expected the same content"):
            check_files(plan, [path])
