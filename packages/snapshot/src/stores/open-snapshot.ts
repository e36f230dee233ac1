/** From a pack to five read-only stores. The values are frozen and without prototypes, so they can be shared. */

import type { SnapshotContent } from "../format/content.ts";
import { type ExpectedPack, guardRaw, guardSnapshot } from "../guard.ts";
import { defaultLimits, type SnapshotLimits } from "../limits.ts";
import { readOnlyConfig } from "./config.ts";
import { readOnlyMemory } from "./memory.ts";
import { readOnlyModels } from "./models.ts";
import { readOnlySkills } from "./skills.ts";
import { readOnlySouls } from "./souls.ts";
import type { ConfigStore, MemoryStore, ModelStore, SkillStore, SoulStore } from "./stores.ts";

export interface SnapshotStores {
  readonly config: ConfigStore;
  readonly models: ModelStore;
  readonly skills: SkillStore;
  readonly souls: SoulStore;
  readonly memory: MemoryStore;
}

export interface OpenedSnapshot extends SnapshotStores {
  readonly content: SnapshotContent;
}

/** Guards and opens. Blocks for as long as decoding takes; a server calls `guardSnapshot` in a thread instead. */
export function openSnapshot(
  pack: Uint8Array,
  expected: ExpectedPack,
  limits: SnapshotLimits = defaultLimits,
): OpenedSnapshot {
  // A copy: whoever holds the bytes may change them while they are read.
  return storesOf(guardSnapshot(pack.slice(), expected, limits).content);
}

/** Opens canonical bytes that `guardSnapshot` verified in another thread; digest and content are checked once more. */
export function openContent(
  raw: Uint8Array,
  digest: Uint8Array,
  limits: SnapshotLimits = defaultLimits,
): OpenedSnapshot {
  return storesOf(guardRaw(raw.slice(), digest, limits).content);
}

function storesOf(content: SnapshotContent): OpenedSnapshot {
  return Object.freeze({
    content,
    config: readOnlyConfig(content.config),
    models: readOnlyModels(content.models),
    skills: readOnlySkills(content.skills),
    souls: readOnlySouls(content.souls),
    memory: readOnlyMemory(content.memory, content.config.memory),
  });
}
