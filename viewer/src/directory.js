// Where everything stands in an export: built from one scan, in numbers only, never in texts. What a person
// looks at is read again from its place in the file.

import { Column, Groups, NONE } from "./columns.js";
import { Ids } from "./ids.js";
import { KEYS, LINKS, LISTS, REFERENCES } from "./layout.js";

/** How many examples of one kind of trouble are kept; all are counted. */
const EXAMPLES = 20;
/** A product has tens of collections; a broken file may have millions. */
const MOST_COLLECTIONS = 500;

/** The records of one section. */
class Records {
  constructor(key) {
    this.key = key;
    this.offsets = new Column(Float64Array);
    this.lengths = new Column(Uint32Array);
    this.ids = new Ids();
    this.links = Object.fromEntries((LINKS[key] ?? []).map((field) => [field, new Column()]));
  }

  get length() {
    return this.offsets.length;
  }
}

/** A kind of trouble: how often, and the first examples. */
class Trouble {
  constructor() {
    this.count = 0;
    this.examples = [];
  }

  add(example) {
    this.count += 1;
    if (this.examples.length < EXAMPLES) this.examples.push(example);
  }
}

export class Directory {
  constructor() {
    /** Top keys in the order met, and where values that are no lists stand. */
    this.keys = [];
    this.places = {};
    this.sections = Object.fromEntries(LISTS.map((key) => [key, new Records(key)]));
    /** When each thread was last written in, for sorting: milliseconds, or NaN. */
    this.threadTimes = new Column(Float64Array);
    /** Of each part of a file's bytes: the slot of the file's id in its section. */
    this.partsOf = { uploaded_files: new Column(), generated_documents: new Column() };
    this.collections = new Map();
    this.fileBytes = 0;
    /** References to what was not met yet: section, slot, and under which name a gap would tell of it. */
    this.waiting = { section: new Column(Uint8Array), slot: new Column(), told: new Column() };
    this.references = 0;
    this.gapNames = new Ids();
    this.gapCodes = new Map();
    this.damaged = new Trouble();
    this.duplicates = new Trouble();
    this.brokenFiles = new Trouble();
    this.unknownKeys = [];
    this.lastPart = null;
  }

  value(key, start, end) {
    this.#met(key);
    this.places[key] = { start, end };
  }

  list(key, start, end) {
    this.#met(key);
    this.places[key] = { start, end };
  }

  record(key, start, end, text) {
    this.#met(key);
    const records = this.sections[key];
    if (!records) return;
    const at = records.length;
    records.offsets.push(start);
    records.lengths.push(end - start);
    let record = {};
    try {
      if (text === null) throw new Error("larger than this page reads");
      record = JSON.parse(text);
      if (record === null || typeof record !== "object" || Array.isArray(record)) throw new Error("not an object");
    } catch (error) {
      record = {};
      this.damaged.add({ section: key, offset: start, why: error.message });
    }
    this.#add(records, key, at, record);
  }

  #met(key) {
    if (this.keys.at(-1) === key) return;
    this.keys.push(key);
    if (!KEYS.includes(key) && this.unknownKeys.length < EXAMPLES) this.unknownKeys.push(key);
  }

  #add(records, key, at, record) {
    if (key === "gaps") return this.#addGap(record);
    if (key === "file_contents") return this.#addPart(record);
    const id = typeof record.id === "string" ? record.id : null;
    if (id !== null && !records.ids.define(id, at)) this.duplicates.add({ section: key, id });
    for (const [field, target] of Object.entries(REFERENCES[key] ?? {})) {
      const slot = this.#refer(key, id, field, target, record[field]);
      records.links[field]?.push(slot);
    }
    if (key === "threads") {
      this.threadTimes.push(Date.parse(record.last_message_at ?? record.updated_at ?? record.created_at));
    }
    if (key === "other_records") this.#collect(at, record.collection);
  }

  /** Notes a reference, or each of a list; the slot of a single one. */
  #refer(section, id, field, target, value) {
    if (Array.isArray(value)) {
      for (const one of value) this.#refer(section, id, field, target, one);
      return NONE;
    }
    if (typeof value !== "string") return NONE;
    this.references += 1;
    const { ids } = this.sections[target];
    const slot = ids.slot(value);
    if (ids.records.get(slot) === NONE) {
      this.waiting.section.push(LISTS.indexOf(target));
      this.waiting.slot.push(slot);
      this.waiting.told.push(this.gapNames.slot(gapName(section, id, field)));
    }
    return slot;
  }

  #addGap(gap) {
    const code = String(gap.code).slice(0, 60);
    if (this.gapCodes.size < MOST_COLLECTIONS) this.gapCodes.set(code, (this.gapCodes.get(code) ?? 0) + 1);
    if (code === "dangling_reference") this.gapNames.define(gapName(gap.section, gap.id, gap.field), 0);
  }

  #addPart(part) {
    const isKnown = Object.hasOwn(this.partsOf, part.section);
    const slot = isKnown ? this.#refer("file_contents", part.file_id, "file_id", part.section, part.file_id) : NONE;
    for (const [key, column] of Object.entries(this.partsOf)) column.push(part.section === key ? slot : NONE);
    const before = this.lastPart;
    const goesOn = before !== null && !before.last;
    const expected = goesOn ? before.part + 1 : 0;
    const isSameFile = !goesOn || (before.section === part.section && before.file_id === part.file_id);
    if (part.part !== expected || !isSameFile || slot === NONE) this.brokenFiles.add({ section: part.section, id: part.file_id });
    if (part.last && typeof part.size_bytes === "number") this.fileBytes += part.size_bytes;
    this.lastPart = { section: part.section, file_id: part.file_id, part: part.part, last: part.last === true };
  }

  #collect(at, name) {
    const isKnown = this.collections.has(name);
    const key = isKnown || this.collections.size < MOST_COLLECTIONS ? String(name).slice(0, 200) : "and more";
    if (!this.collections.has(key)) this.collections.set(key, new Column());
    this.collections.get(key).push(at);
  }

  /** After the scan: slots become records, and records are grouped by what they belong to. */
  finish() {
    if (this.lastPart && !this.lastPart.last) this.brokenFiles.add({ section: this.lastPart.section, id: this.lastPart.file_id });
    this.dangling = this.#dangling();
    for (const [key, fields] of Object.entries(LINKS)) {
      for (const field of fields) this.#resolve(this.sections[key].links[field], REFERENCES[key][field]);
    }
    for (const [key, column] of Object.entries(this.partsOf)) this.#resolve(column, key);
    const by = (key, field, target) => new Groups(this.sections[key].links[field], this.sections[target].length);
    this.inThread = { messages: by("messages", "thread_id", "threads") };
    this.inWorkspace = { workspace_memories: by("workspace_memories", "workspace_id", "workspaces") };
    this.inWorkspace.threads = by("threads", "workspace_id", "workspaces");
    for (const key of ["uploaded_files", "generated_documents", "other_records"]) {
      this.inWorkspace[key] = by(key, "workspace_id", "workspaces");
      this.inThread[key] = by(key, "thread_id", "threads");
    }
    this.parts = Object.fromEntries(
      Object.entries(this.partsOf).map(([key, column]) => [key, new Groups(column, this.sections[key].length)]),
    );
  }

  /** References to what is not in the file: how many, and how many of them no gap tells of. */
  #dangling() {
    const { section, slot, told } = this.waiting;
    let [count, untold] = [0, 0];
    for (let at = 0; at < slot.length; at++) {
      if (this.sections[LISTS[section.get(at)]].ids.records.get(slot.get(at)) !== NONE) continue;
      count += 1;
      if (this.gapNames.records.get(told.get(at)) === NONE) untold += 1;
    }
    this.waiting = null;
    return { count, untold };
  }

  #resolve(column, target) {
    const { records } = this.sections[target].ids;
    for (let at = 0; at < column.length; at++) {
      const slot = column.get(at);
      if (slot !== NONE) column.set(at, records.get(slot));
    }
  }

  /** How much a workspace holds; NONE: what belongs to none. */
  holdings(workspace) {
    const threads = this.inWorkspace.threads.list(workspace);
    let messages = 0;
    for (const thread of threads) messages += this.inThread.messages.count(thread);
    const count = (key) => this.inWorkspace[key].count(workspace);
    return {
      threads: threads.length,
      messages,
      uploaded_files: count("uploaded_files"),
      generated_documents: count("generated_documents"),
      workspace_memories: count("workspace_memories"),
      other_records: count("other_records"),
    };
  }
}

const gapName = (section, id, field) => `${section}\n${id}\n${field}`;
