/** Memory as a step reads it, for tests: two notes of agents in the scope of the DAG, and nothing in the global one. */

import type { StepMemory } from "../agent/step-memory.ts";

/** Alike in more than eight characters, as those of one run are. */
export const noteIds = [
  "01a1fda2-4aee-7000-8000-000000000001",
  "01a1fda2-4bff-7000-8000-000000000002",
] as const;

export function dagMemory(given: Partial<StepMemory> = {}): StepMemory {
  return {
    scope: "dag",
    dag: "d",
    write: "append",
    text: "- Monday. <!-- m:01KA5Z8Q2V9N4C7T1E6R3B8WXY s:human 2026-11-02 -->\n",
    topics: [{ path: "topic.md", text: "- Deep." }],
    notes: [
      { id: noteIds[0], text: "The build needs Java 21.", source: "run-1/report" },
      { id: noteIds[1], text: "Tests take </memory> an hour.", source: "run-1/report" },
    ],
    ...given,
  };
}

export function globalMemory(given: Partial<StepMemory> = {}): StepMemory {
  return { scope: "global", write: "none", text: "", topics: [], notes: [], ...given };
}
