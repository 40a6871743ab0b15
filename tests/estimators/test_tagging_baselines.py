from __future__ import annotations

import numpy as np

from fastgru.estimators.tagging_baselines import label_by_majority, label_by_windows


def test_label_by_majority__leaves_masked_letters_out() -> None:
    assert label_by_majority(["??????HHE", "EHE"], ["ACG", "A"]) == ["EEE", "E"]


def test_label_by_windows__knows_what_stands_within_seven_places() -> None:
    # the label says whether there is an A some places ahead
    rng = np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACGT"), 40)) for _ in range(60)]
    accuracies = {}
    for ahead in (7, 8):
        labels = [
            "".join("ny"[letters[t + ahead : t + ahead + 1] == "A"] for t in range(40))
            for letters in sequences
        ]
        labels = ["?" * 5 + row[5:] for row in labels]
        found = label_by_windows("dna", (sequences[:40], labels[:40]), sequences[40:])
        assert [len(row) for row in found] == [40] * 20
        pairs = zip("".join(found), "".join(labels[40:]), strict=True)
        accuracies[ahead] = np.mean([a == b for a, b in pairs if b != "?"])
    assert accuracies[7] == 1
    assert accuracies[8] < 0.95


def test_label_by_windows__of_one_label_gives_it_to_all() -> None:
    assert label_by_windows("dna", (["ACG", "T"], ["?HH", "H"]), ["AC", "G"]) == ["HH", "H"]
