/**
 * YAML 1.2 with the limits of untrusted input: one document, core schema, no merge keys, no duplicate or dangerous
 * keys, bounded in depth, aliases and size. Places come from the parser's events, so they are those of the text.
 */

import { messageOf } from "@haversack/base";
import { dump, EVENT_ID, type Event, getScalarValue, load, parseEvents, YAMLException } from "js-yaml";
import { isForbiddenKey, pathText } from "../format/canonical-json.ts";
import type { Position } from "../plan/problem.ts";

const limits = { maxDepth: 100, maxAliases: 20 } as const;
const yamlBytesMax = 1024 * 1024;
/** After aliases: twenty of them can make a small file large. */
const valuesMax = 200_000;
const charactersMax = 4 * yamlBytesMax;

export interface YamlProblem {
  readonly position: Position;
  readonly field: string;
  readonly message: string;
}

export interface YamlDocument {
  /** Plain JSON without prototypes; undefined when there are problems. */
  readonly value: unknown;
  /** Place of a field, or of its nearest parent that stands in the text. */
  readonly locate: (field: string) => Position;
  readonly problems: readonly YamlProblem[];
}

/** Never throws. `lineOffset`: lines of the file before the text. */
export function parseYaml(text: string, lineOffset = 0): YamlDocument {
  const positionOf = positions(text, lineOffset);
  try {
    if (Buffer.byteLength(text) > yamlBytesMax)
      throw new Refusal(`is larger than ${yamlBytesMax} bytes`, 0, "");
    const fields = new EventWalk(text, parseEvents(text, limits)).fields();
    const locate = (field: string) => positionOf(nearest(fields, field));
    return {
      value: plain(load(text, limits), { left: valuesMax, characters: charactersMax }),
      locate,
      problems: [],
    };
  } catch (error) {
    return {
      value: undefined,
      locate: () => positionOf(0),
      problems: [problemOf(error, positionOf, lineOffset)],
    };
  }
}

/**
 * Plain JSON as YAML that reads back as the same; lines are not folded.
 *
 * @param flowLevel from this depth on `{a: 1}` and `[1]`; -1: nowhere
 */
export const printYaml = (value: unknown, flowLevel = -1): string =>
  dump(value, { lineWidth: -1, noRefs: true, flowLevel, flowBracketPadding: true, quoteStyle: "double" });

class Refusal extends Error {
  readonly offset: number;
  readonly field: string;

  constructor(message: string, offset: number, field: string) {
    super(message);
    this.offset = offset;
    this.field = field;
  }
}

function problemOf(
  error: unknown,
  positionOf: (offset: number) => Position,
  lineOffset: number,
): YamlProblem {
  if (error instanceof Refusal) {
    return { position: positionOf(error.offset), field: error.field, message: error.message };
  }
  const mark = error instanceof YAMLException ? error.mark : undefined;
  const position = { line: (mark?.line ?? 0) + 1 + lineOffset, column: (mark?.column ?? 0) + 1 };
  const reason = error instanceof YAMLException ? error.reason : messageOf(error);
  return { position, field: "", message: `is not YAML that can be read: ${reason}` };
}

/** Gives each field its offset in the text. */
class EventWalk {
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #fields = new Map<string, number>();
  #next = 0;

  constructor(text: string, events: readonly Event[]) {
    this.#text = text;
    this.#events = events;
  }

  fields(): ReadonlyMap<string, number> {
    this.#next = 1; // after the event of the document
    if (this.#peek()?.type !== EVENT_ID.POP) this.#value([]);
    return this.#fields;
  }

  /** The recursion is as deep as the text is nested, which the parser has bounded. */
  #value(path: readonly PropertyKey[]): void {
    const event = this.#take();
    if (event?.type === EVENT_ID.SEQUENCE) this.#sequence(path);
    else if (event?.type === EVENT_ID.MAPPING) this.#mapping(path);
  }

  #sequence(path: readonly PropertyKey[]): void {
    for (let index = 0; this.#more(); index++) {
      const item = [...path, index];
      this.#fields.set(pathText(item), offsetOf(this.#peek()));
      this.#value(item);
    }
  }

  #mapping(path: readonly PropertyKey[]): void {
    while (this.#more()) {
      const key = this.#take();
      if (key?.type !== EVENT_ID.SCALAR)
        throw new Refusal("has a key that is not text", offsetOf(key), pathText(path));
      const name = key.valueStart < 0 ? "" : getScalarValue(this.#text, key);
      const field = [...path, name];
      if (name === "<<")
        throw new Refusal("merge keys (<<) are not supported", key.valueStart, pathText(field));
      if (isForbiddenKey(name))
        throw new Refusal("is a key that is refused everywhere", key.valueStart, pathText(field));
      this.#fields.set(pathText(field), Math.max(0, key.valueStart));
      this.#value(field);
    }
  }

  #more(): boolean {
    if (this.#peek()?.type !== EVENT_ID.POP) return this.#peek() !== undefined;
    this.#next++;
    return false;
  }

  #peek(): Event | undefined {
    return this.#events[this.#next];
  }

  #take(): Event | undefined {
    return this.#events[this.#next++];
  }
}

function offsetOf(event: Event | undefined): number {
  if (event === undefined) return 0;
  if ("valueStart" in event) return Math.max(0, event.valueStart);
  if ("start" in event) return Math.max(0, event.start);
  return "anchorStart" in event ? Math.max(0, event.anchorStart) : 0;
}

function nearest(fields: ReadonlyMap<string, number>, field: string): number {
  let current = field;
  while (current !== "") {
    const offset = fields.get(current);
    if (offset !== undefined) return offset;
    current = current.slice(0, Math.max(0, current.lastIndexOf("."), current.lastIndexOf("[")));
  }
  return 0;
}

function positions(text: string, lineOffset: number): (offset: number) => Position {
  let starts: readonly number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(text);
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1 + lineOffset, column: offset - (starts[low] ?? 0) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function plain(value: unknown, budget: { left: number; characters: number }): unknown {
  if (--budget.left < 0) throw new Refusal(`has more than ${valuesMax} values`, 0, "");
  if (typeof value === "string") budget.characters -= value.length;
  if (budget.characters < 0)
    throw new Refusal(`has more than ${charactersMax} characters after its aliases`, 0, "");
  if (Array.isArray(value)) return value.map((item) => plain(item, budget));
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(result, key, { value: plain(item, budget), enumerable: true });
  }
  return result;
}
