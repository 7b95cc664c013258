// A file that is read in pieces: one that the person chose, or the one that `carryall view` serves.
//
// Memory of pieces is used again, not left to the collector: a browser lets hundreds of megabytes of read buffers pile
// up before it comes round. (Measured over 3 GB: the tab's process had at most 480 MB with new buffers, 200 MB so.)

/** How much is asked for at once. */
const PIECE_BYTES = 1 << 20;

/** What opens a source: `{ file }` or `{ url, name, size }`. Can be sent to a worker. */
export function openSource(origin) {
  return origin.file ? new ChosenFile(origin.file) : new ServedFile(origin);
}

class ChosenFile {
  constructor(file) {
    this.file = file;
    this.size = file.size;
    this.name = file.name;
  }

  stream(start, end) {
    return this.file.slice(start, end).stream();
  }
}

class ServedFile {
  constructor({ url, name, size }) {
    Object.assign(this, { url, name, size });
  }

  async stream(start, end) {
    const range = `bytes=${start}-${Math.min(end, this.size) - 1}`;
    const answer = await fetch(this.url, { headers: { range }, cache: "no-store" });
    if (answer.status !== 206) throw new Error(`the file can no longer be read: status ${answer.status}`);
    return answer.body;
  }
}

/** The bytes of a range. `memory`: a buffer to put them into, which is given up; take the answer's for the next time. */
export async function read(source, start, end, memory) {
  const length = Math.min(end, source.size) - start;
  if (length <= 0) return new Uint8Array();
  const into = memory?.byteLength >= length ? memory : new ArrayBuffer(length);
  const reader = new Pieces(await source.stream(start, start + length), into);
  try {
    for (let filled = 0; filled < length;) {
      const piece = await reader.next(filled, length - filled);
      if (piece === null) throw new Error("the file became shorter while it was read");
      filled += piece.length;
    }
  } finally {
    await reader.end();
  }
  return new Uint8Array(reader.memory, 0, length);
}

/** The pieces of a range, one after the other. A piece holds until the next one is asked for. */
export async function* pieces(source, start, end) {
  if (end <= start) return;
  const reader = new Pieces(await source.stream(start, end), new ArrayBuffer(PIECE_BYTES));
  try {
    for (let at = start; at < end;) {
      const piece = await reader.next(0, PIECE_BYTES);
      if (piece === null) throw new Error("the file became shorter while it was read");
      at += piece.length;
      yield piece;
    }
  } finally {
    await reader.end();
  }
}

/**
 * What is being read. A stream, its reader and whoever waits for it refer to each other alone; Chromium collects all
 * of them while they wait, and then nothing ever comes. (Seen on every other file of 3 GB, until they were held here.)
 */
const reading = new Set();

/** Reads a stream into one buffer, where the browser can; otherwise copies into it. */
class Pieces {
  constructor(stream, memory) {
    reading.add(this);
    this.memory = memory;
    this.rest = null;
    try {
      this.reader = stream.getReader({ mode: "byob" });
      this.isDirect = true;
    } catch {
      this.reader = stream.getReader();
      this.isDirect = false;
    }
  }

  /** Some bytes, `most` at most, which stand at `at` in the buffer; null at the end. */
  async next(at, most) {
    if (this.isDirect) {
      const { value, done } = await this.reader.read(new Uint8Array(this.memory, at, most));
      if (value) this.memory = value.buffer;
      return done ? null : value;
    }
    if (this.rest === null || this.rest.length === 0) {
      const { value, done } = await this.reader.read();
      if (done) return null;
      this.rest = value;
    }
    const length = Math.min(most, this.rest.length);
    new Uint8Array(this.memory).set(this.rest.subarray(0, length), at);
    this.rest = this.rest.subarray(length);
    return new Uint8Array(this.memory, at, length);
  }

  async end() {
    // Nothing more is wanted; one that failed has said so already.
    await this.reader.cancel().catch(() => {});
    reading.delete(this);
  }
}
