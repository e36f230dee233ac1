/**
 * From a plan to a pack: content in canonical form, compressed, read back through the guard and compared before it has
 * a name. The same plan gives the same digest on any machine.
 *
 *   scan-secrets.ts  what looks like a key never enters a pack
 *   write-pack.ts    encode, check the limits, re-read, compare
 *   pins.ts          the pins of a whole submission
 */

import { SnapshotError } from "../errors.ts";
import type { MemoryScope, SnapshotContent } from "../format/content.ts";
import { comparePaths, compareText } from "../format/paths.ts";
import { requiredFeatures, secretRefs } from "../format/references.ts";
import { formatName } from "../format/version.ts";
import { guardUnnamed } from "../guard.ts";
import { defaultLimits, type SnapshotLimits } from "../limits.ts";
import { scopeDigest } from "../memory/scope-digest.ts";
import type { StepPlan } from "../plan/plannable.ts";
import type { Pack, PackReport } from "./pack.ts";
import { checkForKeys } from "./scan-secrets.ts";
import { writePack } from "./write-pack.ts";

/** The pack of a step without memory. Room for the memory that comes later is checked here already. */
export function buildPin(plan: StepPlan, limits: SnapshotLimits = defaultLimits): Pack {
  const content = pinContent(plan);
  checkForKeys(content, plan.allowedStrings);
  const reserve = content.config.memory.read.length * limits.memoryScopeBytesMax;
  const why = new Map(plan.included.map(({ section, id, why }) => [`${section}/${id}`, why]));
  return writePack(content, { limits, reserve, why });
}

function pinContent(plan: StepPlan): SnapshotContent {
  const { config, models, skills, souls } = plan;
  return {
    format: formatName,
    version: 1,
    requires: requiredFeatures(config),
    config,
    models: models.toSorted((a, b) => compareText(a.id, b.id)),
    skills: skills.toSorted((a, b) => compareText(a.name, b.name)).map(withSortedFiles),
    souls: souls.toSorted((a, b) => compareText(a.id, b.id)),
    memory: { global: null, dags: {} },
    secrets: secretRefs(config, models),
  };
}

function withSortedFiles<T extends SnapshotContent["skills"][number]>(skill: T): T {
  return { ...skill, files: skill.files.toSorted((a, b) => comparePaths(a.path, b.path)) };
}

/** What a step remembers, read when it became ready. Absent: nothing is remembered yet. */
export interface MemoryNow {
  readonly global?: MemoryInput;
  /** Of the step's own DAG. */
  readonly dag?: MemoryInput;
}

export type MemoryInput = Pick<MemoryScope, "text" | "topics">;

export interface AddMemoryOptions {
  readonly limits?: SnapshotLimits;
  readonly allowedStrings?: ReadonlySet<string>;
  /** Of the pin, so that the final pack still says why each part is there. */
  readonly report?: PackReport;
}

/** The final pack: the pin and the scopes that its config reads. A step that reads none keeps the pin. */
export function addMemory(pin: Uint8Array, memory: MemoryNow, options: AddMemoryOptions = {}): Pack {
  const { limits = defaultLimits, allowedStrings = new Set(), report } = options;
  const { content } = guardUnnamed(pin.slice(), limits);
  if (content.memory.global !== null || Object.keys(content.memory.dags).length > 0) {
    throw new SnapshotError(
      "snapshot_invalid",
      "the snapshot holds memory already; memory is added to the pin",
    );
  }
  const final = { ...content, memory: memorySection(content, memory) };
  checkForKeys(final, allowedStrings);
  const why = new Map((report?.parts ?? []).map((part) => [`${part.section}/${part.id}`, part.why]));
  for (const scope of ["global", `dags/${content.config.memory.dag}`]) {
    why.set(`memory/${scope}`, "memory.read of the step");
  }
  return writePack(final, { limits, reserve: 0, why });
}

function memorySection({ config }: SnapshotContent, memory: MemoryNow): SnapshotContent["memory"] {
  const { read, dag } = config.memory;
  return {
    global: read.includes("global") ? scope(memory.global) : null,
    dags: dag === null ? {} : { [dag]: scope(memory.dag) },
  };
}

function scope(input: MemoryInput | undefined): MemoryScope {
  const { text, topics } = input ?? { text: "", topics: [] };
  const sorted = topics
    .toSorted((a, b) => comparePaths(a.path, b.path))
    .map(({ path, text }) => ({ path, text }));
  return { base: scopeDigest({ text, topics: sorted }), text, topics: sorted };
}
