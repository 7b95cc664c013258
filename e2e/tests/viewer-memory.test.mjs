// An export of 50 MB opens within bounded memory. The same with 3 GB is in ../long.

import { test } from "node:test";
import { assertBounded } from "../lib/viewer-memory.mjs";

test("an export of more than 50 MB opens with less than 60 MB of heap", (t) => assertBounded(t, {
  messages: 20_000, fileBytes: 14_000_000, atLeast: 50_000_000, most: 60_000_000, atRest: 30_000_000, seconds: 90,
}));
