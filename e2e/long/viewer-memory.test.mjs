// An export of 3 GB with a million messages opens in a tab. Takes minutes, and 8 GB of disk.

import { test } from "node:test";
import { assertBounded } from "../lib/viewer-memory.mjs";

test("an export of 3 GB with a million messages opens with less than 150 MB of heap", (t) => assertBounded(t, {
  messages: 1_000_000, fileBytes: 1_000_000_000, atLeast: 3_000_000_000, most: 150_000_000, atRest: 100_000_000, seconds: 400,
}));
