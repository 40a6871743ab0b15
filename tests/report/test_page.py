from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from fastgru.errors import FastgruError
from fastgru.report.commands import Commands
from fastgru.report.page import render_page
from fastgru.report.results import find_runs, read_audit
from tests.report.results_files import write_dataset, write_json, write_run

VOID = {"br", "img", "link", "meta", "path"}


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
        self.images += [attributes] if tag == "img" else []
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        if not self._open or self._open[-1] != "style":
            self.text.append(data)

    @property
    def words(self):
        return re.sub(r"\s+", " ", " ".join(self.text)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def page(results):
    return render_page(find_runs([results]))


def test_render_page__needs_nothing_but_itself(page):
    outline = Outline(page)
    assert page.startswith("<!DOCTYPE html>")
    assert "script" not in outline.tags
    for link in outline.links:
        assert link.startswith(("#", "data:"))
    assert not re.search(r"@import|url\(|https?:", page)


def test_render_page__links_lead_somewhere_and_ids_are_unique(page):
    outline = Outline(page)
    assert len(set(outline.ids)) == len(outline.ids)
    anchors = {link[1:] for link in outline.links if link.startswith("#")}
    assert anchors <= set(outline.ids)
    assert len(anchors) > 5


def test_render_page__describes_every_picture_in_words(page):
    images = Outline(page).images
    # One overview; two of each data set; five of each run.
    assert len(images) == 1 + 2 * 2 + 5 * 3
    assert all(len(image["alt"]) > 40 for image in images)


def test_render_page__shows_the_scores_of_every_run(page, results):
    words = Outline(page).words
    for run in find_runs([results]):
        low, high = run.metrics["accuracy_interval"]
        assert f"{run.metrics['accuracy']:.1%}".replace("%", " %") in words
        assert f"{100 * low:.1f} to {100 * high:.1f} %" in words
        for score in ("mcc", "f1_macro", "roc_auc", "pr_auc", "log_loss", "brier", "ece"):
            assert f"{run.metrics[score]:.3f}" in words
        for score in ("log_loss", "brier", "ece"):
            both = f"{run.metrics[score]:.3f} {run.metrics['uncalibrated'][score]:.3f} before"
            assert both in words


def test_render_page__shows_thresholds_where_there_are_two_classes(own_results):
    assert "Threshold for" not in Outline(render_page(find_runs([own_results]))).words
    write_dataset(own_results / "peptides", ["AMP", "UniProt"], alphabet="protein")
    write_run(own_results / "peptides" / "bigru", ["AMP", "UniProt"])
    (run,) = find_runs([own_results / "peptides"])
    unreached = {"name": "fpr_0.001", "threshold": None, "reason": "nothing is found"}
    thresholds = [*run.metrics["thresholds"], {**unreached, "validation": {}, "test": None}]
    write_json(run.folder / "metrics.json", {**run.metrics, "thresholds": thresholds})
    words = Outline(render_page(find_runs([own_results]))).words
    assert "Thresholds for the probability of UniProt, chosen on the validation" in words
    assert "false-positive rate of at most 1 % --threshold fpr_0.01" in words
    first = thresholds[0]
    assert (
        f"highest sensitivity plus specificity --threshold youden {first['threshold']:.3f}" in words
    )
    assert f"{first['test']['f1']:.3f} {first['validation']['f1']:.3f}" in words
    assert "at most 0.1 % --threshold fpr_0.001 none: nothing is found" in words


def test_render_page__takes_results_of_before_calibration(own_results):
    (run,) = find_runs([own_results])
    new = ("brier", "ece", "reliability", "temperature", "uncalibrated", "thresholds")
    metrics = {name: value for name, value in run.metrics.items() if name not in new}
    write_json(run.folder / "metrics.json", metrics)
    outline = Outline(render_page(find_runs([own_results])))
    assert "Brier score 0" not in outline.words
    assert len(outline.images) == 1 + 2 + 4


def test_render_page__tells_what_the_audit_found_and_left_out(page, results):
    words = Outline(page).words
    for finding in read_audit(results / "splice")["findings"]:
        assert finding["message"][1:] in words
    assert "Warning: " in words
    assert "repeats an earlier sequence of the same class 2" in words
    assert "the same sequence has more than one label 2 seq1, seq" in words
    assert "4 records of 120 left out before the split" in words
    assert "120 DNA sequences of 60 letters in 3 classes" in words
    assert "records.fa.gz" in words


def test_render_page__shows_the_size_of_each_part(page, results):
    split = (results / "splice/split.tsv").read_text()
    counts = [
        len(re.findall(rf"\tEI\t{part}\n", split)) for part in ("train", "validation", "test")
    ]
    assert f"EI 40 {sum(counts)} {' '.join(map(str, counts))}" in Outline(page).words


def test_render_page__chooses_the_model_of_a_card_by_validation_loss(own_results):
    write_run(own_results / "splice" / "better", ["EI", "IE", "N"], skill=9)
    history = own_results / "splice/better/history.tsv"
    history.write_text(re.sub(r"\t0\.\d+\n", "\t1.0\n", history.read_text()))
    words = Outline(render_page(find_runs([own_results]))).words
    assert re.search(r"test sequences labelled correctly by bigru \(95 % interval", words)
    assert "the test sequences had no say in it" in words


def test_render_page__is_the_same_for_the_same_results(page, results):
    assert render_page(find_runs([results])) == page


def test_render_page__escapes_every_name(tmp_path):
    classes = ["<script>alert(1)</script>", "a & b", '"quoted" $x_1$']
    write_dataset(tmp_path / "<i>data", classes)
    write_run(tmp_path / "<i>data" / "m&m", classes)
    page = render_page(find_runs([tmp_path]))
    outline = Outline(page)
    assert not {"script", "i"} & set(outline.tags)
    for name in (*classes, "<i>data", "m&m"):
        assert name in outline.words


@pytest.mark.parametrize("n_classes", [2, 8, 20])
def test_render_page__fits_any_number_of_classes(tmp_path, n_classes):
    classes = [f"class {k:02}" for k in range(n_classes)]
    write_dataset(tmp_path / "many", classes, alphabet="protein", n_per_class=10)
    write_run(tmp_path / "many" / "model", classes)
    words = Outline(render_page(find_runs([tmp_path]))).words
    assert all(name in words for name in classes)


def test_render_page__says_why_a_score_is_missing(own_results):
    (run,) = find_runs([own_results])
    metrics = {**run.metrics, "roc_auc": None, "undefined": {"roc_auc": "nothing to rank"}}
    write_json(run.folder / "metrics.json", metrics)
    words = Outline(render_page(find_runs([own_results]))).words
    assert "roc_auc is not defined here: nothing to rank." in words


def test_render_page__lists_the_commands(results, tmp_path):
    (tmp_path / "split").mkdir()
    line = "fastgru 0.1.0: fastgru split --class 'a&b=x.fa' -o split.tsv\n"
    (tmp_path / "split" / "splice.log").write_text(line)
    outline = Outline(render_page(find_runs([results]), Commands(tmp_path)))
    assert "fastgru split --class 'a&b=x.fa' -o split.tsv" in outline.words


def test_render_page__names_options_versions_and_input_files(page):
    words = Outline(page).words
    assert "random_state 1" in words
    assert "Models trained with fastgru 0.1.0" in words
    assert f"splice records.fa.gz {'0' * 64}" in words
    assert "validation sequences chose the weights of epoch 12" in words


@pytest.mark.parametrize(
    "name", ["audit.json", "split.tsv", "bigru/history.tsv", "bigru/model.safetensors"]
)
def test_render_page__names_a_missing_file(own_results, name):
    runs = find_runs([own_results])
    (own_results / "splice" / name).unlink()
    with pytest.raises(FastgruError, match=rf"{name.split('/')[-1]}: cannot be read"):
        render_page(runs)
