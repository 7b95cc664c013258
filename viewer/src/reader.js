// One opened file: its directory, and answers from it. Runs in a worker; knows no page.

import { NONE } from "./columns.js";
import { readContents } from "./contents.js";
import { Path, choicesTo } from "./conversation.js";
import { Directory } from "./directory.js";
import { LISTS } from "./layout.js";
import { readRecords, readValue } from "./records.js";
import { Scanner } from "./scan.js";
import { Search } from "./search.js";
import { pieces, read } from "./source.js";
import { ENCRYPTED, isEncrypted, whyNoExport } from "./verify.js";

/** The last line is shorter than this: a digest and a signature. */
const TAIL_BYTES = 64 << 10;
const PROGRESS_MS = 80;

/** The last line of a file, if it is the one that the format ends with: `{ start }`, or null. */
export async function lastLine(source) {
  const from = Math.max(0, source.size - TAIL_BYTES);
  const text = await read(source, from, source.size);
  let end = text.length;
  while (end > 0 && (text[end - 1] === 0x0a || text[end - 1] === 0x0d)) end -= 1;
  const start = text.lastIndexOf(0x0a, end - 1) + 1;
  const begins = new TextDecoder().decode(text.subarray(start, start + 12));
  return begins === '"integrity":' && start > 0 ? { start: from + start } : null;
}

export class Reader {
  constructor(source) {
    this.source = source;
    this.directory = new Directory();
    this.path = null;
    this.search = null;
  }

  /** Goes through the whole file once. Returns what the checks need, or why it is no export. */
  async scan(progress) {
    const { source, directory } = this;
    if (isEncrypted(await read(source, 0, Math.min(source.size, 64)))) return { whyNot: ENCRYPTED };
    const scanner = new Scanner(directory);
    let told = 0;
    let at = 0;
    for await (const bytes of pieces(source, 0, source.size)) {
      scanner.push(bytes);
      at += bytes.length;
      if (scanner.strangeAt >= 0) break;
      const now = performance.now();
      if (now - told > PROGRESS_MS) {
        told = now;
        progress({ done: at, place: scanner.place, records: this.#recordsSoFar() });
      }
    }
    const { header, summary, integrity } = await this.#read("export", "summary", "integrity");
    const why = whyNoExport({ size: source.size, header, strangeAt: scanner.strangeAt, keys: directory.keys });
    if (why !== null) return { whyNot: why };
    directory.finish();
    return { scan: this.#findings(scanner, { header, summary, integrity }, await lastLine(source)) };
  }

  #recordsSoFar() {
    return LISTS.reduce((sum, key) => sum + (key === "file_contents" ? 0 : this.directory.sections[key].length), 0);
  }

  async #read(...keys) {
    const values = {};
    for (const key of keys) {
      const place = this.directory.places[key];
      values[key === "export" ? "header" : key] = place ? (await readValue(this.source, place)).value : null;
    }
    return values;
  }

  #findings(scanner, { header, summary, integrity }, line) {
    const { directory, source } = this;
    const counts = Object.fromEntries(LISTS.map((key) => [key, directory.sections[key].length]));
    counts.account_settings = directory.places.account_settings ? summary?.sections?.account_settings?.count ?? 1 : 0;
    const { keys, unknownKeys, references, dangling, damaged, duplicates, brokenFiles, fileBytes } = directory;
    return {
      name: source.name, size: source.size, header, summary, integrity, counts, keys, unknownKeys, references, dangling,
      damaged, duplicates, brokenFiles, fileBytes, isWhole: scanner.isWhole && scanner.strangeAt < 0, strangeAt: scanner.strangeAt,
      place: scanner.place, isRewritten: scanner.isWhole && line === null, lastLineAt: line?.start ?? null,
      sha256: typeof integrity?.sha256 === "string" ? integrity.sha256 : null,
      gapCodes: Object.fromEntries(directory.gapCodes),
    };
  }

  /** The account settings, whole. */
  async account() {
    const place = this.directory.places.account_settings;
    return place ? (await readValue(this.source, place)).value : null;
  }

  /** All workspaces with what they hold, and what is in none. */
  async workspaces() {
    const records = this.directory.sections.workspaces;
    const all = await readRecords(this.source, records, Array.from({ length: records.length }, (_, at) => at));
    const list = all.map((one) => ({ ...one, holdings: this.directory.holdings(one.index) }));
    return { list, outside: this.directory.holdings(NONE) };
  }

  /**
   * Records of a section: all, or those in a workspace (`workspace`: its number, or null for none), in a thread or
   * in a collection. `{ total, records }`, from `from` on, `count` at most.
   */
  async list({ section, workspace, thread, collection, from = 0, count = 100 }) {
    const { directory } = this;
    const records = directory.sections[section];
    let indexes = null;
    if (workspace !== undefined) indexes = directory.inWorkspace[section].list(workspace ?? NONE);
    if (thread !== undefined) indexes = directory.inThread[section].list(thread);
    if (collection !== undefined) indexes = Uint32Array.from({ length: directory.collections.get(collection)?.length ?? 0 }, (_, at) => directory.collections.get(collection).get(at));
    indexes ??= Uint32Array.from({ length: records.length }, (_, at) => at);
    if (section === "threads") indexes = this.#latestFirst(indexes);
    const found = await readRecords(this.source, records, indexes.subarray(from, from + count));
    return { total: indexes.length, from, records: found.map((one) => this.#placed(section, one)) };
  }

  #latestFirst(indexes) {
    const { threadTimes } = this.directory;
    const time = (at) => threadTimes.get(at) || 0;
    return indexes.slice().sort((a, b) => time(b) - time(a) || a - b);
  }

  /** With the numbers of what it belongs to, and how much it has. */
  #placed(section, one) {
    const { directory } = this;
    const link = (field) => {
      const found = directory.sections[section].links[field]?.get(one.index) ?? NONE;
      return found === NONE ? null : found;
    };
    const placed = { ...one, section, workspace: link("workspace_id"), thread: link("thread_id") };
    if (section === "threads") placed.messages = directory.inThread.messages.count(one.index);
    if (directory.parts[section]) placed.parts = directory.parts[section].count(one.index);
    return placed;
  }

  /** Collections of other records with how many each has. */
  collections() {
    return Array.from(this.directory.collections, ([name, column]) => ({ name, count: column.length }));
  }

  /** The record with an id. */
  find({ section, id }) {
    const found = this.directory.sections[section]?.ids.record(id) ?? NONE;
    return found === NONE ? null : found;
  }

  /** One record by its number. */
  async record({ section, index }) {
    const records = this.directory.sections[section];
    if (!(index < records.length)) return null;
    const [one] = await readRecords(this.source, records, [index]);
    return this.#placed(section, one);
  }

  /** A page of a conversation: the one with the message `around`, or the one that begins at `from`. */
  async conversation({ thread, from = 0, count = 200, around, chosen = [] }) {
    const { directory } = this;
    const opened = await this.record({ section: "threads", index: thread });
    if (opened === null) return null;
    const messages = directory.inThread.messages.list(thread);
    const parents = directory.sections.messages.links.parent_id;
    const parentOf = (message) => parents.get(message);
    const wanted = around === undefined ? new Map(chosen) : choicesTo(around, parentOf);
    const current = directory.sections.messages.ids.record(String(opened.record.current_message_id ?? ""));
    const path = new Path(messages, parentOf, current, wanted);
    const at = around === undefined ? from : Math.floor(Math.max(0, path.indexOf(around)) / count) * count;
    const found = await readRecords(this.source, directory.sections.messages, path.messages.subarray(at, Math.min(at + count, path.length)));
    const shown = await Promise.all(found.map(async (one, order) => ({
      ...one,
      parent: path.parents[at + order],
      which: path.which[at + order],
      of: path.of[at + order],
      files: await this.#named("uploaded_files", one.record.file_ids),
      documents: await this.#named("generated_documents", one.record.generated_document_ids),
    })));
    return { thread: opened, messages: shown, from: at, total: path.length, all: messages.length, chosen: [...wanted] };
  }

  /** Which message follows another one, as the n-th. */
  follower({ thread, parent, which }) {
    const parents = this.directory.sections.messages.links.parent_id;
    const following = this.directory.inThread.messages.list(thread).filter((message) => parents.get(message) === parent);
    return following[which] ?? null;
  }

  async #named(section, ids) {
    if (!Array.isArray(ids) || ids.length === 0) return [];
    const { ids: known } = this.directory.sections[section];
    const indexes = ids.slice(0, 100).map((id) => known.record(String(id))).filter((index) => index !== NONE);
    const found = await readRecords(this.source, this.directory.sections[section], indexes);
    return found.map((one) => this.#placed(section, one));
  }

  /** The bytes of a file or document. */
  async contents({ section, index }) {
    const parts = this.directory.parts[section].list(index);
    if (parts.length === 0) return null;
    return readContents(this.source, this.directory.sections.file_contents, parts);
  }

  /** Begins a search, or goes on with it when `text` is missing. */
  async seek({ text, most }, tell) {
    if (text !== undefined) {
      this.stopSearch();
      this.search = new Search(this.source, this.directory, text);
    }
    const { search } = this;
    search.isStopped = false;
    await search.step(most, async (hit) => tell({ hit: await this.#hit(hit) }), (done) => tell({ done }));
    return { isOver: search.isOver, isStopped: search.isStopped, unread: search.unread };
  }

  stopSearch() {
    if (this.search) this.search.isStopped = true;
  }

  async #hit({ record, ...hit }) {
    const { name, title, role, author_user_id: author, created_at: createdAt, collection, code } = record;
    const placed = this.#placed(hit.section, { index: hit.index });
    const thread = placed.thread === null || hit.section !== "messages" ? null : await this.record({ section: "threads", index: placed.thread });
    return { ...hit, ...placed, what: name ?? title ?? collection ?? code ?? null, role, author, createdAt, threadTitle: thread?.record.title ?? null };
  }
}
