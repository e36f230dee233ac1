/**
 * The memory that a step reads, one scope at a time: what people wrote, and the notes of agents. The prompt, the tool
 * `memory` and what decides whether there is such a tool all look at this one value.
 */

import {
  type MemoryScopeName,
  type MemoryWriteMode,
  type Note,
  notesPath,
  type OpenedSnapshot,
  parseNotes,
} from "@haversack/snapshot";

export interface StepMemory {
  readonly scope: MemoryScopeName;
  /** Of the scope `dag`: the name of the DAG. */
  readonly dag?: string;
  /** `none`: it can only be read. */
  readonly write: MemoryWriteMode;
  /** By people: the index, and the topics in the order of their paths. */
  readonly text: string;
  readonly topics: readonly { readonly path: string; readonly text: string }[];
  /** By agents, as they are in the pack. */
  readonly notes: readonly Note[];
}

/** A scope that the pack does not hold can be neither read nor written. */
export async function stepMemory({ memory, content }: OpenedSnapshot): Promise<StepMemory[]> {
  const { dag, write } = content.config.memory;
  return Promise.all(
    (await memory.scopes()).map(async (scope) => {
      const { text, topics } = await memory.get(scope);
      return {
        scope,
        ...(scope === "dag" && dag !== null && { dag }),
        write: memory.writable(scope) ? write[scope] : "none",
        text,
        topics: topics.filter(({ path }) => path !== notesPath),
        notes: parseNotes(topics.find(({ path }) => path === notesPath)?.text ?? ""),
      };
    }),
  );
}

export function writableScopes(memory: readonly StepMemory[]): MemoryScopeName[] {
  return memory.filter(({ write }) => write !== "none").map(({ scope }) => scope);
}

/** What people wrote in a scope, without the marks of entries; empty: nothing. */
export function peoplesText({ text, topics }: Pick<StepMemory, "text" | "topics">): string {
  const parts = [withoutMarks(text), ...topics.map((topic) => `${topic.path}:\n${withoutMarks(topic.text)}`)];
  return parts.filter((part) => part !== "").join("\n\n");
}

function withoutMarks(text: string): string {
  return text.replaceAll(/[ \t]*<!--\s*m:[^>]*-->/g, "").trim();
}
