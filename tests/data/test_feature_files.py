from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from fastgru.data.feature_files import FeaturedSequence, read_features, with_features
from fastgru.data.labelled import read_labelled
from fastgru.data.series_files import Series
from fastgru.errors import LabelError

FASTA = ">a label=x\nACG\n>b label=y\nGG\n"


def test_with_features__joins_by_id(tmp_path: Path) -> None:
    (tmp_path / "x.fa").write_text(FASTA, encoding="utf-8")
    np.savez(tmp_path / "q", b=[[1.0], [2]], a=[[3.0], [4], [5]], other=[[6.0]])
    data = read_labelled("dna", fasta=tmp_path / "x.fa", label_field="label")
    joined = with_features(data, read_features(tmp_path / "q.npz"))
    assert ["".join(sequence) for sequence in joined.sequences] == ["ACG", "GG"]
    assert [sequence.features.values.tolist() for sequence in joined.sequences] == [
        [[3], [4], [5]],
        [[1], [2]],
    ]
    assert list(map(len, joined.sequences)) == [3, 2]
    assert joined.labels == ["x", "y"]
    digest = hashlib.sha256((tmp_path / "q.npz").read_bytes()).hexdigest()
    assert (joined.files[-1].name, joined.files[-1].sha256) == ("q.npz", digest)
    assert len(data.files) == 1


def test_with_features__lists_all_records_that_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "x.fa").write_text(FASTA, encoding="utf-8")
    np.savez(tmp_path / "q", a=[[3.0]])
    data = read_labelled("dna", fasta=tmp_path / "x.fa", label_field="label")
    with pytest.raises(LabelError) as caught:
        with_features(data, read_features(tmp_path / "q.npz"))
    message = str(caught.value)
    assert "record 'a': the record has 3 letters, but features of 1 in " in message
    assert "record 'b': the record has no features in " in message
    assert "x.fa" in message


def test_featured_sequence__is_another_one_with_other_features() -> None:
    one, same, other = (FeaturedSequence("AC", Series(np.full((2, 1), x))) for x in (1.0, 1, 2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
