/** Finds the items that a step names. What is missing or broken is a problem that says who named it and what is near. */

import { didYouMean } from "@haversack/base";
import type { Library, LibraryProblem, Located } from "../library/library.ts";
import type { Layer } from "./layers.ts";
import { problemAt } from "./layers.ts";
import type { Inclusion, Section } from "./plannable.ts";
import type { Problem, ProblemCode } from "./problem.ts";

export interface Finder {
  readonly library: Library;
  readonly problems: Problem[];
  readonly included: Inclusion[];
}

interface Kind {
  readonly section: Section;
  /** The first part of a problem's `item`. */
  readonly item: string;
  readonly code: ProblemCode;
  /** For people. */
  readonly noun: string;
}

const kinds = {
  profile: { section: "config", item: "profiles", code: "unknown_profile", noun: "profile" },
  model: { section: "models", item: "models", code: "unknown_model", noun: "model" },
  skill: { section: "skills", item: "skills", code: "unknown_skill", noun: "skill" },
  soul: { section: "souls", item: "souls", code: "unknown_soul", noun: "soul" },
  mcpServer: { section: "mcpServers", item: "mcp", code: "unknown_mcp_server", noun: "MCP server" },
} as const satisfies Record<string, Kind>;

/** Who names an item, and in which field of its settings. */
export interface Naming {
  readonly layer: Layer;
  readonly field: string;
}

/** The item, or undefined with a problem reported. */
export function findItem<T>(
  finder: Finder,
  kind: keyof typeof kinds,
  items: ReadonlyMap<string, Located<T>>,
  id: string,
  naming: Naming,
): T | undefined {
  const { section, item, code, noun } = kinds[kind];
  const found = items.get(id);
  if (found !== undefined) {
    // A profile is merged into config, which has an entry of its own.
    if (section !== "config") finder.included.push({ section, id, why: naming.layer.why });
    return found.value;
  }
  const broken = problemsOf(finder.library, item, id);
  finder.problems.push(...broken);
  if (broken.length > 0) return undefined;
  const message = `the library has no ${noun} "${id}" (named by ${naming.layer.why})${didYouMean(id, items.keys())}`;
  finder.problems.push(problemAt(naming.layer, naming.field, code, message));
  return undefined;
}

/** An item that is there and cannot be used. A folder or file that holds all items of a kind breaks each of them. */
export function problemsOf(library: Library, item: string, id: string): Problem[] {
  const names = new Set([item, `${item}/`, `${item}/${id}`]);
  return library.problems.filter((problem) => names.has(problem.item)).map(withoutItem);
}

function withoutItem({ file, line, column, field, code, message }: LibraryProblem): Problem {
  return { file, line, column, field, code, message };
}
