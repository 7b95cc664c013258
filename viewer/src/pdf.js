// Whether a PDF only shows pages. A browser's PDF viewer runs the scripts of a PDF that has some; what runs is not
// shown here. When in doubt, the answer is no: the person can still save the file.

const LARGEST_BYTES = 50_000_000;
const LARGEST_UNPACKED_BYTES = 200_000_000;
/** What does something by itself, or fetches something. Links that a person clicks are left alone. */
const ACTS = /\/(?:JavaScript|JS|Launch|SubmitForm|ImportData|GoToR|GoToE|Rendition|RichMedia|Movie|XFA)(?![A-Za-z0-9])/;
/** Names may spell their letters as #xx. */
const SPELLED = /#([0-9a-fA-F]{2})/g;
/** Streams of pictures; they are no place for objects. */
const PICTURE = /\/(?:DCTDecode|JPXDecode|CCITTFaxDecode|JBIG2Decode|DCT|CCF)\b/;
const DICTIONARY_LETTERS = 4096;

/** Whether nothing in these bytes acts by itself, as far as they can be read. */
export async function isInert(blob) {
  if (blob.size > LARGEST_BYTES) return false;
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const text = plainNames(new TextDecoder("latin1").decode(bytes));
  if (ACTS.test(text) || /\/Encrypt\b/.test(text)) return false;
  // Only a stream of this kind can hold objects; without one, all objects stand in what was just read.
  return !text.includes("ObjStm") || streamsAreInert(bytes);
}

async function streamsAreInert(bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  let unpacked = 0;
  for (const { index } of text.matchAll(/stream\r?\n/g)) {
    if (text.slice(index - 3, index) === "end") continue;
    const dictionary = text.slice(Math.max(0, index - DICTIONARY_LETTERS), index).split("endobj").at(-1);
    const begin = index + (text[index + 6] === "\r" ? 8 : 7);
    const end = text.indexOf("endstream", begin);
    if (PICTURE.test(dictionary) || !/\/F(?:ilter)?\b/.test(dictionary)) continue;
    const inner = await unpack(bytes.subarray(begin, end < 0 ? bytes.length : end), LARGEST_UNPACKED_BYTES - unpacked);
    if (inner === null || ACTS.test(plainNames(inner))) return false;
    unpacked += inner.length;
  }
  return true;
}

const plainNames = (text) => (text.includes("#")
  ? text.replace(SPELLED, (_, code) => String.fromCharCode(Number.parseInt(code, 16))) : text);

/** What was packed, as Latin-1; null if it was packed in another way or is too large. */
async function unpack(bytes, most) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const decoder = new TextDecoder("latin1");
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += decoder.decode(value);
      if (text.length > most) return null;
    }
  } catch {
    // Some line ends after the packed bytes are an error, too; what came before is all there is.
    return text.length > 0 ? text : null;
  }
}
