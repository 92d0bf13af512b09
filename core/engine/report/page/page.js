"use strict";
// Without this script everything can be read; with it tables are sorted and filtered, and the page goes dark.
(() => {
  const said = document.getElementById("said");
  document.querySelectorAll(".js-only").forEach((element) => { element.hidden = false; });

  // ---- light and dark
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tell = () => { button.setAttribute("aria-pressed", String(isDark())); };
  const remembered = (value) => {
    try { // a browser may forbid pages from files to remember anything
      if (value) { localStorage.setItem("bczoo-theme", value); }
      return localStorage.getItem("bczoo-theme");
    } catch { return null; }
  };
  const before = remembered();
  if (before === "dark" || before === "light") { root.dataset.theme = before; }
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    tell();
  });
  system.addEventListener("change", tell);
  tell();

  // ---- sorting
  const value = (row, column) => {
    const cell = row.cells[column];
    return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent.trim();
  };
  const compare = (one, other) => {
    if (typeof one === "number" && typeof other === "number") { return one - other; }
    return String(one).localeCompare(String(other), "en", { numeric: true });
  };
  const sort = (table, column, heading) => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    const rows = [...table.tBodies[0].rows];
    // What has no value stays at the end, whichever way it is sorted.
    const missing = (row) => value(row, column) === "-";
    rows.sort((one, other) => missing(one) - missing(other)
      || (down ? -1 : 1) * compare(value(one, column), value(other, column)));
    table.tBodies[0].append(...rows);
    table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    said.textContent = `Sorted by ${heading.textContent.trim()}, ${down ? "descending" : "ascending"}`;
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const control = document.createElement("button");
      control.type = "button";
      control.append(...heading.childNodes);
      heading.append(control);
      control.addEventListener("click", () => sort(table, column, heading));
    });
  });

  // ---- filtering: rows that hold every word
  document.querySelectorAll("[data-filters]").forEach((input) => {
    const table = document.getElementById(input.dataset.filters);
    const count = document.getElementById(`${input.dataset.filters}-count`);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = [...table.tBodies[0].rows];
      rows.forEach((row) => {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      });
      count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
    });
  });

  // ---- on paper, everything that is folded away is shown
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open]):not(.film)")];
    opened.forEach((details) => { details.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));
})();
