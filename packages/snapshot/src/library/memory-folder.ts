/** `memory/`: the index and the topics of each scope. An absent scope is an empty one. */

import { SnapshotError } from "../errors.ts";
import type { MemoryScope } from "../format/content.ts";
import { comparePaths, dagNameForm, pathProblems } from "../format/paths.ts";
import { checkScope } from "../format/sizes.ts";
import type { SnapshotLimits } from "../limits.ts";
import { notesBytesMax, notesPath } from "../memory/notes.ts";
import { scopeDigest } from "../memory/scope-digest.ts";
import type { LibraryMemory } from "./library.ts";
import type { LibraryFile } from "./read-folder.ts";
import { type Findings, report, type Source, textOf } from "./source.ts";

const index = "MEMORY.md";

export function readMemory(
  files: readonly LibraryFile[],
  findings: Findings,
  limits: SnapshotLimits,
): LibraryMemory {
  const byDag = Map.groupBy(files, ({ path }) => dagOf(path) ?? "");
  const dags = new Map<string, MemoryScope>();
  for (const [dag, own] of byDag) {
    const source: Source = {
      item: `memory/dags/${dag}`,
      code: "invalid_memory",
      path: `memory/dags/${dag}`,
      findings,
    };
    if (dag === "") continue;
    if (!dagNameForm.test(dag)) report(source, "is not the name of a DAG");
    else dags.set(dag, readScope(source, own, limits));
  }
  const source: Source = { item: "memory/global", code: "invalid_memory", path: "memory", findings };
  return { global: readScope(source, byDag.get("") ?? [], limits), dags };
}

function dagOf(path: string): string | undefined {
  return /^memory\/dags\/([^/]+)\//.exec(path)?.[1];
}

function readScope(source: Source, files: readonly LibraryFile[], limits: SnapshotLimits): MemoryScope {
  const texts = new Map<string, string>();
  for (const file of files) {
    const path = file.path.slice(source.path.length + 1);
    const own = { ...source, path: file.path };
    if (path === notesPath) {
      report(own, "has the name under which a step sees what agents noted down; give it another one");
      continue;
    }
    const text = path.endsWith(".md") ? textOf(own, file) : report(own, "is not a Markdown file");
    if (typeof text === "string") texts.set(path, text);
  }
  for (const [path, problem] of pathProblems([...texts.keys()]))
    report(source, `the path ${path} ${problem}`);
  const topics = [...texts]
    .filter(([path]) => path !== index)
    .toSorted(([a], [b]) => comparePaths(a, b))
    .map(([path, text]) => ({ path, text }));
  const scope = { text: texts.get(index) ?? "", topics };
  const named = { base: scopeDigest(scope), ...scope };
  reportLimits(source, named, limits);
  return named;
}

function reportLimits(source: Source, scope: MemoryScope, limits: SnapshotLimits): void {
  try {
    checkScope(source.item.slice("memory/".length), scope, {
      ...limits,
      // What agents note down comes on top of the files.
      memoryScopeBytesMax: limits.memoryScopeBytesMax - roomForNotes(limits),
      memoryTopicsMax: limits.memoryTopicsMax - 1,
    });
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    report(source, error.message);
  }
}

function roomForNotes({ memoryScopeBytesMax }: SnapshotLimits): number {
  return Math.min(notesBytesMax, Math.floor(memoryScopeBytesMax / 4));
}
