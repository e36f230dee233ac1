/**
 * The notes of agents inside a memory scope: one topic that the coordinator writes, beside the files that people
 * write. One line for each entry, with a mark that names it, so that an agent can say which one it means:
 *
 *   - The build needs Java 21 <!-- m:01a1fda2-4aee s:01a1fda1/report t:agent -->
 */

import { digestOf } from "../format/digest.ts";
import { characterCount } from "../format/sizes.ts";

/** The topic's path; a library may not have a file of this name. */
export const notesPath = "agent-notes.md";

export interface Note {
  readonly id: string;
  /** One line that {@link noteProblem} accepts. */
  readonly text: string;
  /** `<run id>/<step id>` of the step that wrote it. */
  readonly source: string;
}

export const noteCharactersMax = 1000;
/** Of one scope. */
export const notesMax = 500;
/** Of one scope, as {@link formatNotes} prints it. */
export const notesBytesMax = 64 * 1024;

const mark = /^- (?<text>.*) <!-- m:(?<id>[0-9A-Za-z_-]{1,64}) s:(?<source>[^\s<>]{1,256}) t:agent -->$/;
/** Line breaks of every kind, control characters, and those that turn the direction of text. */
const forbidden = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

/** In the order of the entries; empty for none. */
export function formatNotes(notes: readonly Note[]): string {
  return notes.map(({ id, text, source }) => `- ${text} <!-- m:${id} s:${source} t:agent -->\n`).join("");
}

/** Lines without a mark are nobody's entry and are passed over. */
export function parseNotes(text: string): Note[] {
  return text.split("\n").flatMap((line) => {
    const { id, text: note, source } = mark.exec(line)?.groups ?? {};
    return id === undefined || note === undefined || source === undefined ? [] : [{ id, text: note, source }];
  });
}

/** Why a text cannot be an entry; undefined: it can. */
export function noteProblem(text: string): string | undefined {
  if (text.trim() === "") return "is empty";
  if (text.trim() !== text) return "begins or ends with white space";
  if (!text.isWellFormed()) return "is not valid Unicode";
  if (forbidden.test(text)) return "has a line break or a control character: one fact, one line";
  if (/<!--|-->/.test(text)) return 'has "<!--" or "-->" in it, which mark entries';
  const length = characterCount(text);
  return length > noteCharactersMax ? `has ${length} characters, over ${noteCharactersMax}` : undefined;
}

/** What an update or a removal names as the text that its agent saw. */
export function noteDigest(text: string): string {
  return digestOf(text);
}
