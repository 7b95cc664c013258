// Export files made by hand for tests, and a source that reads them from memory.

import { File } from "node:buffer";
import { createHash } from "node:crypto";
import { KEYS, LISTS, SECTIONS } from "../src/layout.js";
import { Reader } from "../src/reader.js";
import { openSource } from "../src/source.js";
import { checks, digestCheck, originCheck, verdict } from "../src/verify.js";
import { digestOf } from "../src/worker.js";

const EXPORT = { format: "carryall-export", version: 1, revision: 0, id: "export-1", product: "Example", subject_id: "me", snapshot_at: "2026-11-24T10:00:00Z", scope: { file_contents: true }, withheld: [] };

/** The lines of a whole file with these lists; `change` may spoil the document before it is written. */
export function linesOf(lists = {}, change = (document) => document) {
  const document = change({ export: EXPORT, account_settings: { email: "me@example.com" }, ...Object.fromEntries(LISTS.map((key) => [key, lists[key] ?? []])) });
  const counts = Object.fromEntries(Object.keys(SECTIONS).map((key) => [key, { count: Array.isArray(document[key]) ? document[key].length : 1 }]));
  const fileBytes = (document.file_contents ?? []).reduce((sum, part) => sum + (part.size_bytes ?? 0), 0);
  const records = Object.entries(counts).reduce((sum, [key, { count }]) => (key === "file_contents" ? sum : sum + count), 0);
  document.summary ??= { sections: counts, left_out: [], totals: { records, file_bytes: fileBytes, gaps: document.gaps?.length } };
  const value = (list) => (Array.isArray(list) && list.length > 0 ? `[\n${list.map((one) => JSON.stringify(one)).join(",\n")}\n]` : JSON.stringify(list));
  const inOrder = KEYS.filter((key) => key in document).map((key) => `"${key}":${value(document[key])},\n`);
  return `{\n${inOrder.join("")}`;
}

/** The bytes of a whole file. */
export function fileOf(lists, { change, signature = null } = {}) {
  const before = linesOf(lists, change);
  const sha256 = createHash("sha256").update(before).digest("hex");
  return Buffer.from(`${before}"integrity":${JSON.stringify({ sha256, signature })}}\n`);
}

/** A source over bytes in memory. */
export function sourceOf(bytes) {
  return openSource({ file: new File([bytes], "a.json") });
}

/** Opens bytes as the page does: `{ reader, scan, whyNot, all, verdict }`; `all` by name. */
export async function open(bytes, signature = { state: "none" }) {
  const source = sourceOf(bytes);
  const reader = new Reader(source);
  const { scan, whyNot } = await reader.scan(() => {});
  if (whyNot) return { whyNot };
  const digest = digestCheck(scan, scan.isWhole && !scan.isRewritten ? await digestOf(source, () => {}) : null);
  const all = [...checks(scan), digest, originCheck(signature, digest.state)];
  return { reader, scan, all: Object.fromEntries(all.map((one) => [one.name, one])), verdict: verdict(all) };
}

/** A part of a file's bytes, as the format has it; the last one says the size and digest of all of it. */
export function partOf(section, id, bytes, { part = 0, last = true, all = bytes } = {}) {
  const end = last ? { size_bytes: all.length, sha256: createHash("sha256").update(all).digest("hex"), complete: true } : {};
  return { section, file_id: id, part, last, base64: Buffer.from(bytes).toString("base64"), ...end };
}
