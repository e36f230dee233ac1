/**
 * The golden library in another order each time: maps, keys of objects, and lists whose order says nothing. Run as a
 * program, `permuted.ts COUNT SEED` prints the different digests of so many builds, one a line.
 */

import { join } from "node:path";
import { addMemory, buildPin } from "../build/builder.ts";
import { digestName } from "../format/digest.ts";
import type { Library, Located } from "../library/library.ts";
import { readLibrary } from "../library/read-library.ts";
import { planSnapshots } from "../plan/plan.ts";

type Draw = () => number;

/** The digests of so many builds, each from inputs in an order of its own. */
export async function permutedDigests(count: number, seed: number): Promise<Set<string>> {
  const library = await readLibrary(join(import.meta.dirname, "../../vectors/v1/agents"));
  const draw = drawFrom(seed);
  const digests = new Set<string>();
  for (let round = 0; round < count; round++) digests.add(await digestOnce(permuted(library, draw), draw));
  return digests;
}

async function digestOnce(library: Library, draw: Draw): Promise<string> {
  const step = { kind: "agent", field: "steps[0]", line: 1, agent: { use: "release-writer" } } as const;
  const others = { ...step, id: "other" };
  const steps = shuffled([{ ...step, id: "notes" }, others], draw);
  const { plans } = await planSnapshots({ name: "nightly-release", file: "dag.yaml", steps }, library);
  const plan = plans.get("notes");
  if (plan === undefined) throw new Error("the golden library cannot be planned");
  const pin = buildPin(reordered(plan, draw));
  const { global, dags } = library.memory;
  const dag = dags.get("nightly-release");
  const memory = reordered({ global, ...(dag && { dag }) }, draw);
  return digestName(addMemory(pin.gzip, memory).digest);
}

function permuted(library: Library, draw: Draw): Library {
  const map = <T>(items: ReadonlyMap<string, Located<T>>): Map<string, Located<T>> =>
    new Map(
      shuffled([...items], draw).map(([id, item]) => [id, { ...item, value: reordered(item.value, draw) }]),
    );
  return {
    ...library,
    config: { ...library.config, value: reordered(library.config.value, draw) },
    models: map(library.models),
    profiles: map(library.profiles),
    skills: map(library.skills),
    souls: map(library.souls),
    mcpServers: map(library.mcpServers),
  };
}

/** Lists whose order says nothing to the planner or to the builder. */
const unordered = new Set([
  "files",
  "included",
  "mcpServers",
  "models",
  "network",
  "read",
  "skills",
  "souls",
  "tools",
  "topics",
]);

/** Keys of objects in another order, and the lists above. What is no plain JSON stays as it is. */
function reordered<T>(value: T, draw: Draw, name = "", inConfig = false): T {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => reordered(item, draw, "", inConfig));
    // The planner has sorted what is in a config already.
    return (unordered.has(name) && !inConfig ? shuffled(items, draw) : items) as T;
  }
  if (typeof value !== "object" || value === null || value instanceof Set) return value;
  const entries = shuffled(Object.entries(value), draw);
  return Object.fromEntries(
    entries.map(([key, item]: [string, unknown]) => [
      key,
      reordered(item, draw, key, inConfig || key === "config"),
    ]),
  ) as T;
}

function shuffled<T>(items: readonly T[], draw: Draw): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(draw() * left.length), 1));
}

/** Park and Miller; the same numbers for the same seed everywhere. */
function drawFrom(seed: number): Draw {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

if (import.meta.main) {
  const [count, seed] = process.argv.slice(2).map(Number);
  for (const digest of await permutedDigests(count ?? 1, seed ?? 1)) console.log(digest);
}
