/** What an agent library holds once its folder was read. */

import type { McpServer, MemoryScope, ModelSpec, SkillBundle, Soul } from "../format/content.ts";
import type { Position, Problem } from "../plan/problem.ts";
import type { LibraryConfig, ProfileSettings } from "../plan/settings.ts";

/** A parsed file and where it stands. */
export interface Located<T> {
  readonly value: T;
  /** As problems name it. */
  readonly file: string;
  /** Place of a field such as `limits.maxTurns`; the nearest known parent where the field itself is not written. */
  readonly locate: (field: string) => Position;
}

export interface Profile {
  readonly id: string;
  readonly settings: ProfileSettings;
  /** The body. */
  readonly instructions: string;
}

export interface Library {
  readonly folder: string;
  /** `{ version: 1 }` when there is no config.yaml. */
  readonly config: Located<LibraryConfig>;
  readonly models: ReadonlyMap<string, Located<ModelSpec>>;
  readonly profiles: ReadonlyMap<string, Located<Profile>>;
  readonly skills: ReadonlyMap<string, Located<SkillBundle>>;
  readonly souls: ReadonlyMap<string, Located<Soul>>;
  readonly mcpServers: ReadonlyMap<string, Located<McpServer>>;
  readonly memory: LibraryMemory;
  /** SHA-256 (hex) of strings that look like keys and are excused: `.allowed-strings`. */
  readonly allowedStrings: ReadonlySet<string>;
  /** All that is wrong, item by item; what is wrong is in none of the maps above. */
  readonly problems: readonly LibraryProblem[];
}

export interface LibraryMemory {
  readonly global: MemoryScope;
  readonly dags: ReadonlyMap<string, MemoryScope>;
}

/** The item tells the planner whether a step is affected: `config`, `models/x`, `skills/y`, `mcp`, `memory/dags/z`. */
export interface LibraryProblem extends Problem {
  readonly item: string;
}
