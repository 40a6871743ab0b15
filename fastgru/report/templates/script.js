// Sorting and filtering of tables, and what points of figures say.  The page is whole without it.
"use strict";

function valueOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  const number = Number(text);
  return text === "" || Number.isNaN(number) ? text.toLowerCase() : number;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sortBy(table, column, descending) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
  // What has no value stays at the end, whichever way the others are sorted.
  const known = rows.filter(([value]) => value !== "");
  known.sort(([a], [b]) => (descending ? compare(b, a) : compare(a, b)));
  body.append(...known.map(([, row]) => row));
  body.append(...rows.filter(([value]) => value === "").map(([, row]) => row));
  [...table.tHead.rows[0].cells].forEach((cell, place) => {
    if (place !== column) cell.removeAttribute("aria-sort");
    else cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
  });
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => {
      const isText = cell.classList.contains("text");
      const before = cell.getAttribute("aria-sort");
      // Names from the first, scores from the best.
      sortBy(table, column, before ? before === "ascending" : !isText);
    });
  });
}

function makeCheckbox(kind, onChange) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = true;
  box.value = kind;
  box.addEventListener("change", onChange);
  label.append(box, ` ${kind}s`);
  return label;
}

function makeFilterable(table) {
  const rows = [...table.tBodies[0].rows];
  const controls = document.createElement("div");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const shown = document.createElement("output");
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    const kinds = [...controls.querySelectorAll(":checked")].map((box) => box.value);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !kinds.includes(row.dataset.kind) || !words.every((word) => text.includes(word));
    }
    const count = rows.filter((row) => !row.hidden).length;
    shown.textContent = `${count} of ${rows.length} rows`;
  };
  controls.className = "controls";
  input.type = "search";
  input.addEventListener("input", apply);
  label.append("Show rows with ", input);
  const kinds = [...new Set(rows.map((row) => row.dataset.kind))];
  controls.append(label, ...kinds.map((kind) => makeCheckbox(kind, apply)), shown);
  table.parentElement.before(controls);
  apply();
}

function show(point) {
  const tip = document.getElementById("tip");
  document.querySelector("circle.shown")?.classList.remove("shown");
  tip.textContent = point ? point.dataset.tip : "";
  tip.removeAttribute("style"); // Out of sight, where its size can be measured.
  if (!point) return;
  point.classList.add("shown");
  const place = point.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  const left = Math.min(Math.max(place.left + place.width / 2 - tip.offsetWidth / 2, 4), width - tip.offsetWidth - 4);
  const above = place.top - tip.offsetHeight - 6;
  tip.style.left = `${left}px`;
  tip.style.top = `${above < 0 ? place.bottom + 6 : above}px`;
}

function makeTelling(group) {
  const points = [...group.children];
  const figure = group.closest("svg");
  for (const point of points) {
    const title = point.querySelector("title");
    point.dataset.tip = title.textContent;
    title.remove(); // The browser's own would come on top.
    point.addEventListener("pointerenter", () => show(point));
    point.addEventListener("pointerleave", () => show(null));
  }
  const label = figure.getAttribute("aria-label");
  figure.setAttribute("aria-label", `${label} Arrow keys tell the points.`);
  figure.setAttribute("tabindex", "0");
  let current = -1;
  figure.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") show(null);
    if (!step) return;
    event.preventDefault();
    current = current < 0 && step < 0 ? points.length - 1 : (current + step + points.length) % points.length;
    show(points[current]);
  });
  figure.addEventListener("blur", () => show(null));
}

document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll("table.filterable").forEach(makeFilterable);
document.querySelectorAll("svg .points").forEach(makeTelling);
// Paper has no way to open what is closed.
addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((details) => (details.open = true));
});
