// SHA-256 (FIPS 180-4) of bytes that come in pieces: the browser's own takes a file only as a whole.

const K = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

/** Takes bytes with `update`, and says their digest once. */
export class Sha256 {
  constructor() {
    this.state = Int32Array.of(
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    );
    this.words = new Int32Array(64);
    this.rest = new Uint8Array(64);
    this.restView = new DataView(this.rest.buffer);
    this.restLength = 0;
    this.length = 0;
  }

  update(bytes) {
    this.length += bytes.length;
    let at = 0;
    if (this.restLength > 0) {
      at = Math.min(64 - this.restLength, bytes.length);
      this.rest.set(bytes.subarray(0, at), this.restLength);
      this.restLength += at;
      if (this.restLength < 64) return this;
      this.#blocks(this.restView, 0, 64);
      this.restLength = 0;
    }
    const end = at + ((bytes.length - at) & ~63);
    if (end > at) this.#blocks(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at, end);
    this.rest.set(bytes.subarray(end));
    this.restLength = bytes.length - end;
    return this;
  }

  /** The digest in hex. Nothing can be added after it. */
  digest() {
    const bits = this.length * 8;
    const padding = new Uint8Array(((this.restLength < 56 ? 56 : 120) - this.restLength) + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.update(padding);
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #blocks(view, from, to) {
    const w = this.words;
    const state = this.state;
    for (let at = from; at < to; at += 64) {
      for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + i * 4);
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15];
        const y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      rounds(state, w);
    }
  }
}

/** The 64 rounds over one block; eight are written out, so that no value moves from name to name. */
function rounds(state, w) {
  let a = state[0], b = state[1], c = state[2], d = state[3];
  let e = state[4], f = state[5], g = state[6], h = state[7];
  let t = 0;
  for (let i = 0; i < 64; i += 8) {
    t = (h + big1(e) + (g ^ (e & (f ^ g))) + K[i] + w[i]) | 0;
    d = (d + t) | 0; h = (t + big0(a) + ((a & b) | (c & (a | b)))) | 0;
    t = (g + big1(d) + (f ^ (d & (e ^ f))) + K[i + 1] + w[i + 1]) | 0;
    c = (c + t) | 0; g = (t + big0(h) + ((h & a) | (b & (h | a)))) | 0;
    t = (f + big1(c) + (e ^ (c & (d ^ e))) + K[i + 2] + w[i + 2]) | 0;
    b = (b + t) | 0; f = (t + big0(g) + ((g & h) | (a & (g | h)))) | 0;
    t = (e + big1(b) + (d ^ (b & (c ^ d))) + K[i + 3] + w[i + 3]) | 0;
    a = (a + t) | 0; e = (t + big0(f) + ((f & g) | (h & (f | g)))) | 0;
    t = (d + big1(a) + (c ^ (a & (b ^ c))) + K[i + 4] + w[i + 4]) | 0;
    h = (h + t) | 0; d = (t + big0(e) + ((e & f) | (g & (e | f)))) | 0;
    t = (c + big1(h) + (b ^ (h & (a ^ b))) + K[i + 5] + w[i + 5]) | 0;
    g = (g + t) | 0; c = (t + big0(d) + ((d & e) | (f & (d | e)))) | 0;
    t = (b + big1(g) + (a ^ (g & (h ^ a))) + K[i + 6] + w[i + 6]) | 0;
    f = (f + t) | 0; b = (t + big0(c) + ((c & d) | (e & (c | d)))) | 0;
    t = (a + big1(f) + (h ^ (f & (g ^ h))) + K[i + 7] + w[i + 7]) | 0;
    e = (e + t) | 0; a = (t + big0(b) + ((b & c) | (d & (b | c)))) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

function big0(x) {
  return ((x >>> 2) | (x << 30)) ^ ((x >>> 13) | (x << 19)) ^ ((x >>> 22) | (x << 10));
}

function big1(x) {
  return ((x >>> 6) | (x << 26)) ^ ((x >>> 11) | (x << 21)) ^ ((x >>> 25) | (x << 7));
}
