// Which ids stand in a section, and at which record: by 64 bits of a hash, since a million ids as text
// would be 100 MB.
//
// The hash has a random key, so that a file cannot be written for its weaknesses beforehand. Among a
// million ids two share a hash with a chance below 3 in 100 million.

import { Column, NONE } from "./columns.js";

const KEY = crypto.getRandomValues(new Uint32Array(2));

/** The two halves of the last hash; a pair for each id would be garbage a million times. */
let high = 0;
let low = 0;

function hash(text) {
  let a = KEY[0];
  let b = KEY[1];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x85ebca6b);
    a ^= a >>> 15;
    b = Math.imul(b ^ code, 0xc2b2ae35);
    b ^= b >>> 13;
  }
  a = Math.imul(a ^ (b >>> 16) ^ text.length, 0x9e3779b1);
  b = Math.imul(b ^ (a >>> 15), 0x27d4eb2f);
  high = (a ^ (b >>> 13)) >>> 0;
  low = (b ^ (a >>> 16)) >>> 0;
}

/** Ids that were met, each with a number of its own: its slot. */
export class Ids {
  constructor() {
    this.table = new Uint32Array(1 << 10);
    this.highs = new Column();
    this.lows = new Column();
    this.records = new Column();
  }

  get length() {
    return this.records.length;
  }

  /** The slot of an id; a new one if it was not met yet. */
  slot(id) {
    const at = this.#find(id);
    if (this.table[at] !== 0) return this.table[at] - 1;
    const slot = this.records.length;
    this.highs.push(high);
    this.lows.push(low);
    this.records.push(NONE);
    this.table[at] = slot + 1;
    if (this.records.length * 2 > this.table.length) this.#grow();
    return slot;
  }

  /** Says at which record an id stands. False if it stands at another already. */
  define(id, record) {
    const slot = this.slot(id);
    if (this.records.get(slot) !== NONE) return false;
    this.records.set(slot, record);
    return true;
  }

  /** The record with this id, or NONE. */
  record(id) {
    const found = this.table[this.#find(id)];
    return found === 0 ? NONE : this.records.get(found - 1);
  }

  has(id) {
    return this.table[this.#find(id)] !== 0;
  }

  #find(id) {
    hash(id);
    const mask = this.table.length - 1;
    let at = low & mask;
    for (;;) {
      const found = this.table[at];
      if (found === 0 || (this.lows.get(found - 1) === low && this.highs.get(found - 1) === high)) return at;
      at = (at + 1) & mask;
    }
  }

  #grow() {
    this.table = new Uint32Array(this.table.length * 2);
    const mask = this.table.length - 1;
    for (let slot = 0; slot < this.lows.length; slot++) {
      let at = this.lows.get(slot) & mask;
      while (this.table[at] !== 0) at = (at + 1) & mask;
      this.table[at] = slot + 1;
    }
  }
}
