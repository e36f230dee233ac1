/** What a thread of the store needs of this package, without libraries and packs. It does not start where one is missing. */

export { scanText } from "./build/scan-secrets.ts";
export { canonicalJson } from "./format/canonical-json.ts";
export { digestOf } from "./format/digest.ts";
export { formatNotes, noteDigest, noteProblem, notesBytesMax, notesMax } from "./memory/notes.ts";
