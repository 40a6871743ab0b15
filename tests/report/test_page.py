from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure

from fastgru.errors import FastgruError
from fastgru.report.commands import Commands
from fastgru.report.page import render_page
from fastgru.report.reading import find_experiments
from fastgru.report.results import read_audit
from tests.report.experiment_files import write_experiment
from tests.report.results_files import write_json

VOID = {"br", "link", "meta"}
MAX_BYTES = 6_000_000


class Outline(HTMLParser):
    """The tags, addresses, ids and text of a page, after checking that tags are closed in order."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.ids, self.links, self.images, self.text = [], [], [], [], []
        self._open = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes[name] for name in ("href", "src") if name in attributes]
        self.images += [attributes] if attributes.get("role") == "img" else []
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        if not self._open or self._open[-1] not in ("script", "style", "title"):
            self.text.append(data)

    @property
    def words(self):
        return re.sub(r"\s+", " ", " ".join(self.text)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def page(experiments):
    return render_page(find_experiments([experiments]))


@pytest.fixture
def render(monkeypatch):
    """Render a page for what it says, with empty figures, which take most of the time."""
    monkeypatch.setattr(Figure, "savefig", lambda figure, file, **_: file.write("<svg></svg>"))
    return lambda folder: Outline(render_page(find_experiments([folder])))


def change(folder, **entries):
    path = folder / "experiment.json"
    write_json(path, {**json.loads(path.read_text(encoding="utf-8")), **entries})


def test_render_page__needs_nothing_but_itself(page):
    outline = Outline(page)
    assert page.startswith("<!DOCTYPE html>")
    assert outline.tags.count("script") == 1
    for link in outline.links:
        assert link.startswith(("#", "data:"))
    assert not re.search(r"@import|url\((?!#)|https?:", page)
    assert len(page.encode()) < MAX_BYTES


def test_render_page__links_lead_somewhere_and_ids_are_unique(page):
    outline = Outline(page)
    assert len(set(outline.ids)) == len(outline.ids)
    anchors = {link[1:] for link in outline.links if link.startswith("#")}
    assert anchors <= set(outline.ids)
    assert {"conclusions", "scores", "data-1", "data-2", "dome", "repeat"} <= anchors


def test_render_page__describes_every_picture_in_words(page):
    images = Outline(page).images
    # Of each data set: two of the data, contenders, spread, more data, two of bands, five a model.
    assert len(images) == 2 * (2 + 1 + 1 + 1 + 2 + 2 * 5)
    assert all(len(image["aria-label"]) > 40 for image in images)


def test_render_page__leads_with_the_conclusions(page, experiments):
    words = Outline(page).words
    found = find_experiments([experiments])
    before = words[: words.index("Data and audit")]
    for experiment in found:
        for sentence in experiment.content["conclusion"]:
            assert sentence in before
        caveat = experiment.content["conclusion"][1]
        assert f'<p class="caveat">{caveat}</p>' in page
        low, high = experiment.best["intervals"]["mcc"]
        assert f"{experiment.best['pooled']['mcc']:.3f} {low:.3f} to {high:.3f} (95 %)" in before


def test_render_page__shows_the_scores_and_verdict_of_every_contender(page, experiments):
    words = Outline(page).words
    for experiment in find_experiments([experiments]):
        for row in experiment.scored:
            low, high = row["intervals"]["roc_auc"]
            assert f"{row['pooled']['roc_auc']:.3f} {low:.3f} to {high:.3f}" in words
            assert f"{row['pooled']['accuracy']:.1%}".replace("%", " %") in words
    assert "as good as bigru (no difference shown, p = 0.400)" in words
    assert "worse than bigru (p < 0.001)" in words
    assert "bigru on shuffled sequences tested on shuffled sequences, fold 1 control" in words
    assert "not applicable: the sequences are of different lengths" in words


def test_render_page__shows_folds_seeds_and_bands(page, experiments):
    words = Outline(page).words
    (experiment,) = find_experiments([experiments / "splice"])
    folds = [row["metrics"]["mcc"] for row in experiment.best["folds"]]
    seeds = [row["metrics"]["mcc"] for row in experiment.content["seeds"]["bigru"]]
    mean, sd = (experiment.best[name]["mcc"] for name in ("mean", "sd"))
    row = " ".join(f"{value:.3f}" for value in (*folds, mean, sd))
    assert f"bigru {row} {min(seeds):.3f} to {max(seeds):.3f} 3 seeds" in words
    for key in ("bands", "lengths"):
        for band in experiment.content[key]:
            scores = [band["metrics"][one["name"]]["mcc"] for one in experiment.scored]
            assert f"{band['name']} {band['n']} {' '.join(f'{s:.3f}' for s in scores)}" in words


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ((0.10, 0.12), ", more than seeds differ: more data would probably help."),
        ((0.10, 0.90), ", no more than seeds differ: whether more data would help is open."),
        ((0.10,), "; with one seed it cannot be told from chance."),
    ],
)
def test_render_page__says_whether_more_data_would_help(own_experiment, seeds, words, render):
    (experiment,) = find_experiments([own_experiment])
    scores = experiment.best["pooled"]
    curve = [
        {"share": share, "n_train": n, "metrics": {**scores, "mcc": mcc}}
        for share, n, mcc in ((1.0, 80, 0.75), (0.5, 40, 0.5), (0.25, 20, 0.2))
    ]
    runs = [{"variant": "seed1", "metrics": {**scores, "mcc": mcc}} for mcc in seeds]
    change(own_experiment, learning_curve={"bigru": curve}, seeds={"bigru": runs})
    said = render(own_experiment).words
    assert f"bigru: from 40 to 80 sequences MCC went from 0.500 to 0.750{words}" in said


def test_render_page__does_not_claim_more_independence_than_there_is(page):
    words = Outline(page).words
    assert "the choice is not wholly independent of the test sequences." in words
    assert "by its loss on validation sequences, which are not tested." in words
    assert "had no say" not in words


def test_render_page__leaves_out_what_was_not_run(own_experiment, render):
    empty = {"seeds": {}, "learning_curve": {}, "bands": [], "lengths": [], "controls": []}
    change(own_experiment, **empty, comparisons=[])
    outline = render(own_experiment)
    assert len(outline.images) == 2 + 1 + 1 + 5
    for absent in ("Would more data help", "Where it is right", "has to fail"):
        assert absent not in outline.words
    assert "not compared with bigru" in outline.words


def test_render_page__shows_thresholds_where_there_are_two_classes(page, experiments):
    words = Outline(page).words
    path = experiments / "peptides/fold1/bigru/seed1/metrics.json"
    first = json.loads(path.read_text(encoding="utf-8"))["thresholds"][0]
    assert words.count("Thresholds for the probability of") == 2  # two models of peptides
    assert "Thresholds for the probability of UniProt, chosen on the validation" in words
    assert (
        f"highest sensitivity plus specificity --threshold youden {first['threshold']:.3f}" in words
    )
    assert f"{first['test']['f1']:.3f} {first['validation']['f1']:.3f}" in words


def test_render_page__tells_what_the_audit_found_and_left_out(page, experiments):
    words = Outline(page).words
    for finding in read_audit(experiments / "splice")["findings"]:
        assert finding["message"][1:] in words
    assert "Warning: " in words
    assert "repeats an earlier sequence of the same class 2" in words
    assert "the same sequence has more than one label 2 seq1, seq" in words
    assert "4 records left out before the split" in words
    assert "120 DNA sequences of 60 letters in 3 classes (EI, IE and N)" in words
    assert "records.fa.gz" in words


def test_render_page__ends_with_dome_and_how_to_repeat_it(page):
    words = Outline(page).words
    assert words.index("Answers to the questions of DOME") < words.index("Meta-predictions")
    assert words.index("Meta-predictions") < words.index("How this was made", 200)
    assert "doi:10.1038/s41592-021-01205-4" in words
    assert "Models trained with fastgru 0.1.0" in words
    assert f"splice records.fa.gz {'0' * 64}" in words
    assert "Seed of splice, bigru 1; runs seed1, seed2, seed3" in words


def test_render_page__is_the_same_for_the_same_results(page, experiments):
    assert render_page(find_experiments([experiments])) == page


def test_render_page__escapes_every_name(tmp_path):
    classes = ["<script>alert(1)</script>", "a & b", '"quoted" $x_1$']
    write_experiment(tmp_path / "<i>data", classes, models=("m&m</script>",))
    outline = Outline(render_page(find_experiments([tmp_path])))
    assert outline.tags.count("script") == 1
    assert "i" not in outline.tags
    for name in (*classes, "<i>data", "m&m</script>"):
        assert name in outline.words


@pytest.mark.parametrize("n_classes", [2, 8, 20])
def test_render_page__fits_any_number_of_classes(tmp_path, n_classes, render):
    classes = [f"class {k:02}" for k in range(n_classes)]
    options = {"alphabet": "protein", "n_per_class": 10, "n_folds": 1, "models": ("bigru",)}
    write_experiment(tmp_path / "many", classes, **options)
    words = render(tmp_path).words
    assert all(name in words for name in classes)


def test_render_page__calls_no_model_the_best_that_nothing_could_choose(
    experiments, tmp_path, render
):
    folder = tmp_path / "splice"
    shutil.copytree(experiments / "splice", folder)
    assert "Best model bigru chosen of 2" in render(folder).words
    change(folder, chosen_by=None)
    words = render(folder).words
    assert "Best model" not in words
    assert "Model bigru the first of 2 models by name" in words


def test_render_page__says_why_folds_together_rank_worse_than_their_mean(own_experiment, render):
    expected = "probabilities need not be on the scale of the others: together they may rank worse"
    words = render(own_experiment).words  # led by the MCC, which does not rank
    assert expected not in words
    assert "together can therefore be lower than their mean over the folds" in words
    content = json.loads((own_experiment / "experiment.json").read_text(encoding="utf-8"))
    change(
        own_experiment,
        comparisons=[{**row, "metric": "roc_auc"} for row in content["comparisons"]],
    )
    assert expected in render(own_experiment).words


def test_render_page__lists_the_commands(experiments, tmp_path):
    (tmp_path / "split").mkdir()
    line = "fastgru 0.1.0: fastgru split --class 'a&b=x.fa' -o split.tsv\n"
    (tmp_path / "split" / "splice.log").write_text(line)
    page = render_page(find_experiments([experiments / "splice"]), Commands(tmp_path))
    words = Outline(page).words
    assert "split: 1 command fastgru split --class 'a&b=x.fa' -o split.tsv" in words


def test_render_page__names_a_missing_file(own_experiment):
    found = find_experiments([own_experiment])
    (own_experiment / "audit.json").unlink()
    with pytest.raises(FastgruError, match=r"audit\.json: cannot be read"):
        render_page(found)
