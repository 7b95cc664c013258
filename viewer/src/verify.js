// What a file itself shows about being whole: pure rules over what the scan found, in words for a person.

import { FORMAT, KEYS, SECTIONS, VERSION } from "./layout.js";
import { countOf, count } from "./words.js";

const title = (key) => SECTIONS[key] ?? key;

/** What is said of a file of the age format: only its owner's passphrase or key shows what is in it. */
export const ENCRYPTED = "encrypted";

/** Whether a file that begins with these bytes is encrypted in the age format, in binary or in armor. */
export function isEncrypted(bytes) {
  const text = new TextDecoder("latin1").decode(bytes).trimStart();
  return text.startsWith("age-encryption.org/") || text.startsWith("-----BEGIN AGE ENCRYPTED FILE-----");
}

/** Whether a file is an export at all; if not, why, in a sentence. */
export function whyNoExport({ size, header, strangeAt, keys }) {
  if (size === 0) return "The file is empty.";
  if (header?.format === FORMAT) return null;
  if (header) return "It is a JSON file with an “export” in it, but of another kind.";
  if (strangeAt === 0 || keys.length === 0) return "It does not begin as a JSON file with named parts does.";
  return "It is JSON, but has no part that says what it is.";
}

/**
 * The checks, each `{ name, state, title, text, details }`; `state` is `good`, `warn` or `bad`.
 * `scan` is what the reader found: see `reader.js`.
 */
export function checks(scan) {
  const rest = scan.isWhole ? [parts, counts, references, records, gaps] : [records];
  return [ending, version, ...rest].map((rule) => rule(scan)).filter(Boolean);
}

const check = (name, state, title, text, details = []) => ({ name, state, title, text, details });

function ending({ isWhole, strangeAt, place, size }) {
  if (isWhole) return check("ending", "good", "The file has its end", "The download finished.");
  const where = place ? `in the middle of “${title(place)}”` : "at once";
  if (strangeAt >= 0) {
    return check("ending", "bad", "The file is damaged", `At byte ${count(strangeAt)} of ${count(size)}, ${where}, stands what is no JSON.`);
  }
  return check("ending", "bad", "The download did not finish", `The file ends ${where}. Ask for it again; what is here can be read below.`);
}

function version({ header, unknownKeys }) {
  if (header.version !== VERSION) {
    return check("version", "bad", "Another version of the format", `This page reads version ${VERSION}; the file has version ${header.version}, and may be shown wrongly.`);
  }
  if (unknownKeys.length === 0) return null;
  return check("version", "warn", "Parts that this page does not know", "They are not shown. A newer viewer may know them.", unknownKeys);
}

function parts({ keys }) {
  const missing = KEYS.filter((key) => !keys.includes(key));
  const twice = KEYS.filter((key) => keys.indexOf(key) !== keys.lastIndexOf(key));
  if (missing.length > 0 || twice.length > 0) {
    const details = [...missing.map((key) => `${title(key)}: missing`), ...twice.map((key) => `${title(key)}: there twice`)];
    return check("parts", "bad", "Parts of the file are missing", "Every export has all of them, even when there is nothing in them.", details);
  }
  const inOrder = keys.filter((key) => KEYS.includes(key)).every((key, at) => key === KEYS[at]);
  if (inOrder) return check("parts", "good", "All its parts are there", `${KEYS.length} of ${KEYS.length}, in their order.`);
  return check("parts", "warn", "All its parts are there, in another order", "Another program has written the file again.");
}

function counts({ summary, counts: found, fileBytes }) {
  if (!summary?.sections) return check("counts", "bad", "Its own summary is missing", "So nobody can say how many records there should be.");
  const wrong = Object.keys(SECTIONS).flatMap((key) => {
    const said = summary.sections[key]?.count;
    return said === found[key] ? [] : [`${title(key)}: ${said === undefined ? "not in the summary" : count(said)}, and ${count(found[key])} here`];
  });
  const totals = summary.totals ?? {};
  if (totals.gaps !== found.gaps) wrong.push(`Gaps: ${count(totals.gaps ?? 0)}, and ${count(found.gaps)} here`);
  if (totals.file_bytes !== fileBytes) wrong.push(`Bytes of files: ${count(totals.file_bytes ?? 0)}, and ${count(fileBytes)} here`);
  if (wrong.length > 0) return check("counts", "bad", "Records are missing or too many", "The file's own summary says otherwise:", wrong);
  return check("counts", "good", "Every record is there", `${countOf(totals.records, "record", "records")}, as the file's own summary says, section by section.`);
}

function references({ references: total, dangling }) {
  if (dangling.untold > 0) {
    return check("references", "bad", "Records refer to what is not in the file", `${countOf(dangling.untold, "reference leads", "references lead")} nowhere, and the file does not say why.`);
  }
  const rest = dangling.count === 0 ? "" : ` ${countOf(dangling.count, "leads", "lead")} to what the product no longer has; the file says so.`;
  return check("references", "good", "Its records fit together", `${countOf(total, "reference", "references")} between workspaces, threads, messages and files were followed.${rest}`);
}

function records({ damaged, duplicates, brokenFiles }) {
  const details = [
    ...damaged.examples.map((one) => `${title(one.section)}, at byte ${count(one.offset)}: ${one.why}`),
    ...duplicates.examples.map((one) => `${title(one.section)}: two records with the ID ${one.id}`),
    ...brokenFiles.examples.map((one) => `${title(one.section)}: parts of the file ${one.id} are missing or out of order`),
  ];
  if (details.length === 0) return null;
  const all = damaged.count + duplicates.count + brokenFiles.count;
  return check("records", "bad", "Some records are damaged", `${countOf(all, "is", "are")} not as they should be:`, details);
}

function gaps({ counts: found }) {
  if (found.gaps === 0) return check("gaps", "good", "Everything could be delivered", "The file names no gaps.");
  return check("gaps", "warn", `${countOf(found.gaps, "gap", "gaps")}`, "Some things could not be delivered as they were. The file says which, and why.");
}

/** What the digest says: `state` of the comparison is null while it runs. */
export function digestCheck({ isRewritten, isWhole, sha256 }, digest) {
  const name = "digest";
  if (!isWhole) return check(name, "warn", "Unchanged? Cannot be said", "What that is told by stands at the end, which is not here.");
  if (isRewritten) {
    return check(name, "warn", "Unchanged? Can no longer be said", "Another program has written this file again, with other white space. Its digest holds for the bytes as they were. The data can be read all the same.");
  }
  if (digest === null) return check(name, "wait", "Unchanged? Being checked", "Every byte is read for this.");
  if (digest === sha256) return check(name, "good", "Unchanged since it was made", `The SHA-256 of its contents is what its last line says: ${digest}`);
  return check(name, "bad", "Changed since it was made", "The SHA-256 of its contents is not what its last line says.", [`in the last line: ${sha256}`, `of the contents: ${digest}`]);
}

/** State of the signature -> state of the check, title, text, and what the verdict says of it. */
const ORIGINS = {
  none: ["warn", "Who made it? Not proven", "The file is not signed.", "Who made it is not proven: it is not signed."],
  no_key: ["warn", "Who made it? Not checked yet", "The file is signed. Choose the product's public keys to check it.", "Who made it is not proven yet: no key was given."],
  other_key: ["warn", "Who made it? Not proven", "None of the keys given made its signature.", "Who made it is not proven: no key given fits."],
  unsupported: ["warn", "Who made it? Cannot be checked here", "The file is signed, but this browser cannot check such signatures (Ed25519). A newer one can.", "Who made it cannot be checked in this browser."],
  unknown: ["warn", "Who made it? Cannot be checked here", "The file is signed in a way that this page does not know.", "Who made it cannot be checked here."],
  right: ["good", "Made by whom it says", "Its signature is right.", ""],
  wrong: ["bad", "The signature is wrong", "It was not made for this file by the holder of the key.", ""],
};

/** What the signature says. It is over the digest, so it can only be right for a file that is unchanged. */
export function originCheck({ state, keyId }, digestState) {
  const [kind, title, text, inVerdict] = ORIGINS[state];
  const of = keyId === undefined ? "" : ` Key: ${keyId}.`;
  if (state === "right" && digestState !== "good") {
    const isOpen = digestState === "wait";
    return check("origin", isOpen ? "wait" : "warn", isOpen ? "Who made it? Being checked" : "Signed, but as it was before", `${isOpen ? "The signature fits the digest in the last line." : "The signature is right for the file before it was changed."}${of}`);
  }
  return { ...check("origin", kind, title, `${text}${of}`), inVerdict };
}

/** The verdict over all checks: `{ state, title, text }`. */
export function verdict(all) {
  const by = Object.fromEntries(all.map((one) => [one.name, one]));
  const bad = all.filter((one) => one.state === "bad");
  const again = "Ask the product for your export again.";
  if (by.ending.state === "bad") return { state: "bad", title: by.ending.title, text: by.ending.text };
  if (by.digest.state === "bad") return { state: "bad", title: "This file was changed or damaged after it was made", text: `It can be read below, but do not rely on it. ${again}` };
  if (bad.length > 0) return { state: "bad", title: bad[0].title, text: `${bad[0].text} ${again}` };
  if (by.digest.state === "wait") return { state: "wait", title: "Being checked…", text: "Nothing is wrong so far. You can look around meanwhile." };
  if (by.digest.state === "warn") return { state: "warn", title: "Complete, but written again by another program", text: by.digest.text };
  if (by.origin.state === "good") return { state: "good", title: "This export is whole, unchanged and genuine", text: "Nothing is missing, and it was made by whom it says." };
  return { state: "good", title: "This export is whole and unchanged", text: `As far as the file itself can show. ${by.origin.inVerdict}` };
}
