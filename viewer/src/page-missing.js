// What could not be delivered as it was, what stays with others, and what is held back: each with its reason.

import { card, fact, h, named, pager } from "./dom.js";
import { everyField } from "./facts.js";
import { SECTIONS } from "./layout.js";
import { count, sentence } from "./words.js";

const PAGE = 100;

/** The codes of gaps, in the format's own words. */
const CODES = {
  missing_object: "A file is missing in the product's store",
  object_changed: "A file's bytes differ from what the product states",
  object_incomplete: "A file could not be read to its end",
  invalid_utf8: "Broken letters were replaced",
  noncharacter: "A letter that is none was replaced",
  not_finite: "A number that JSON cannot hold",
  number_as_string: "A number stands as text",
  invalid_json: "A value could not be read as JSON",
  bad_timestamp: "A time could not be read",
  dangling_reference: "It refers to what is no longer there",
  unmapped_column: "A column that the export does not know yet",
  unmapped_key: "A key that the export does not know yet",
  deleted_by_retention: "Deleted by the retention that you set",
  access_denied: "The product's store refused a file",
};

const GROUNDS = {
  secret: "it would open a door", duplicate: "the same stands elsewhere in the file", rights_of_others: "it is another person's",
  security: "it would help an attacker", legal_duty: "a law forbids or reserves it", not_about_person: "it says nothing about you",
};

export async function missingPage(opened, { from = 0 }) {
  const { header, summary } = opened.scan;
  const gaps = await opened.ask("list", { section: "gaps", from, count: PAGE });
  const leftOut = summary?.left_out ?? [];
  return [
    h("h1", { tabindex: "-1" }, "What is not in it, and why"),
    card(`Gaps (${count(gaps.total)})`,
      gaps.total === 0 ? h("p", {}, "Everything could be delivered as it was.") : h("p.muted", {}, "What could not be delivered as it was. Everything else is in the file."),
      h("ul.rows.tall", {}, gaps.records.map(gap)),
      pager({ ...gaps, count: PAGE, address: (start) => `#/missing?from=${start}`, what: "gaps" })),
    card("What other people wrote", leftOut.length === 0 ? h("p.muted", {}, "Nothing was left out.")
      : [h("p", {}, "It belongs to them, so it stays out. This much is left out:"), h("ul.plain-list", {}, leftOut.map((one) => (
        h("li", {}, h("strong", {}, count(one.count)), " ", named(one.what || SECTIONS[one.section]), one.ground === "rights_of_others" ? null : h("span.muted", {}, ` (${GROUNDS[one.ground] ?? one.ground})`)))))]),
    card("Kept back from everybody", h("p", {}, "The same list for every person, each with its reason."), withheld(header.withheld ?? [])),
    processing(header.processing),
  ];
}

function gap(one) {
  const { code, section, id, field, reason } = one.record;
  return h("li", { id: `gaps-${one.index}`, tabindex: "-1" },
    h("h3", {}, CODES[code] ?? named(code)),
    h("p", { dir: "auto" }, named(reason)),
    h("p.id", {}, SECTIONS[section] ?? named(section), id ? [", ID ", h("code", {}, named(id))] : null, field ? [", field ", h("code", {}, named(field))] : null),
    everyField(one.record));
}

function withheld(list) {
  if (list.length === 0) return h("p.muted", {}, "Nothing is kept back.");
  const bySection = grouped(list);
  return h("div.reasons", {}, Array.from(bySection, ([section, entries]) => (
    h("details", {}, h("summary", {}, SECTIONS[section] ?? named(section), h("small", {}, ` ${entries.length}`)),
      h("dl", {}, entries.map(({ what, reason, ground }) => [h("dt", {}, named(sentence(what))), h("dd", {}, named(sentence(reason)), GROUNDS[ground] ? ` (${GROUNDS[ground]})` : null)]))))));
}

function grouped(list) {
  const groups = new Map();
  for (const one of list) groups.set(one.section, [...(groups.get(one.section) ?? []), one]);
  return groups;
}

/** GDPR Art. 15(1): who uses the data, for what, for how long. */
function processing(value) {
  if (!value) return null;
  const lines = (list) => h("ul", {}, (Array.isArray(list) ? list : []).map((line) => h("li", {}, named(line))));
  return card("How your data is used", h("dl.facts", {},
    fact("Who answers for it", named(value.controller)), fact("Questions", named(value.contact)),
    fact("What for", lines(value.purposes)), fact("Who receives it", lines(value.recipients)),
    value.retention ? fact("How long it is kept", named(value.retention)) : null, value.rights ? fact("Your rights", named(value.rights)) : null));
}

