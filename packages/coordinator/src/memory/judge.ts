/**
 * What becomes of a memory operation: applied, found to say what is there already, or left to a person. Never dropped,
 * and never a guess: an update or a removal counts only for the text that its agent saw. Pure.
 */

import type { MemoryChange, MemoryOperation, ReviewReason } from "@haversack/protocol";
import { noteDigest, noteProblem, notesBytesMax, notesMax, scanText } from "@haversack/snapshot";
import { applyEdits, type Entries, notesSize, type SourcedEdit } from "./scope.ts";

export type WriteMode = "none" | "propose" | "append";

export interface JudgedBy {
  /** Of the step, for this scope, as pinned when the run was submitted. */
  readonly mode: WriteMode;
  /** Of the run so far, this operation not included. */
  readonly operations: number;
  readonly removals: number;
  /** `<run id>/<step id>` */
  readonly source: string;
}

export type Verdict =
  | { readonly kind: "applied"; readonly edit: SourcedEdit }
  /** It asks for what is there already. */
  | { readonly kind: "merged" }
  | { readonly kind: "review"; readonly reason: ReviewReason; readonly detail: string };

/** Of one run, over all of its steps. */
export const operationsMax = 50;
export const removalsMax = 5;

export function judge(entries: Entries, operation: MemoryOperation, by: JudgedBy): Verdict {
  const held = heldBack(operation, by);
  return held ?? decide(entries, operation, by.source);
}

/** Why it needs a person, whatever the entries are. */
function heldBack({ change, untrusted }: MemoryOperation, by: JudgedBy): Verdict | undefined {
  const bad = change.kind === "remove" ? undefined : textVerdict(change.text);
  if (bad !== undefined) return bad;
  if (by.mode === "none") return review("not-writable", "the step may not write this scope");
  if (by.operations >= operationsMax)
    return review("limit", `the run has ${operationsMax} operations already`);
  if (change.kind === "remove" && by.removals >= removalsMax) {
    return review("limit", `the run has removed ${removalsMax} entries already`);
  }
  if (untrusted) return review("untrusted", "the agent had read content from outside");
  return by.mode === "propose" ? review("proposed", "the step may propose, not write") : undefined;
}

/** Undefined: memory can hold the text. */
function textVerdict(text: string): Extract<Verdict, { kind: "review" }> | undefined {
  const [hit] = scanText(text);
  if (hit !== undefined)
    return review("secret", `looks like a secret (${hit.pattern}); the text is not kept`);
  const problem = noteProblem(text);
  return problem === undefined ? undefined : review("malformed", `the text ${problem}`);
}

function decide(entries: Entries, { id, change }: MemoryOperation, source: string): Verdict {
  if (change.kind === "add") return add(entries, id, change.text, source);
  const entry = entries.find((entry) => entry.id === change.entry);
  if (entry === undefined) {
    if (change.kind === "remove") return { kind: "merged" };
    return review("conflict", "the entry was removed after the agent had read it");
  }
  if (change.kind === "update" && entry.text === change.text) return { kind: "merged" };
  if (noteDigest(entry.text) !== change.base) {
    return review("conflict", "the entry was changed after the agent had read it");
  }
  return fitting(entries, editOf(change, entry, source));
}

function add(entries: Entries, id: string, text: string, source: string): Verdict {
  if (entries.some((entry) => entry.text === text)) return { kind: "merged" };
  if (entries.some((entry) => entry.id === id)) return review("malformed", "another entry has its id");
  return fitting(entries, { entry: id, after: text, source });
}

function editOf(
  change: Exclude<MemoryChange, { kind: "add" }>,
  { id, text }: Entries[number],
  source: string,
) {
  return { entry: id, before: text, source, ...(change.kind === "update" ? { after: change.text } : {}) };
}

function fitting(entries: Entries, edit: SourcedEdit): Verdict {
  const problem = edit.after === undefined ? undefined : overLimit(applyEdits(entries, [edit]));
  return problem === undefined ? { kind: "applied", edit } : review("limit", problem);
}

/** Memory cannot break the packs of later runs: a scope stays below what they keep free for it. */
function overLimit(entries: Entries): string | undefined {
  if (entries.length > notesMax) return `the scope has ${notesMax} entries already`;
  if (notesSize(entries) > notesBytesMax) return `the scope has ${notesBytesMax} bytes of notes already`;
  return undefined;
}

const review = (reason: ReviewReason, detail: string) => ({ kind: "review", reason, detail }) as const;

/** A person accepted it: what it asks for is done to the entry as it is now. */
export function judgeAccepted(entries: Entries, { id, change }: MemoryOperation, source: string): Verdict {
  if (change.kind !== "remove") {
    const bad = textVerdict(change.text);
    if (bad !== undefined) return bad;
  }
  const target = change.kind === "add" ? undefined : entries.find((entry) => entry.id === change.entry);
  if (change.kind === "add") return add(entries, id, change.text, source);
  if (target !== undefined) return fitting(entries, editOf(change, target, source));
  // The entry is gone: what was to replace it is noted anew.
  return change.kind === "remove" ? { kind: "merged" } : add(entries, change.entry, change.text, source);
}
