// Search in every text of a file, from its top to its end, in pieces: nothing is prepared and nothing kept.

import { runs } from "./records.js";
import { read } from "./source.js";

/** Where is searched, in this order: what a person wrote and read first. */
export const SEARCHED = [
  "messages", "threads", "workspaces", "workspace_memories", "user_memories", "uploaded_files", "generated_documents",
  "subscriptions", "other_records", "gaps",
];
/** How many records are looked at before others are let in. */
const STEP_RECORDS = 4000;
const BEFORE_LETTERS = 70;
const AFTER_LETTERS = 150;

/** The words that are searched for, in any case, with any white space between them. */
export class Words {
  constructor(text) {
    const forms = [...new Set([text.normalize("NFC"), text.normalize("NFD")])].map((form) => form.trim().split(/\s+/u));
    const plain = forms.map((words) => words.map(escape).join("\\s+"));
    const inJson = forms.map((words) => words.map((word) => escape(JSON.stringify(word).slice(1, -1))).join("(?:\\s|\\\\[nrt])+"));
    this.plain = new RegExp(plain.join("|"), "iu");
    this.inJson = new RegExp(inJson.join("|"), "iu");
  }

  /** Whether JSON text may hold the words: another program may have written letters as `\uXXXX` or `\/`. */
  mayBeIn(json) {
    return this.inJson.test(json) || json.includes("\\u") || json.includes("\\/");
  }

  /** The first field of a record that has them, and the place: `{ field, before, match, after }`. */
  find(record) {
    for (const [field, text] of textsOf(record)) {
      const found = this.plain.exec(text);
      if (found) return { field, ...around(text, found.index, found[0]) };
    }
    return null;
  }
}

const escape = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&");

function around(text, at, match) {
  const end = at + match.length;
  const start = Math.max(0, at - BEFORE_LETTERS);
  const stop = Math.min(text.length, end + AFTER_LETTERS);
  return {
    before: (start > 0 ? "…" : "") + whole(text.slice(start, at)),
    match,
    after: whole(text.slice(end, stop)) + (stop < text.length ? "…" : ""),
  };
}

/** Without half of a letter that two units make. */
const whole = (text) => text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");

/** Every text of a record with the path of its field. */
export function* textsOf(record) {
  const open = [["", record]];
  while (open.length > 0) {
    const [path, value] = open.pop();
    if (typeof value === "string") yield [path, value];
    else if (value !== null && typeof value === "object") {
      const entries = Object.entries(value).reverse();
      for (const [key, inner] of entries) open.push([Array.isArray(value) ? path : path ? `${path}.${key}` : key, inner]);
    }
  }
}

/** One search. `step` looks at the next records until it has found enough or came to the end. */
export class Search {
  constructor(source, directory, text) {
    Object.assign(this, { source, directory, words: new Words(text), memory: new ArrayBuffer(4 << 20), place: 0, next: 0, done: 0 });
    this.total = SEARCHED.reduce((sum, key) => sum + directory.sections[key].length, 0);
    this.isOver = false;
    this.isStopped = false;
    this.unread = 0;
  }

  /** Tells each hit: `{ section, index, record, field, before, match, after }`, and now and then how far it is. */
  async step(most, hit, progress) {
    for (let found = 0; found < most && !this.isOver && !this.isStopped;) {
      const key = SEARCHED[this.place];
      const records = this.directory.sections[key];
      const until = Math.min(this.next + STEP_RECORDS, records.length);
      for await (const one of this.#among(key, records, until)) {
        await hit(one);
        found += 1;
        if (found >= most || this.isStopped) break;
      }
      if (this.next >= records.length) {
        this.place += 1;
        this.next = 0;
        this.isOver = this.place >= SEARCHED.length;
      }
      progress(this.total === 0 ? 1 : this.done / this.total);
    }
  }

  /** Hits among the records up to `until`; `next` is always the one to go on with. */
  async* #among(section, records, until) {
    const places = Array.from({ length: until - this.next }, (_, order) => {
      const index = this.next + order;
      const start = records.offsets.get(index);
      return { index, start, end: start + records.lengths.get(index) };
    });
    for (const run of runs(places)) {
      const [{ start }, { end }] = [run[0], run.at(-1)];
      if (end - start > 64 << 20) {
        this.unread += run.length;
        this.#passed(run.at(-1).index, run.length);
        continue;
      }
      const bytes = await read(this.source, start, end, this.memory);
      const decoder = new TextDecoder();
      if (this.words.mayBeIn(decoder.decode(bytes))) {
        for (const place of run) {
          this.#passed(place.index, 1);
          const found = this.#inRecord(decoder.decode(bytes.subarray(place.start - start, place.end - start)));
          if (found) yield { section, index: place.index, ...found };
        }
      } else this.#passed(run.at(-1).index, run.length);
      this.memory = bytes.buffer;
    }
  }

  #passed(index, count) {
    this.next = index + 1;
    this.done += count;
  }

  #inRecord(json) {
    if (!this.words.mayBeIn(json)) return null;
    try {
      const record = JSON.parse(json);
      const found = this.words.find(record);
      return found && { record, ...found };
    } catch {
      this.unread += 1;
      return null;
    }
  }
}
