"""The page in a real browser: drawn, sorted, filtered, told and printed, without an error."""

from __future__ import annotations

import re

import pytest

from fastgru.report.page import render_page
from fastgru.report.reading import find_experiments
from tests.report.browser import CHROMIUM, print_page, run_in_browser

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium: sh tools/install-chromium.sh (Debian)"
)
PHONE = 390


@pytest.fixture(scope="module")
def page(experiments):
    return render_page(find_experiments([experiments]))


@pytest.fixture
def run(page, tmp_path):
    def call(script, **options):
        return run_in_browser(page, script, tmp_path, **options)

    return call


def test_run_in_browser__sees_errors(tmp_path):
    broken = "<html><body><script>throw new Error('broken')</script></body></html>"
    with pytest.raises(AssertionError, match="broken"):
        run_in_browser(broken, "return 1", tmp_path)


@pytest.mark.parametrize("width", [1280, PHONE])
def test_page__draws_every_figure_and_fits_the_window(run, page, width):
    found = run(
        """
        const boxes = [...document.querySelectorAll("figure > svg")].map((svg) => {
          const box = svg.getBoundingClientRect();
          const shapes = svg.querySelectorAll("path, use, text").length;
          return [box.width, box.height, box.right, shapes];
        });
        return { boxes, inner: innerWidth, page: document.documentElement.scrollWidth };
        """,
        width=width,
    )
    assert len(found["boxes"]) == page.count('<svg role="img"')
    for box_width, height, right, shapes in found["boxes"]:
        assert box_width > 200
        assert height > 50
        assert right <= found["inner"] + 1
        assert shapes > 10
    assert found["page"] <= found["inner"]


SORTED = """
    const table = document.getElementById("contenders");
    const headers = [...table.tHead.rows[0].cells];
    const column = headers.findIndex((cell) => cell.textContent.startsWith(%r));
    const values = () => [...table.tBodies[0].rows].map(
      (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim());
    const orders = [values()];
    const states = [];
    for (let k = 0; k < 3; k++) {
      headers[column].querySelector("button").click();
      orders.push(values());
      states.push(headers.map((cell) => cell.getAttribute("aria-sort")).filter(Boolean).join());
    }
    return { orders, states };
"""


def test_tables__sort_by_numbers_with_missing_ones_last(run):
    found = run(SORTED % "MCC")
    before, *orders = found["orders"]
    numbers = sorted((float(text) for text in before if text), reverse=True)
    assert len(numbers) == 12  # of seven contenders of two data sets, one not applicable in each
    for order, expected in zip(orders, (numbers, numbers[::-1], numbers), strict=True):
        assert order[12:] == ["", ""]
        assert [float(text) for text in order[:12]] == expected
    assert found["states"] == ["descending", "ascending", "descending"]


def test_tables__sort_by_names(run):
    found = run(SORTED % "Kind")
    assert found["orders"][1] == sorted(found["orders"][0])
    assert found["orders"][2] == sorted(found["orders"][0], reverse=True)
    assert found["states"][0] == "ascending"


def test_tables__keep_their_rows_when_any_of_them_is_sorted(run):
    before, after, n_tables = run(
        """
        const tables = [...document.querySelectorAll("table.sortable")];
        const texts = (table) => [...table.tBodies[0].rows].map((row) => row.textContent).sort();
        const before = tables.map(texts);
        document.querySelectorAll("thead button").forEach((button) => button.click());
        return [before, tables.map(texts), tables.length];
        """
    )
    assert before == after
    assert n_tables > 8


def test_contenders__are_filtered_by_words_and_kinds(run):
    found = run(
        """
        const input = document.querySelector(".controls input[type=search]");
        const shown = () => [...document.querySelectorAll("#contenders tbody tr")]
          .filter((row) => row.getClientRects().length).map((row) => row.cells[1].textContent);
        const type = (text) => { input.value = text; input.dispatchEvent(new Event("input")); };
        const steps = [shown().length];
        type("SPLICE kmer"); steps.push(shown());
        type(""); document.querySelector(".controls input[value=baseline]").click();
        steps.push(shown().length, document.querySelector(".controls output").textContent);
        type("no such row"); steps.push(shown().length);
        return steps;
        """
    )
    assert found[0] == 14
    assert len(found[1]) == 1
    assert "kmer_logistic" in found[1][0]
    assert found[2:] == [8, "8 of 14 rows", 0]


def test_figures__tell_their_points_to_mouse_and_keyboard(run):
    found = run(
        """
        const tip = document.getElementById("tip");
        const figure = document.querySelectorAll("figure > svg")[2];
        const points = figure.querySelectorAll(".points circle");
        const seen = () => {
          const box = tip.getBoundingClientRect();
          return box.width > 20 && box.left >= 0 && box.right <= innerWidth;
        };
        points[0].dispatchEvent(new PointerEvent("pointerenter"));
        const pointed = [tip.textContent, seen()];
        points[0].dispatchEvent(new PointerEvent("pointerleave"));
        const left = [tip.textContent, tip.getBoundingClientRect().right > 0];
        figure.focus();
        const press = (key) => figure.dispatchEvent(new KeyboardEvent("keydown", { key }));
        press("ArrowRight"); press("ArrowRight");
        const second = tip.textContent;
        press("ArrowLeft"); press("ArrowLeft");
        const last = tip.textContent;
        press("Escape");
        return { pointed, left, second, last, escaped: tip.textContent,
                 texts: [...points].map((point) => point.dataset.tip),
                 focused: document.activeElement === figure,
                 telling: document.querySelectorAll("svg .points").length };
        """
    )
    texts = found["texts"]
    assert found["pointed"] == [texts[0], True]
    assert (found["left"], found["escaped"]) == (["", False], "")
    assert (found["second"], found["last"]) == (texts[1], texts[-1])
    assert found["focused"]
    assert found["telling"] >= 20
    assert all(re.search(r"\d", text) for text in texts)


CONTRAST = """
    document.querySelectorAll("details").forEach((details) => (details.open = true));
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (c) => c.slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
    const ground = (node) => {
      for (; node; node = node.parentElement) {
        const found = parts(getComputedStyle(node).backgroundColor);
        if (found.length < 4 || found[3] === 1) return found;
      }
      return [255, 255, 255];
    };
    const faint = new Set();
    let checked = 0;
    for (const node of document.querySelectorAll("body *:not(script)")) {
      const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
      if (!own || node.matches("title, #answer")) continue;
      const style = getComputedStyle(node);
      const [a, b] = [node.closest("figure > svg") ? style.fill : style.color].map(parts)
        .map(light).concat(light(ground(node))).sort((x, y) => y - x);
      checked += 1;
      if ((a + 0.05) / (b + 0.05) < 4.5) faint.add(`${node.tagName} ${node.textContent.trim()}`);
    }
    return { faint: [...faint].slice(0, 10), checked };
"""


def test_page__has_enough_contrast(run):
    found = run(CONTRAST)
    assert found["faint"] == []
    assert found["checked"] > 500


def test_page__names_what_can_be_reached_with_the_keyboard(run):
    nameless = run(
        """
        const named = (node) => node.getAttribute("aria-label") || node.textContent.trim()
          || (node.labels && node.labels[0] && node.labels[0].textContent.trim());
        return [...document.querySelectorAll("a, button, input, summary, [tabindex]")]
          .filter((node) => !named(node)).map((node) => node.outerHTML.slice(0, 200));
        """
    )
    assert nameless == []


def test_page__is_whole_without_its_script(page, tmp_path):
    still = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    found = run_in_browser(
        still,
        """
        return [document.querySelectorAll("#contenders tbody tr").length,
                document.querySelectorAll("figure > svg .points title").length,
                document.querySelectorAll("button, input").length];
        """,
        tmp_path,
    )
    assert found[0] == 14
    assert found[1] > 100
    assert found[2] == 0


def test_page__prints(page, tmp_path):
    pdf = print_page(page, tmp_path)
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 3
