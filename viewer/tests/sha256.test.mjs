// SHA-256 against the vectors of FIPS 180-4 and against Node's own.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Sha256 } from "../src/sha256.js";

const bytesOf = (text) => new TextEncoder().encode(text);
const digestOf = (...pieces) => pieces.reduce((sha, piece) => sha.update(piece), new Sha256()).digest();
const nodes = (bytes) => createHash("sha256").update(bytes).digest("hex");

test("the published vectors come out", () => {
  const vectors = {
    "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  };
  for (const [text, digest] of Object.entries(vectors)) assert.equal(digestOf(bytesOf(text)), digest);
  assert.equal(digestOf(new Uint8Array(1_000_000).fill(0x61)), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
});

test("every length up to three blocks, in every way to cut it in two, is what Node says", () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, at) => (at * 89 + 7) & 255);
  for (let length = 0; length <= 200; length++) {
    const expected = nodes(bytes.subarray(0, length));
    for (let cut = 0; cut <= length; cut += 1 + (length % 7)) {
      assert.equal(digestOf(bytes.subarray(0, cut), bytes.subarray(cut, length)), expected, `${length} cut at ${cut}`);
    }
  }
});

test("pieces that do not begin at a block's start are read from their own place", () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, at) => (at * 31) & 255);
  assert.equal(digestOf(bytes.subarray(3, 1000), bytes.subarray(1000, 4097)), nodes(bytes.subarray(3, 4097)));
});

test("a length beyond 512 MiB is counted in both halves of its 64 bits", () => {
  const piece = new Uint8Array(1 << 24);
  const ours = new Sha256();
  const theirs = createHash("sha256");
  for (let times = 0; times < 33; times++) {
    ours.update(piece);
    theirs.update(piece);
  }
  assert.equal(ours.digest(), theirs.digest("hex"));
});
