// The index's search: what is typed filters the entries, and stands in the address.
"use strict";

const form = document.getElementById("search");
const field = document.getElementById("q");
const found = document.getElementById("found");
const plain = (text) => text.toLowerCase().replace(/[-_]/g, "");
const entries = Array.from(document.querySelectorAll("[data-find]"), (element) => ({
  element,
  text: plain(element.dataset.find),
  link: element.querySelector("a"),
}));
const chapters = Array.from(document.querySelectorAll("section.chapter"));
const asides = document.querySelectorAll("nav.chapters, details.unmeasured, p.beside");
const all = found.textContent;

function shown() {
  return entries.filter((entry) => !entry.element.hidden);
}

function filter() {
  const words = field.value.split(/\s+/).map(plain).filter(Boolean);
  for (const entry of entries) {
    entry.element.hidden = !words.every((word) => entry.text.includes(word));
  }
  for (const chapter of chapters) {
    chapter.hidden = !chapter.querySelector("[data-find]:not([hidden])");
  }
  for (const aside of asides) {
    aside.hidden = words.length > 0;
  }
  const count = shown().length;
  if (words.length === 0) {
    found.textContent = all;
  } else if (count === 0) {
    found.textContent = "nothing found";
  } else {
    found.textContent = `${count} of ${all}`;
  }
}

function remember() {
  const address = new URL(location.href);
  if (field.value.trim() === "") {
    address.searchParams.delete("q");
  } else {
    address.searchParams.set("q", field.value);
  }
  try {
    history.replaceState(null, "", address);
  } catch {
    // A page of a file may not change its address in every browser.
  }
}

function search(text) {
  field.value = text;
  filter();
  remember();
}

// One entry on or back; before the first is the field.
function go(from, by) {
  const links = shown().map((entry) => entry.link);
  const to = links.indexOf(from) + by;
  if (to < 0) {
    field.focus();
  } else if (to < links.length) {
    links[to].focus();
  }
}

field.addEventListener("input", () => {
  filter();
  remember();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const [first] = shown();
  if (first && field.value.trim() !== "") {
    first.link.click();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }
  const at = document.activeElement;
  const isLink = entries.some((entry) => entry.link === at);
  if (event.key === "/" && at !== field) {
    field.focus();
    field.select();
  } else if (event.key === "Escape" && (at === field || isLink)) {
    search("");
    field.focus();
  } else if (event.key === "ArrowDown" && (at === field || isLink)) {
    go(at, 1);
  } else if (event.key === "ArrowUp" && isLink) {
    go(at, -1);
  } else {
    return;
  }
  event.preventDefault();
});

form.hidden = false;
field.value = new URLSearchParams(location.search).get("q") ?? "";
filter();
