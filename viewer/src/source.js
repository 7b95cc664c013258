// A file that is read in pieces: one that the person chose, or the one that `carryall view` serves.

/** How much is read at once. Two pieces are in memory: the one at hand and the next. */
export const PIECE_BYTES = 4 << 20;

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

  async read(start, end) {
    return new Uint8Array(await this.file.slice(start, end).arrayBuffer());
  }
}

class ServedFile {
  constructor({ url, name, size }) {
    Object.assign(this, { url, name, size });
  }

  async read(start, end) {
    const last = Math.min(end, this.size) - 1;
    if (last < start) return new Uint8Array();
    const answer = await fetch(this.url, { headers: { range: `bytes=${start}-${last}` }, cache: "no-store" });
    if (answer.status !== 206) throw new Error(`the file can no longer be read: status ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  }
}

/** The pieces of a range, one after the other; the next one is read meanwhile. */
export async function* pieces(source, start, end) {
  let next = source.read(start, Math.min(start + PIECE_BYTES, end));
  for (let at = start; at < end;) {
    const bytes = await next;
    if (bytes.length === 0) throw new Error("the file became shorter while it was read");
    at += bytes.length;
    // One that fails is met at the await above.
    next = at < end ? source.read(at, Math.min(at + PIECE_BYTES, end)) : Promise.resolve(new Uint8Array());
    next.catch(() => {});
    yield bytes;
  }
}
