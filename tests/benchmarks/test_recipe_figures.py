"""The benchmark of recipes on made-up data, and its table."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import recipes
from benchmarks.accuracy.recipe_sets import PARTS, RecipeSet, read_set
from benchmarks.accuracy_table import replace_table
from fastgru.estimators.recipes import RECIPES
from tests.benchmarks.test_annotated_proteins import write_blast

CONFIG = tomllib.loads(recipes.CONFIG.read_text(encoding="utf-8"))
SMALL = {
    "baselines": ["composition"],
    "variations": {"long_reads, wide": {"recipe": "long_reads", "conv_width": [12]}},
    "model": {"hidden_size": 2, "max_epochs": 1},
}
READS = """\
fasta = "chr.fa"
span = [0, 9000]
block = 900
n_each = { train = 6, validation = 3, test = 3 }
"""


def made_up_set(rng: np.random.Generator) -> RecipeSet:
    def draw(n: int) -> tuple[list[str], list[str]]:
        texts = ["".join(rng.choice(list(("AC", "GT")[k % 2]), 40)) for k in range(n)]
        return texts, ["no" if k % 2 else "yes" for k in range(n)]

    return RecipeSet("dna", {part: draw(12) for part in PARTS})


def test_page__shows_the_stored_figures() -> None:
    page = recipes.PAGE.read_text(encoding="utf-8")
    assert replace_table(page, recipes.as_markdown(recipes.STORED), "recipes") == page


def test_stored_figures__are_those_of_the_configuration() -> None:
    rows = recipes.read_stored(recipes.STORED)
    found = [(row["data"], row["name"], int(row["seed"])) for row in rows]
    assert found == list(recipes.contenders(CONFIG))
    assert tuple(rows[0]) == recipes.COLUMNS


def test_config__names_recipes() -> None:
    for one in CONFIG["sets"].values():
        assert {one["recipe"], *one["rivals"]} <= {
            *RECIPES,
            *CONFIG["variations"],
            recipes.DEFAULTS,
        }


@pytest.mark.parametrize(
    "name", ["composition", "long_reads", "long_reads, wide", recipes.DEFAULTS]
)
def test_measure__has_a_figure_for_each_column(name: str, rng: np.random.Generator) -> None:
    row = recipes.measure(made_up_set(rng), name, 1, SMALL, 1)
    assert ("data", *row) == recipes.COLUMNS
    assert (row["name"], row["seed"], row["n_train"], row["n_test"]) == (name, 1, 12, 12)
    if name == "composition":
        assert row["accuracy"] == row["validation_roc_auc"] == "1.00000"


@pytest.mark.parametrize("kind", ["masked_reads", "coding_reads"])
def test_read_set__cuts_reads_of_two_classes(
    kind: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    letters = np.array(list("ACGT" * 2250))
    gff = []
    for start in range(100, 9000, 300):  # the only Ts of a row of their own
        letters[start : start + 120] = "t"
        gff.append(f"c\tmade\tCDS\t{start + 1}\t{start + 120}\t.\t+\t0\tg\n")
    (tmp_path / "chr.fa").write_text(">c\n" + "".join(letters) + "\n", encoding="utf-8")
    (tmp_path / "chr.gff").write_text("".join(gff), encoding="utf-8")
    coding = kind == "coding_reads"
    classes = ["coding", "other"] if coding else ["none", "repeat"]
    limits = {"without": 0.2, "with": 0.5} if coding else {"without": 10, "with": 60}
    config = {
        **tomllib.loads(READS),
        "kind": kind,
        "label": limits,
        "annotation": "chr.gff",
        "offset": 0,
        "reads": {"classes": classes, "lengths": [90, 110], "errors": [0.0, 0.0]},
    }
    data = read_set(tmp_path, config, 1)
    assert data.alphabet == "dna"
    for part, n in config["n_each"].items():
        texts, labels = data.parts[part]
        assert labels == [classes[0]] * n + [classes[1]] * n
        for text, label in zip(texts, labels, strict=True):
            assert ("T" * 40 in text or "A" * 40 in text) == (label in ("repeat", "coding"))


def test_read_set__divides_proteins(tmp_path: Path, rng: np.random.Generator) -> None:
    made = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 60)) for _ in range(24)]
    write_blast(tmp_path / "goasp.fasta.pin", made)
    (tmp_path / "closure.txt").write_text("", encoding="utf-8")
    lines = "".join(f"p{k}\tGO:{k % 2}\n" for k in range(24))
    (tmp_path / "goasp_annot.dat").write_text(lines, encoding="utf-8")
    config = {
        "kind": "proteins",
        "annotation": ".",
        "closure": "closure.txt",
        "terms": {"even": "GO:0", "odd": "GO:1"},
        "parts": {"test_fraction": 0.25, "validation_fraction": 0.25},
        "draw": {"lengths": [50, 70], "n_drawn": 12, "n_kept": 10, "identity": 0.5}
        | {"coverage": 0.5},
    }
    data = read_set(tmp_path, config, 1)
    assert data.alphabet == "protein"
    assert tuple(data.parts) == PARTS
    together = [letters for texts, _ in data.parts.values() for letters in texts]
    assert len(together) == len(set(together)) == 20
    for texts, labels in data.parts.values():
        assert [("odd" if made.index(text) % 2 else "even") for text in texts] == labels


def test_main__measures_what_is_not_stored(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rng: np.random.Generator,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = made_up_set(rng)
    monkeypatch.setattr(recipes, "STORED", tmp_path / "recipes.tsv")
    monkeypatch.setattr(recipes, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(recipes, "CONFIG", tmp_path / "config.toml")
    monkeypatch.setattr(recipes, "read_set", lambda *_: data)
    monkeypatch.setattr("sys.argv", ["recipes", str(tmp_path), "-t", "1"])
    config = (
        'seeds = [{seeds}]\nbaselines = ["composition"]\nmodel = {{hidden_size = 2, '
        'max_epochs = 1}}\n[sets.made]\nrecipe = "long_reads"\nrivals = ["none"]\n'
    )
    recipes.PAGE.write_text("before\n<!-- recipes -->\n<!-- /recipes -->\nafter\n", "utf-8")
    for seeds, n_new in (("0", 3), ("0, 1", 2), ("0, 1", 0)):
        recipes.CONFIG.write_text(config.format(seeds=seeds), encoding="utf-8")
        recipes.main()
        assert len(capsys.readouterr().out.splitlines()) == n_new
    rows = recipes.read_stored(recipes.STORED)
    assert [row["name"] for row in rows] == [
        *("composition", "long_reads", "long_reads", "none", "none"),
    ]
    page = recipes.PAGE.read_text(encoding="utf-8")
    assert recipes.as_markdown(recipes.STORED) in page
    assert "| made | 12, 12 | `long_reads` | " in page
    assert " +- " in page
