// Finds the records of an export in bytes that come in pieces, whatever white space stands between them.
//
// Promises: each value of the top object, and each element of a list there, is told once, in file order,
// with its place in the file. Nothing of the file is kept but the record at hand, and of that no text
// longer than LONG_TEXT_BYTES: in its place stands an empty one, since who wants the text reads it by its place.

const LONG_TEXT_BYTES = 1024;
/** A record with more than this outside its long texts is told without its text. */
const LARGEST_RECORD_BYTES = 32 << 20;

const QUOTE = 0x22, COMMA = 0x2c, COLON = 0x3a, BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b, CLOSE_LIST = 0x5d, OPEN_OBJECT = 0x7b, CLOSE_OBJECT = 0x7d;

/**
 * What is told: `value(key, start, end, text)` for a value of the top object, `record(key, start, end, text)`
 * for an element of a list there, `list(key, start, end)` when the list is over. `text` is null for a record
 * that is too large.
 */
export class Scanner {
  constructor(told) {
    this.told = told;
    this.decoder = new TextDecoder();
    this.kept = new Uint8Array(1 << 16);
    this.base = 0;
    this.depth = 0;
    this.key = null;
    this.isKeyNext = true;
    this.inList = false;
    this.listStart = 0;
    // The value or record at hand: from where, and whether it ends by itself or at the next separator.
    this.start = -1;
    this.isScalar = false;
    this.isTooLarge = false;
    this.keptLength = 0;
    // The text at hand.
    this.inText = false;
    this.isKeyText = false;
    this.textBytes = 0;
    this.textAt = 0;
    this.backslashes = 0;
    /** The top object is closed. */
    this.isWhole = false;
    /** The first byte that cannot be part of any JSON object, as an offset; -1 while there is none. */
    this.strangeAt = -1;
  }

  /** Where the scan stands, in words for people: the key of the section. */
  get place() {
    return this.key;
  }

  push(bytes) {
    let at = this.base === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    const end = bytes.length;
    if (this.inText) at = this.#text(bytes, at);
    // From where bytes of the record at hand are not kept yet.
    let from = at;
    while (at < end && this.strangeAt < 0) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        if (this.start < 0) {
          this.#beginText(at);
          from = at;
        }
        if (this.start >= 0 || this.isKeyText) this.#keep(bytes, from, at + 1);
        this.#openText();
        at = this.#text(bytes, at + 1);
        from = at;
        continue;
      }
      if (byte > 0x20) {
        const wasInside = this.start >= 0;
        if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.#open(byte, at);
        else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) this.#close(bytes, from, at);
        else if (byte === COMMA || byte === COLON) this.#separator(bytes, from, at, byte);
        else if (!wasInside) this.#beginScalar(at);
        if (!wasInside && this.start >= 0) from = at;
      } else if (this.isScalar && !this.inText) {
        this.#endScalar(bytes, from, at);
      }
      at += 1;
    }
    if (this.start >= 0 && !this.inText && from < end) this.#keep(bytes, from, end);
    this.base += end;
  }

  /** Whether elements of the list, or else values of the top object, stand at this depth. */
  get #level() {
    return this.inList ? 2 : 1;
  }

  #open(byte, at) {
    if (this.start < 0) {
      if (this.depth === 0) {
        if (byte === OPEN_LIST || this.isWhole) this.strangeAt = this.base + at;
        this.depth = 1;
        return;
      }
      if (this.depth === 1 && byte === OPEN_LIST && !this.isKeyNext) {
        this.inList = true;
        this.listStart = this.base + at;
        this.depth = 2;
        return;
      }
      this.#begin(at, false);
    }
    this.depth += 1;
  }

  #close(bytes, from, at) {
    if (this.isScalar) this.#endScalar(bytes, from, at);
    this.depth -= 1;
    if (this.start >= 0) {
      if (this.depth === this.#level) {
        this.#keep(bytes, from, at + 1);
        this.#end(at + 1);
      }
      return;
    }
    if (this.inList && this.depth === 1) {
      this.inList = false;
      this.told.list(this.key, this.listStart, this.base + at + 1);
    } else if (this.depth === 0) {
      this.isWhole = true;
    } else if (this.depth < 0) {
      this.strangeAt = this.base + at;
    }
  }

  #separator(bytes, from, at, byte) {
    if (this.isScalar) this.#endScalar(bytes, from, at);
    if (this.depth === 1 && this.start < 0) this.isKeyNext = byte === COMMA;
    if (this.depth === 0) this.strangeAt = this.base + at;
  }

  #begin(at, isScalar) {
    this.start = this.base + at;
    this.isScalar = isScalar;
    this.keptLength = 0;
    this.isTooLarge = false;
    if (this.depth === 1 && this.isKeyNext) this.strangeAt = this.base + at;
  }

  #beginScalar(at) {
    if (this.depth === 0) this.strangeAt = this.base + at;
    else this.#begin(at, true);
  }

  #endScalar(bytes, from, at) {
    this.#keep(bytes, from, at);
    this.#end(at);
  }

  #end(at) {
    const text = this.isTooLarge ? null : this.decoder.decode(this.kept.subarray(0, this.keptLength));
    const { start } = this;
    this.start = -1;
    this.isScalar = false;
    if (this.kept.length > 1 << 22) this.kept = new Uint8Array(1 << 16);
    this.told[this.inList ? "record" : "value"](this.key, start, this.base + at, text);
  }

  /** A text outside of any record: a key, or a record that is nothing but a text. */
  #beginText(at) {
    if (this.depth === 0) this.strangeAt = this.base + at;
    else if (this.depth === 1 && this.isKeyNext) {
      this.isKeyText = true;
      this.keptLength = 0;
    } else this.#begin(at, true);
  }

  #openText() {
    this.inText = true;
    this.textBytes = 0;
    this.textAt = this.keptLength;
    this.backslashes = 0;
  }

  /** Goes through a text from `at`; where it goes on after it, or the end of these bytes. */
  #text(bytes, at) {
    const begin = at;
    for (;;) {
      const quote = bytes.indexOf(QUOTE, at);
      const stop = quote < 0 ? bytes.length : quote;
      let before = stop;
      while (before > begin && bytes[before - 1] === BACKSLASH) before -= 1;
      let count = stop - before;
      if (before === begin) count += this.backslashes;
      if (quote < 0) {
        this.#addText(bytes, begin, stop);
        this.backslashes = count;
        return stop;
      }
      if (count % 2 === 0) {
        this.#addText(bytes, begin, stop);
        this.#endText();
        return quote + 1;
      }
      at = quote + 1;
    }
  }

  #addText(bytes, from, to) {
    this.textBytes += to - from;
    if (this.textBytes <= LONG_TEXT_BYTES) this.#keep(bytes, from, to);
  }

  #endText() {
    this.inText = false;
    if (this.textBytes > LONG_TEXT_BYTES) this.keptLength = this.textAt;
    this.#room(1);
    this.kept[this.keptLength++] = QUOTE;
    if (!this.isKeyText) return;
    this.isKeyText = false;
    const text = this.decoder.decode(this.kept.subarray(0, this.keptLength));
    try {
      this.key = JSON.parse(text);
    } catch {
      this.key = text;
    }
  }

  #keep(bytes, from, to) {
    const length = to - from;
    if (length <= 0 || this.isTooLarge) return;
    if (this.keptLength + length > LARGEST_RECORD_BYTES) {
      this.isTooLarge = true;
      return;
    }
    this.#room(length);
    const { kept } = this;
    let at = this.keptLength;
    // A call costs more than a few bytes.
    if (length < 48) for (let i = from; i < to; i++) kept[at++] = bytes[i];
    else kept.set(bytes.subarray(from, to), at);
    this.keptLength += length;
  }

  #room(length) {
    if (this.keptLength + length <= this.kept.length) return;
    const larger = new Uint8Array(Math.max(this.kept.length * 2, this.keptLength + length));
    larger.set(this.kept.subarray(0, this.keptLength));
    this.kept = larger;
  }
}
