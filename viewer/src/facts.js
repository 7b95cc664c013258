// Any record as a person reads it: its fields by name, and behind a click all of it as it stands in the file.

import { fact, h, named } from "./dom.js";
import { label, moment } from "./words.js";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const DEEPEST = 6;

/** The fields of a record; `except`: those that are shown elsewhere, `nothing`: whether empty ones are shown. */
export function facts(record, { except = [], nothing = false } = {}) {
  const rows = Object.entries(record)
    .filter(([key, value]) => !except.includes(key) && (nothing || !isNothing(value)))
    .map(([key, value]) => fact(key === "extra" ? "More" : label(key), shown(value, key, 0)));
  return rows.length > 0 ? h("dl.facts", {}, rows) : null;
}

const isNothing = (value) => value === null || value === "" || (Array.isArray(value) && value.length === 0)
  || (typeof value === "object" && Object.keys(value).length === 0);

function shown(value, key, depth) {
  if (value === null || value === undefined || value === "") return h("span.muted", {}, "nothing");
  if (value === true) return "yes";
  if (value === false) return "no";
  if (typeof value === "number") return value.toLocaleString("en", { maximumFractionDigits: 20, useGrouping: !/year|version/.test(key) });
  if (typeof value === "string") return text(value, key);
  if (depth >= DEEPEST) return h("code", {}, JSON.stringify(value));
  if (Array.isArray(value)) return list(value, key, depth);
  return h("dl.inner", {}, Object.entries(value).map(([name, inner]) => fact(label(name), shown(inner, name, depth + 1))));
}

function text(value, key) {
  if (TIME.test(value)) return h("time", { datetime: value, title: value }, moment(value));
  if (/(?:^|_)(?:id|sha256|ids)$/.test(key)) return h("code", {}, named(value));
  return value.includes("\n") ? h("span.lines", { dir: "auto" }, value) : named(value);
}

function list(value, key, depth) {
  if (value.length === 0) return h("span.muted", {}, "none");
  const isSimple = value.every((one) => one === null || typeof one !== "object");
  if (isSimple) return value.map((one, at) => [at > 0 ? ", " : null, shown(one, key, depth + 1)]);
  return h("ul.inner", {}, value.map((one) => h("li", {}, shown(one, key, depth + 1))));
}

/** All of a record as it stands in the file, when the person asks for it. */
export function everyField(record, words = "All fields") {
  const details = h("details.all", {}, h("summary", {}, words));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) {
      details.append(h("pre.plain-text", { tabindex: "0" }, JSON.stringify(record, null, 2)));
    }
  });
  return details;
}

/** What is wrong with a record, if anything. */
export const problemOf = (one) => (one.problem ? h("p.notice.bad", {}, `This record ${one.problem}.`) : null);
