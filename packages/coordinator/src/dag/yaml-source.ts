/**
 * YAML from outside: bounded in size, depth and aliases, one document, unique keys, no merge keys, no keys that change
 * what an object is. Every value keeps its place in the text, so that an error can name line and column.
 */

import { messageOf } from "@haversack/base";
import { dagBytesMax, type Problem, ProblemsError } from "@haversack/protocol";
import { constructFromEvents, type Event, getScalarValue, parseEvents, YAMLException } from "js-yaml";

export interface YamlSource {
  readonly file: string;
  readonly value: unknown;
  /** Where the value at a path stands, or its nearest ancestor that has a place. Line and column from 1. */
  at(path: YamlPath): Place;
  /** Where the key at the end of the path stands. */
  atKey(path: YamlPath): Place;
}

export type YamlPath = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

const depthMax = 100;
const aliasesMax = 20;
const refusedKeys = new Set(["__proto__", "constructor", "prototype", "<<"]);
// js-yaml's event kinds; its constants are not exported by name.
const kinds = { document: 1, sequence: 2, mapping: 3, scalar: 4, alias: 5, pop: 6 } as const;

/** Throws ProblemsError with the first problem. */
export function readYaml(text: string, file: string): YamlSource {
  if (Buffer.byteLength(text) > dagBytesMax) {
    throw refuse(file, { line: 0, column: 0 }, "too_large", `is larger than ${dagBytesMax} bytes`);
  }
  const place = placesOf(text);
  const events = parse(text, file);
  const positions = locate(events, text, (offset, message) =>
    refuse(file, place(offset), "bad_key", message),
  );
  const find = (path: YamlPath, side: "key" | "value"): Place => {
    for (let length = path.length; length > 0; length--) {
      const found = positions.get(pathKey(path.slice(0, length)));
      if (found !== undefined) return place(found[length === path.length ? side : "value"]);
    }
    return { line: 1, column: 1 };
  };
  const value = construct(events, text, file);
  return { file, value, at: (path) => find(path, "value"), atKey: (path) => find(path, "key") };
}

function parse(text: string, file: string): Event[] {
  return guarded(file, () => {
    const events = parseEvents(text, { filename: file, maxDepth: depthMax });
    const documents = events.filter((event) => event.type === kinds.document).length;
    if (documents !== 1) {
      throw refuse(
        file,
        { line: 0, column: 0 },
        "bad_yaml",
        `expected one YAML document, found ${documents}`,
      );
    }
    return events;
  });
}

function construct(events: Event[], text: string, file: string): unknown {
  return guarded(
    file,
    () => constructFromEvents(events, { source: text, filename: file, maxAliases: aliasesMax })[0],
  );
}

function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ProblemsError) throw error;
    if (!(error instanceof YAMLException))
      throw refuse(file, { line: 0, column: 0 }, "bad_yaml", messageOf(error));
    const place = error.mark === undefined ? { line: 0, column: 0 } : oneBased(error.mark);
    throw refuse(file, place, "bad_yaml", `is not valid YAML: ${error.reason}`);
  }
}

const oneBased = (mark: { line: number; column: number }): Place => ({
  line: mark.line + 1,
  column: mark.column + 1,
});

function refuse(file: string, place: Place, code: string, message: string): ProblemsError {
  const problem: Problem = { file, ...place, field: "", code, message };
  return new ProblemsError([problem]);
}

interface Position {
  readonly key: number;
  readonly value: number;
}

interface Frame {
  readonly kind: "sequence" | "mapping" | "document";
  readonly path: YamlPath;
  index: number;
  /** The key that waits for its value. */
  key: { readonly name: string; readonly offset: number } | undefined;
}

const pathKey = (path: YamlPath): string => JSON.stringify(path);

/** Offsets of every value by its path. What hangs on an alias has no place of its own. */
function locate(
  events: readonly Event[],
  text: string,
  refused: (offset: number, message: string) => ProblemsError,
) {
  const positions = new Map<string, Position>();
  const frames: Frame[] = [];
  for (const event of events) {
    if (event.type === kinds.pop) {
      frames.pop();
      continue;
    }
    if (event.type === kinds.document) {
      frames.push({ kind: "document", path: [], index: 0, key: undefined });
      continue;
    }
    const offset = offsetOf(event);
    const top = frames.at(-1);
    const path = top === undefined ? [] : enter(top, event, offset, text, positions, refused);
    if (event.type === kinds.sequence) frames.push({ kind: "sequence", path, index: 0, key: undefined });
    if (event.type === kinds.mapping) frames.push({ kind: "mapping", path, index: 0, key: undefined });
  }
  return positions;
}

function offsetOf(event: Event): number {
  if (event.type === kinds.scalar) return "valueStart" in event ? event.valueStart : 0;
  if (event.type === kinds.alias) return "anchorStart" in event ? event.anchorStart : 0;
  return "start" in event ? event.start : 0;
}

/** Notes one child of a collection; answers its path. */
function enter(
  top: Frame,
  event: Event,
  offset: number,
  text: string,
  positions: Map<string, Position>,
  refused: (offset: number, message: string) => ProblemsError,
): YamlPath {
  if (top.kind === "document") return [];
  if (top.kind === "sequence") {
    const path = [...top.path, top.index++];
    positions.set(pathKey(path), { key: offset, value: offset });
    return path;
  }
  if (top.key === undefined) {
    if (event.type !== kinds.scalar || !("valueStart" in event))
      throw refused(offset, "a key must be plain text");
    const name = getScalarValue(text, event);
    if (refusedKeys.has(name)) throw refused(offset, `the key ${name} is not allowed`);
    top.key = { name, offset };
    return top.path;
  }
  const path = [...top.path, top.key.name];
  positions.set(pathKey(path), { key: top.key.offset, value: offset });
  top.key = undefined;
  return path;
}

/** Line and column of an offset, by binary search over the starts of lines. */
function placesOf(text: string): (offset: number) => Place {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** `steps[1].agent.use` */
export function fieldOf(path: YamlPath): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}
