// Records read again from their place in the file, a few at a time.

import { read } from "./source.js";

/** More than this is never read at once for showing it. */
const LARGEST_BYTES = 64 << 20;
/** Records that stand closer together than this are read in one go. */
const NEAR_BYTES = 64 << 10;
const LARGEST_RUN_BYTES = 4 << 20;

/** The value at a place, or null with what is wrong about it. */
export async function readValue(source, place) {
  if (place.end - place.start > LARGEST_BYTES) return { value: null, problem: "too large to be shown here" };
  return parse(await read(source, place.start, place.end));
}

/** The records with these numbers, in this order: `{ index, record, problem }`. */
export async function readRecords(source, records, indexes) {
  const places = Array.from(indexes, (index, order) => {
    const start = records.offsets.get(index);
    return { index, order, start, end: start + records.lengths.get(index) };
  });
  const found = new Array(places.length);
  for (const run of runs(places.toSorted((a, b) => a.start - b.start))) {
    const [{ start }, { end }] = [run[0], run.at(-1)];
    const isReadable = end - start <= LARGEST_BYTES;
    const bytes = isReadable ? await read(source, start, end) : null;
    for (const place of run) {
      const { value, problem } = bytes
        ? parse(bytes.subarray(place.start - start, place.end - start))
        : { value: null, problem: "too large to be shown here" };
      found[place.order] = { index: place.index, record: value ?? {}, problem };
    }
  }
  return found;
}

/** Places, by where they stand, cut into what is read together. */
export function* runs(places) {
  let run = [];
  for (const place of places) {
    const isNear = run.length > 0 && place.start - run.at(-1).end <= NEAR_BYTES
      && place.end - run[0].start <= LARGEST_RUN_BYTES;
    if (run.length > 0 && !isNear) {
      yield run;
      run = [];
    }
    run.push(place);
  }
  if (run.length > 0) yield run;
}

function parse(bytes) {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    if (value === null || typeof value !== "object") throw new Error("not an object");
    return { value };
  } catch (error) {
    return { value: null, problem: `cannot be read: ${error.message}` };
  }
}
