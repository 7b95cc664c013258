// An encrypted export: known by its first bytes, not mistaken for a broken one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ENCRYPTED, isEncrypted } from "../src/verify.js";
import { fileOf, open } from "./a-file.mjs";

const HEAD = "age-encryption.org/v1\n-> scrypt ";

test("a file of the age format is known for what it is, in binary and in armor", async () => {
  for (const text of [HEAD, "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl", "\n\r\n-----BEGIN AGE ENCRYPTED FILE-----\n"]) {
    assert.equal((await open(Buffer.from(text))).whyNot, ENCRYPTED, text);
  }
});

test("an export and other files are not taken for encrypted ones", async () => {
  assert.equal((await open(fileOf({}))).whyNot, undefined);
  for (const text of ["", "age", `x${HEAD}`, "-----BEGIN PGP MESSAGE-----"]) assert.equal(isEncrypted(Buffer.from(text)), false, text);
});
