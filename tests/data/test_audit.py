from __future__ import annotations

import json
import random
import re
from pathlib import Path

import numpy as np
import pytest

from fastgru.data import mmseqs
from fastgru.data.alphabets import get_alphabet
from fastgru.data.audit import audit
from fastgru.data.homology import Threshold
from fastgru.data.labelled import LabelledSequences, read_labelled
from fastgru.data.leaks import KINDS
from fastgru.data.strands import reverse_complement
from fastgru.datasets import load_amp, load_splice
from fastgru.errors import ConfigurationError
from tests.data.relatives import families, mutated

Report = dict[str, object]


def labelled(*pairs: tuple[str, str], **columns: list[str]) -> LabelledSequences:
    ids = [f"r{place}" for place in range(len(pairs))]
    data = LabelledSequences(ids, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    for name, values in columns.items():
        setattr(data, name, values)
    return data


def random_records(n: int, *, letters: str = "ACGT", label: str, seed: int = 0, length: int = 20):
    rng = np.random.default_rng(seed)
    return [("".join(rng.choice(list(letters), length)), label) for _ in range(n)]


def balanced(n: int = 60) -> list[tuple[str, str]]:
    """Two classes of random sequences, about which an audit has nothing to say."""
    return random_records(n, label="x", seed=1) + random_records(n, label="y", seed=2)


def codes(report: Report) -> dict[str, str]:
    return {finding["code"]: finding["level"] for finding in report["findings"]}


def message(report: Report, code: str) -> str:
    (found,) = (finding for finding in report["findings"] if finding["code"] == code)
    return found["message"]


DNA = get_alphabet("dna")
PROTEIN = get_alphabet("protein")


def test_audit__counts_the_bundled_peptides() -> None:
    dataset = load_amp()
    data = LabelledSequences(dataset.ids, dataset.sequences, dataset.labels)
    report = audit(data, PROTEIN)
    assert report["n_records"] == 5200
    assert report["n_kept"] == 4620
    assert report["duplicates"]["n_duplicates"] == 558
    assert report["duplicates"]["n_distinct"] == 4642
    assert report["conflicting_labels"]["n_sequences"] == 22
    assert report["conflicting_labels"]["n_records"] == 47
    reasons = [record["reason"] for record in report["excluded"]]
    assert reasons.count("conflicting_labels") == 47
    assert reasons.count("duplicate") == 533
    assert {label: entry["n"] for label, entry in report["classes"].items()} == {
        "AMP": 2600,
        "UniProt": 2600,
    }
    assert report["classes"]["AMP"]["length"]["max"] == 174
    assert codes(report) == {"conflicting_labels": "warn", "duplicates": "warn", "shortcut": "warn"}
    assert [entry["feature"] for entry in report["shortcuts"][:2]] == [
        "fixed positions",
        "first letters",
    ]
    first = report["shortcuts"][1]
    assert first["roc_auc"] == pytest.approx(0.89, abs=0.01)
    assert re.fullmatch(r"M at place 1: 5\d\.\d % in UniProt, \d\.\d % in AMP", first["detail"])
    assert report["homology"] is None
    assert report["leaks"] is None


def test_audit__counts_the_bundled_splice_windows() -> None:
    dataset = load_splice()
    data = LabelledSequences(dataset.ids, dataset.sequences, dataset.labels)
    report = audit(data, DNA)
    assert report["n_kept"] == 3004
    assert report["duplicates"]["n_duplicates"] == 185
    assert report["conflicting_labels"]["n_sequences"] == 1
    ambiguous = [report["classes"][label]["ambiguous"] for label in ("EI", "IE", "N")]
    assert sum(sum(found.values()) for found in ambiguous) == 60
    assert report["length_histogram_edges"] == [60, 61]
    assert codes(report)["one_length"] == "note"


def test_audit__is_ready_for_json_and_repeatable() -> None:
    data = labelled(*balanced(), ("ACGT", "x"), ("ACGT", "y"), ("RRRR", "x"))
    first, second = (json.dumps(audit(data, DNA), sort_keys=True) for _ in range(2))
    assert first == second
    assert "NaN" not in first


def test_audit__says_nothing_about_data_without_fault() -> None:
    assert codes(audit(labelled(*balanced()), DNA)) == {"one_length": "note"}


def test_audit__names_every_excluded_record() -> None:
    report = audit(labelled(("A", "x"), ("A", "x"), ("C", "x"), ("C", "y"), ("G", "y")), DNA)
    assert report["excluded"] == [
        {"id": "r1", "label": "x", "reason": "duplicate", "same_as": "r0"},
        {"id": "r2", "label": "x", "reason": "conflicting_labels", "same_as": "r2"},
        {"id": "r3", "label": "y", "reason": "conflicting_labels", "same_as": "r2"},
    ]
    assert report["duplicates"]["groups"] == [
        {"n": 2, "ids": ["r0", "r1"], "labels": {"x": 2}},
        {"n": 2, "ids": ["r2", "r3"], "labels": {"x": 1, "y": 1}},
    ]
    assert report["conflicting_labels"]["groups"] == [
        {"n": 2, "ids": ["r2", "r3"], "labels": {"x": 1, "y": 1}}
    ]
    assert "1 sequence with more than one label: 2 records left out" in message(
        report, "conflicting_labels"
    )
    assert "2 repeats of an earlier sequence (3 distinct sequences in 5 records)" in message(
        report, "duplicates"
    )


def test_audit__describes_every_class() -> None:
    report = audit(labelled(("AAAA", "x"), ("ARCC", "x"), ("G", "y"), ("GTN", "y")), DNA)
    x = report["classes"]["x"]
    assert (x["n"], x["n_kept"]) == (2, 2)
    assert x["length"]["median"] == 4
    assert x["composition"] == {"A": 0.6875, "C": 0.25, "G": 0.0625, "T": 0.0}
    assert x["ambiguous"] == {"R": 1}
    assert sum(report["classes"]["y"]["length"]["histogram"]) == 2


def test_audit__knows_equal_data_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_text(">a\nACGT\n", encoding="utf-8")
    (tmp_path / "b.fa").write_text(">a\r\nac\r\ngu\r\n", encoding="utf-8", newline="")
    reports = [
        audit(read_labelled("dna", classes={"x": tmp_path / name}), DNA)
        for name in ("a.fa", "b.fa")
    ]
    assert reports[0]["content_sha256"] == reports[1]["content_sha256"]
    assert reports[0]["files"][0]["sha256"] != reports[1]["files"][0]["sha256"]


FINDINGS: dict[str, tuple[LabelledSequences, str, str, str]] = {
    "one_class": (
        labelled(("ACGT", "x")),
        "dna",
        "fail",
        "there is only the class 'x'; a classifier needs two or more",
    ),
    "class_too_small": (
        labelled(*balanced(), ("ACGT", "z")),
        "dna",
        "fail",
        r"fewer than 3 usable records, too few to split: z \(1\)",
    ),
    "small_class": (
        labelled(*balanced(), *random_records(5, label="z", seed=3)),
        "dna",
        "warn",
        r"fewer than 50 usable records, scores will vary: z \(5\)",
    ),
    "imbalance": (
        labelled(*balanced(), *random_records(1200, label="z", seed=3)),
        "dna",
        "warn",
        "the largest class has 20 times the records of the smallest",
    ),
    "leaking_split": (
        labelled(("ACGT", "x"), ("ACGT", "x"), splits=["train", "test"]),
        "dna",
        "warn",
        r"1 of 1 test sequences are copies of training or validation sequences \(1 the same\)",
    ),
    "low_complexity": (
        labelled(*balanced(), *random_records(60, letters="A", label="z", length=70)),
        "dna",
        "warn",
        "stretches of low complexity, which repeat few letters: 100% in z",
    ),
    "looks_like_protein": (
        labelled(*random_records(60, letters="ACDGHKMNRSTVWY", label="x")),
        "dna",
        "warn",
        "of the letters are ambiguity codes; if these are proteins, use --alphabet protein",
    ),
    "looks_like_dna": (
        labelled(*balanced()),
        "protein",
        "warn",
        "all letters are A, C, G, T or N; if these are nucleotides, use --alphabet dna",
    ),
    "mostly_ambiguous": (
        labelled(*balanced(), ("NNNNA", "x")),
        "dna",
        "warn",
        "1 record mostly of ambiguity codes: 'r120'",
    ),
    "ambiguous": (
        labelled(*balanced(), ("ACGTNNACGT", "x")),
        "dna",
        "note",
        r"1 record with ambiguity codes \(2 letters\)",
    ),
    "reverse_complements": (
        labelled(*balanced(), ("AACCR", "x"), ("YGGTT", "y"), ("ACGT", "x")),
        "dna",
        "warn",
        "1 sequence also there as reverse complement, 1 of them with different labels",
    ),
    "divided_groups": (
        labelled(*balanced(), groups=["g", "h"] * 60, splits=["train"] * 119 + ["test"]),
        "dna",
        "warn",
        "the split divides 1 group: 'h'; scores on the test part may measure memory",
    ),
    "very_long": (
        labelled(*balanced(), *random_records(1, label="x", length=2001)),
        "dna",
        "warn",
        "the longest sequence has 2001 letters, the median 20",
    ),
    "lower_case": (
        labelled(*balanced(), respelled={"lower_case": 2}),
        "dna",
        "note",
        "2 records with lower-case letters, which are read as upper case",
    ),
    "u_and_t": (
        labelled(*balanced(), respelled={"u_and_t": 1}),
        "dna",
        "note",
        "1 record with U, which is read as T",
    ),
    "trailing_stop": (
        labelled(*balanced(), respelled={"trailing_stop": 3}),
        "protein",
        "note",
        r"3 records with '\*' at the end, which was dropped",
    ),
}


@pytest.mark.parametrize("code", FINDINGS)
def test_audit__finds(code: str) -> None:
    data, alphabet, level, expected = FINDINGS[code]
    report = audit(data, get_alphabet(alphabet))
    assert codes(report)[code] == level
    assert re.search(expected, message(report, code))


def test_audit__warns_of_a_length_shortcut() -> None:
    short = [(sequence[:10], "x") for sequence, _ in random_records(60, label="x", seed=1)]
    report = audit(labelled(*short, *random_records(60, label="y", seed=2)), DNA)
    assert (
        "the length alone predicts the class with ROC AUC 1.000 (median length: 20 in y, 10 in x); "
        "compare any model with that"
    ) in [finding["message"] for finding in report["findings"]]


def test_audit__warns_of_a_start_methionine() -> None:
    letters = PROTEIN.letters
    negatives = [
        ("M" + sequence, "y") for sequence, _ in random_records(80, letters=letters, label="y")
    ]
    positives = random_records(80, letters=letters, label="x", seed=1, length=21)
    report = audit(labelled(*positives, *negatives), PROTEIN)
    messages = " ".join(finding["message"] for finding in report["findings"])
    assert "the first letters alone predict the class with ROC AUC 0.9" in messages
    assert "(M at place 1: 100.0 % in y, " in messages


def test_audit__calls_the_letters_of_dna_no_residues() -> None:
    records = [("ACG"["xyz".index(label)] + s, label) for s, label in balanced()]
    said = json.dumps(audit(labelled(*records), DNA))
    assert "the first letters alone predict the class" in said
    assert "residue" not in said


def test_audit__is_silent_on_a_clean_set() -> None:
    # two classes told apart by a motif somewhere inside, nothing else
    rng = np.random.default_rng(3)
    records = []
    for number in range(300):
        letters, label = "".join(rng.choice(list("ACGT"), 60)), "xy"[number % 2]
        place = int(rng.integers(0, 48))
        motif = "TATAATGC" if label == "x" else "GCATAATT"
        records.append((letters[:place] + motif + letters[place + 8 :], label))
    splits = [("train", "validation", "test")[k % 10 // 7 + (k % 10 == 9)] for k in range(300)]
    report = audit(labelled(*records, splits=splits), DNA, threshold=Threshold(0.8))
    assert codes(report) == {"one_length": "note"}
    assert report["leaks"]["test"] == {"n": 30} | dict.fromkeys(KINDS, 0)


def test_audit__flags_a_planted_leak() -> None:
    rng = random.Random(5)
    train = [("".join(rng.choices("ACGT", k=90)), "xy"[k % 2]) for k in range(300)]
    test = [("".join(rng.choices("ACGT", k=90)), "xy"[k % 2]) for k in range(100)]
    # 5 % of the test: copies, other strands, and copies with a tenth of the letters changed
    test[0], test[1] = train[10], train[11]
    test[2], test[3] = ((reverse_complement(train[k][0], DNA), train[k][1]) for k in (12, 13))
    test[4] = mutated(train[14][0], 0.1, "ACGT", rng), train[14][1]
    data = labelled(*train, *test, splits=["train"] * 300 + ["test"] * 100)
    report = audit(data, DNA, threshold=Threshold.default(DNA))
    assert report["leaks"]["test"] == {
        "n": 100,
        "exact": 2,
        "reverse_complement": 2,
        "near_identical": 1,
        "homologous": 0,
    }
    assert message(report, "leaking_split") == (
        "5 of 100 test sequences are copies of training or validation sequences (2 the same, 2 the "
        "other strand, 1 at least 90 % identical); scores on them measure memory"
    )
    pairs = [(entry["id"], entry["same_as"]) for entry in report["leaks"]["examples"]]
    assert pairs == [(f"r{300 + k}", f"r{10 + k}") for k in range(5)]


def test_audit__tells_what_a_random_split_would_do() -> None:
    data = families(PROTEIN, n_families=20, size=3, length=50)
    report = audit(data, PROTEIN, threshold=Threshold.default(PROTEIN))
    assert report["homology"] == {
        "identity": 0.4,
        "coverage": 0.8,
        "n_groups": 20,
        "largest_group": 3,
        "n_related": 60,
        "incomplete": None,
    }
    assert "100% of the sequences are homologous to another one" in message(report, "homologues")
    data.splits = ["train", "test", "test"] * 20
    report = audit(
        data, PROTEIN, threshold=Threshold(0.4), levels={"homologues_across_split": "fail"}
    )
    found = report["findings"][0]
    assert (found["level"], found["code"]) == ("fail", "homologues_across_split")
    assert re.match(
        r"\d+ more of 40 test sequences are homologous to training or", found["message"]
    )


@pytest.mark.parametrize("order", [("test", "test", "train"), ("train", "test", "test")])
def test_audit__counts_leaking_copies_in_any_order(order: tuple[str, ...]) -> None:
    strands = {"train": "ACGTTGCATGCC", "test": "GGCATGCAACGT"}
    for kind, letters in (("exact", strands["train"]), ("reverse_complement", strands["test"])):
        copies = [(strands["train"] if part == "train" else letters, "x") for part in order]
        data = labelled(*copies, *balanced(), splits=[*order, *["train"] * 120])
        leaks = audit(data, DNA)["leaks"]
        assert leaks["test"][kind] == 2
        assert {entry["same_as"] for entry in leaks["examples"]} == {f"r{order.index('train')}"}


def test_audit__takes_the_memory_of_relatives_for_no_shortcut() -> None:
    data = families(PROTEIN, n_families=60, size=12, length=40, share=0.16)
    by_record = audit(data, PROTEIN)
    assert by_record["shortcuts_over"] == "records"
    assert "shortcut" in codes(by_record)
    by_homology = audit(data, PROTEIN, threshold=Threshold.default(PROTEIN))
    assert by_homology["shortcuts_over"] == "groups"
    assert "shortcut" not in codes(by_homology)
    data.groups = [record.split("_")[0] for record in data.ids]
    by_name = audit(data, PROTEIN)
    assert by_name["shortcuts"] == by_homology["shortcuts"]


def test_audit__says_that_the_search_was_not_thorough(monkeypatch: pytest.MonkeyPatch) -> None:
    data = labelled(*balanced(), splits=["train", "test"] * 60)  # of 2400 letters
    monkeypatch.setattr(mmseqs, "_SHORT_WORDS_UP_TO", 2399)
    report = audit(data, DNA, threshold=Threshold(0.8))
    assert codes(report)["homology_incomplete"] == "warn"
    found = message(report, "homology_incomplete")
    assert found == report["homology"]["incomplete"]
    assert found.startswith("2400 letters are too many for a thorough search for similar sequences")
    monkeypatch.setattr(mmseqs, "_SHORT_WORDS_UP_TO", 2400)
    assert audit(data, DNA, threshold=Threshold(0.8))["homology"]["incomplete"] is None


def test_audit__says_that_homology_was_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMSEQS2_PATH", "/nowhere/mmseqs")
    report = audit(labelled(*balanced()), DNA, threshold=Threshold(0.8))
    assert codes(report)["homology_not_checked"] == "warn"
    assert "similar sequences were not looked for: MMSEQS2_PATH:" in message(
        report, "homology_not_checked"
    )


@pytest.mark.parametrize("threshold", [None, Threshold(0.8)])
def test_audit__counts_no_relatives_that_it_has_not_looked_for(
    threshold: Threshold | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMSEQS2_PATH", "/nowhere/mmseqs")
    data = labelled(*balanced(), splits=["train", "test"] * 60)
    report = audit(data, DNA, threshold=threshold)
    for part, n in (("test", 60), ("validation", 0)):
        assert report["leaks"][part] == {
            "n": n, "exact": 0, "reverse_complement": 0, "near_identical": None, "homologous": None
        }  # fmt: skip
    assert codes(report)["homology_not_checked"] == "warn"


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        ({"shortcuts": "note"}, "level shortcuts=note: there is no finding 'shortcuts', expected"),
        ({"shortcut": "info"}, "level shortcut=info: must be one of fail, warn, note, got 'info'"),
    ],
)
def test_audit__refuses_unknown_levels(levels: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        audit(labelled(*balanced()), DNA, levels=levels)


def test_audit__does_not_warn_of_shortcuts_in_a_handful_of_records() -> None:
    few = [("A" * k, "x") for k in range(1, 8)] + [("C" * k, "y") for k in range(21, 28)]
    report = audit(labelled(*few), DNA)
    assert report["shortcuts"][0]["roc_auc"] == 1.0
    assert "shortcut" not in codes(report)


def test_audit__puts_the_worst_first() -> None:
    data = labelled(("ACGTN", "x"), ("ACGTN", "x"), respelled={"lower_case": 1})
    levels = [finding["level"] for finding in audit(data, DNA)["findings"]]
    assert levels == sorted(levels, key=["fail", "warn", "note"].index)
    assert levels[0] == "fail"
