/**
 * What a step asks of memory until it ends: the notes of the pack with the step's own changes on top, and the shortest
 * list of operations that leads from the one to the other. Nothing here writes: the coordinator applies the operations
 * when the step succeeds.
 */

import { shortIds } from "@haversack/base";
import { type Digest, type MemoryOperation, parseDigest } from "@haversack/protocol";
import {
  formatNotes,
  type MemoryScopeName,
  type Note,
  noteDigest,
  notesBytesMax,
  notesMax,
} from "@haversack/snapshot";
import { idsNamed } from "./note-ids.ts";
import type { StepMemory } from "./step-memory.ts";
import { ToolError } from "./tools/tool.ts";

/** Of one step. */
export const memoryOperationsMax = 50;
export const memoryRemovalsMax = 5;

export interface DeskNote {
  readonly id: string;
  /** What the agent is shown of the id. */
  readonly shortId: string;
  readonly text: string;
}

/** `kept`: the notes say so already, and there is nothing to ask for. */
export interface DeskAnswer {
  readonly kind: "asked" | "kept";
  readonly shortId: string;
}

export interface DeskOptions {
  readonly memory: readonly StepMemory[];
  /** A fresh id for each operation. */
  readonly makeId: () => string;
  /** Whether the agent has read content from outside until now. */
  readonly sawOutside: () => boolean;
}

type Change = MemoryOperation["change"];

/** Its methods throw {@link ToolError} for what cannot be asked; nothing has changed then. */
export class MemoryDesk {
  readonly #options: DeskOptions;
  readonly #packed: ReadonlyMap<MemoryScopeName, readonly Note[]>;
  /** At most one for each entry. An entry that this step adds has the id of its operation. */
  readonly #pending = new Map<string, MemoryOperation>();

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#packed = new Map(options.memory.map(({ scope, notes }) => [scope, notes]));
  }

  /** As a later step would read them if all that was asked for is applied. */
  notes(scope: MemoryScopeName): DeskNote[] {
    const packed = this.#inPack(scope);
    const added = this.#added(scope);
    const shortOf = shortIds([...packed, ...added].map(({ id }) => id));
    const kept = packed.flatMap(({ id, text }) => {
      const change = this.#pending.get(keyOf(scope, id))?.change;
      if (change?.kind === "remove") return [];
      return [{ id, text: change?.text ?? text }];
    });
    return [...kept, ...added].map(({ id, text }) => ({ id, shortId: shortOf.get(id) ?? id, text }));
  }

  /** @param text one that `noteProblem` accepts. */
  add(scope: MemoryScopeName, text: string): DeskAnswer {
    const notes = this.notes(scope);
    const same = notes.find((note) => note.text === text);
    if (same !== undefined) return { kind: "kept", shortId: same.shortId };
    const removed = this.#inPack(scope).find((note) => note.text === text && this.#isRemoved(scope, note.id));
    if (removed !== undefined) {
      this.#pending.delete(keyOf(scope, removed.id));
      return this.#answer("kept", scope, removed.id);
    }
    const id = this.#options.makeId();
    this.#checkRoom(scope, [...notes, { id, text }]);
    this.#put(scope, id, { kind: "add", text }, id);
    return this.#answer("asked", scope, id);
  }

  /** @param name the id of a note or the first characters of one; @param text as for {@link add}. */
  update(scope: MemoryScopeName, name: string, text: string): DeskAnswer {
    const notes = this.notes(scope);
    const note = this.#find(scope, name, notes);
    if (note.text === text) return { kind: "kept", shortId: note.shortId };
    const same = notes.find((other) => other.text === text);
    if (same !== undefined) {
      throw new ToolError(
        `the note [${same.shortId}] says that already; remove [${note.shortId}] if it is not true any more`,
      );
    }
    this.#checkRoom(
      scope,
      notes.map((other) => (other.id === note.id ? { id: note.id, text } : other)),
    );
    const packed = this.#packedText(scope, note.id);
    if (packed === undefined) this.#put(scope, note.id, { kind: "add", text }, note.id);
    else if (packed === text) this.#pending.delete(keyOf(scope, note.id));
    else this.#put(scope, note.id, { kind: "update", entry: note.id, base: digest(packed), text });
    return { kind: packed === text ? "kept" : "asked", shortId: note.shortId };
  }

  /** @param name as for {@link update}. */
  remove(scope: MemoryScopeName, name: string): DeskAnswer {
    const { id, shortId } = this.#find(scope, name, this.notes(scope));
    const packed = this.#packedText(scope, id);
    if (packed === undefined) this.#pending.delete(keyOf(scope, id));
    else this.#put(scope, id, { kind: "remove", entry: id, base: digest(packed) });
    return { kind: "asked", shortId };
  }

  /**
   * Removals, updates, additions; each in the order in which they were first asked for. So an entry is gone or has its
   * new text before one with its old text comes: an addition that equals an entry changes nothing.
   */
  operations(): MemoryOperation[] {
    const order = ["remove", "update", "add"];
    return [...this.#pending.values()].toSorted(
      (a, b) => order.indexOf(a.change.kind) - order.indexOf(b.change.kind),
    );
  }

  #inPack(scope: MemoryScopeName): readonly Note[] {
    return this.#packed.get(scope) ?? [];
  }

  #packedText(scope: MemoryScopeName, id: string): string | undefined {
    return this.#inPack(scope).find((note) => note.id === id)?.text;
  }

  #added(scope: MemoryScopeName): { id: string; text: string }[] {
    return [...this.#pending.values()].flatMap((operation) =>
      operation.scope === scope && operation.change.kind === "add"
        ? [{ id: operation.id, text: operation.change.text }]
        : [],
    );
  }

  #isRemoved(scope: MemoryScopeName, id: string): boolean {
    return this.#pending.get(keyOf(scope, id))?.change.kind === "remove";
  }

  #find(scope: MemoryScopeName, name: string, notes: readonly DeskNote[]): DeskNote {
    // The prompt shows the short ids of the pack: those of the step's own notes do not make them ambiguous.
    const inPack = idsNamed(
      name,
      this.#inPack(scope).map(({ id }) => id),
    );
    const added = this.#added(scope).map(({ id }) => id);
    const ids = inPack.length > 0 && !added.includes(name) ? inPack : idsNamed(name, added);
    const [id] = ids;
    if (id === undefined || ids.length > 1) throw unknownNote(scope, name, ids.length);
    const note = notes.find((candidate) => candidate.id === id);
    if (note === undefined) throw new ToolError(`you removed the note ${name} of ${scope} in this step`);
    return note;
  }

  #put(scope: MemoryScopeName, entry: string, change: Change, id?: string): void {
    const key = keyOf(scope, entry);
    const before = this.#pending.get(key);
    if (before === undefined && this.#pending.size >= memoryOperationsMax) {
      throw new ToolError(
        `a step may ask for ${memoryOperationsMax} changes of memory at most, and this one did; keep what matters most`,
      );
    }
    const removals = this.operations().filter((other) => other.change.kind === "remove").length;
    if (change.kind === "remove" && removals >= memoryRemovalsMax) {
      throw new ToolError(
        `a step may remove ${memoryRemovalsMax} notes at most, and this one did; leave the others to a later run`,
      );
    }
    const untrusted = this.#options.sawOutside();
    this.#pending.set(key, { id: id ?? before?.id ?? this.#options.makeId(), scope, change, untrusted });
  }

  /** Bytes as in a pack, and a little less than the coordinator counts: sources are not known here. */
  #checkRoom(scope: MemoryScopeName, notes: readonly { readonly id: string; readonly text: string }[]): void {
    const bytes = Buffer.byteLength(
      JSON.stringify(formatNotes(notes.map((note) => ({ ...note, source: "-" })))),
    );
    if (notes.length > notesMax || bytes > notesBytesMax) {
      throw new ToolError(
        `the notes of ${scope} are full (at most ${notesMax} notes and ${notesBytesMax} bytes); remove or shorten some first`,
      );
    }
  }

  #answer(kind: DeskAnswer["kind"], scope: MemoryScopeName, id: string): DeskAnswer {
    return { kind, shortId: this.notes(scope).find((note) => note.id === id)?.shortId ?? id };
  }
}

function unknownNote(scope: MemoryScopeName, name: string, found: number): ToolError {
  const what =
    found > 1
      ? `${found} notes of ${scope} have ids that begin with ${name}`
      : `there is no note ${name} in ${scope}`;
  return new ToolError(
    `${what}; call memory with {"action":"view","scope":"${scope}"} to see the ids. What has no id was written by a person, and only a person can change it.`,
  );
}

function keyOf(scope: MemoryScopeName, entry: string): string {
  return `${scope} ${entry}`;
}

function digest(text: string): Digest {
  return parseDigest(noteDigest(text));
}
