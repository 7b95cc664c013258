// Numbers about many records, in typed arrays: a million of them cost their bytes and nothing more.

const BLOCK = 1 << 13;

/** No record. */
export const NONE = 0xffffffff;

/** A list of numbers that grows without being copied. */
export class Column {
  constructor(Kind = Uint32Array) {
    this.Kind = Kind;
    this.blocks = [];
    this.length = 0;
  }

  push(number) {
    const at = this.length++;
    if (at % BLOCK === 0) this.blocks.push(new this.Kind(BLOCK));
    this.blocks[at >>> 13][at & (BLOCK - 1)] = number;
  }

  get(at) {
    return this.blocks[at >>> 13][at & (BLOCK - 1)];
  }

  set(at, number) {
    this.blocks[at >>> 13][at & (BLOCK - 1)] = number;
  }
}

/** Which records belong to which group, such as the messages of each thread, in file order. */
export class Groups {
  /** `of`: a column with each record's group, or NONE; `count`: how many groups there are. */
  constructor(of, count) {
    // The last group is of those that belong to none.
    this.none = count;
    this.starts = new Uint32Array(count + 2);
    for (let at = 0; at < of.length; at++) this.starts[this.#group(of.get(at)) + 1] += 1;
    for (let group = 0; group <= count; group++) this.starts[group + 1] += this.starts[group];
    const next = this.starts.slice();
    this.records = new Uint32Array(of.length);
    for (let at = 0; at < of.length; at++) this.records[next[this.#group(of.get(at))]++] = at;
  }

  /** The records of a group; NONE: those of no group. */
  list(group) {
    const at = this.#group(group);
    return this.records.subarray(this.starts[at], this.starts[at + 1]);
  }

  count(group) {
    const at = this.#group(group);
    return this.starts[at + 1] - this.starts[at];
  }

  #group(number) {
    return number === NONE ? this.none : number;
  }
}
