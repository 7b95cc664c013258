// The account and its settings, the subscriptions, and whatever else the product holds.

import { card, h, named, pager } from "./dom.js";
import { everyField, facts, problemOf } from "./facts.js";
import { countOf, label, moment } from "./words.js";

const PAGE = 100;

export async function accountPage(opened) {
  const account = await opened.ask("account");
  const subscriptions = await opened.ask("list", { section: "subscriptions", from: 0, count: 200 });
  const isThere = account && Object.keys(account).length > 0;
  return [
    h("h1", { tabindex: "-1" }, "Account and subscription"),
    card("Account settings", isThere ? facts(account, { nothing: true }) : h("p.muted", {}, "Not in this export."), isThere ? everyField(account) : null),
    card("Subscriptions", subscriptions.total === 0 ? h("p.muted", {}, "None.") : null,
      h("ul.rows", {}, subscriptions.records.map((one) => h("li", {},
        h("h3", {}, named(label(one.record.plan ?? "plan")), one.record.status ? [" ", h("span.badge", {}, label(one.record.status))] : null),
        problemOf(one), price(one.record), facts(one.record, { except: ["plan", "status", "unit_amount_minor", "currency"] }), everyField(one.record))))),
    await collections(opened),
  ];
}

/** Prices are kept in the smallest unit of the currency; how many make one, the browser knows. */
function price({ unit_amount_minor: amount, currency, billing_interval: interval }) {
  if (typeof amount !== "number" || !/^[A-Za-z]{3}$/.test(currency ?? "")) return null;
  const format = new Intl.NumberFormat("en-GB", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits;
  return h("p.price", {}, format.format(amount / 10 ** digits), interval ? ` a ${interval}` : "");
}

async function collections(opened) {
  const list = await opened.ask("collections");
  if (list.length === 0) return null;
  return card("Other records", h("p.muted", {}, "Everything that the product holds on you and that fits nowhere else."),
    h("ul.rows", {}, list.map(({ name, count: number }) => h("li", {},
      h("a.title", { href: `#/other?collection=${encodeURIComponent(name)}` }, named(label(name))), h("p.muted", {}, countOf(number, "record", "records"))))));
}

/** Records of one collection, or the list of collections. */
export async function otherPage(opened, { collection, from = 0 }) {
  if (collection === undefined) return [h("h1", { tabindex: "-1" }, "Other records"), await collections(opened)];
  const found = await opened.ask("list", { section: "other_records", collection, from, count: PAGE });
  return [
    h("p.crumbs", {}, h("a", { href: "#/other" }, "Other records")),
    h("h1", { tabindex: "-1" }, named(label(collection))),
    h("p.lead", {}, countOf(found.total, "record", "records")),
    h("section.card", { "aria-label": "Records" }, otherList(found)),
    pager({ ...found, count: PAGE, address: (start) => `#/other?collection=${encodeURIComponent(collection)}&from=${start}`, what: "records" }),
  ];
}

export function otherList({ records }) {
  return h("ul.rows.tall", {}, records.map((one) => h("li", { id: `other_records-${one.index}`, tabindex: "-1" },
    h("h3", {}, named(label(one.record.collection ?? "record")), one.record.created_at ? h("small.muted", {}, ` ${moment(one.record.created_at)}`) : null),
    problemOf(one), facts({ ...one.record, ...one.record.extra }, { except: ["id", "collection", "created_at", "extra"] }), everyField(one.record))));
}

