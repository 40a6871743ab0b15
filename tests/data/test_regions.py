from __future__ import annotations

from pathlib import Path

import pytest

from fastgru.data.regions import check_regions, joined_regions, read_regions
from fastgru.errors import LabelError


def bed(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "r.bed"
    path.write_text(text, encoding="utf-8")
    return path


def test_read_regions__joins_those_that_overlap_or_touch(tmp_path: Path) -> None:
    text = (
        "track name=genes\nbrowser position chr1\n# comment\n\n"
        "chr1\t20\t30\tgene\t0\t-\nchr2\t0\t5\nchr1\t5\t10\nchr1\t10\t12\nchr1\t22\t25\n"
    )
    assert read_regions(bed(tmp_path, text)) == {"chr1": [(5, 12), (20, 30)], "chr2": [(0, 5)]}


@pytest.mark.parametrize(
    "line", ["chr1\t5", "chr1\ta\t9", "chr1\t9\t9", "chr1\t9\t5", "chr1\t-1\t5"]
)
def test_read_regions__lists_lines_that_are_none(tmp_path: Path, line: str) -> None:
    path = bed(tmp_path, f"chr1\t0\t5\n{line}\n")
    with pytest.raises(LabelError, match=r"r\.bed, line 2: found 'chr1.*' *, expected a name, a"):
        read_regions(path)


def test_read_regions__refuses_a_file_without_any(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="holds no region, expected BED"):
        read_regions(bed(tmp_path, "# nothing\n"))


def test_joined_regions__refuses_what_is_no_region() -> None:
    assert joined_regions({"a": [(5, 6), (1, 2)]}) == {"a": [(1, 2), (5, 6)]}
    with pytest.raises(LabelError, match="regions: a has 5 to 5, expected a start from 0 on"):
        joined_regions({"a": [(5, 5)]})


def test_check_regions__lists_names_that_no_sequence_has() -> None:
    regions = {"1": [(0, 5)], "2": [(0, 5)], "chr3": [(0, 5)]}
    with pytest.raises(LabelError) as caught:
        check_regions(regions, {"chr1": 9, "chr3": 9}, "r.bed")
    assert str(caught.value) == (
        "r.bed: there is no sequence '1', '2', expected names among 'chr1', 'chr3'. Give the BED "
        "of these sequences; 'chr1' and '1' are two names."
    )


def test_check_regions__refuses_ends_behind_that_of_the_sequence() -> None:
    check_regions({"a": [(0, 9)]}, {"a": 9}, "r.bed")
    with pytest.raises(LabelError, match="a: has a region up to 10, expected none behind the end"):
        check_regions({"a": [(0, 10)]}, {"a": 9}, "r.bed")
