/**
 * One interface for each noun of an agent library. The library on a coordinator can be written, the stores that a
 * snapshot opens cannot: their write methods reject with ReadOnlyStoreError, an unknown id with NotInSnapshotError.
 */

import type {
  EffectiveConfig,
  FileMode,
  MemoryScope,
  MemoryScopeName,
  ModelSpec,
  SkillBundle,
  Soul,
} from "../format/content.ts";

export interface ConfigStore {
  get(): Promise<EffectiveConfig>;
  put(config: EffectiveConfig): Promise<void>;
}

export interface ModelStore {
  /** Ids, sorted. */
  list(): Promise<readonly string[]>;
  get(id: string): Promise<ModelSpec>;
  put(model: ModelSpec): Promise<void>;
  delete(id: string): Promise<void>;
}

export interface SkillSummary {
  readonly name: string;
  readonly description: string;
}

export interface SkillFileInfo {
  readonly path: string;
  readonly mode: FileMode;
  /** Bytes. */
  readonly size: number;
}

export interface SkillStore {
  /** By name: what the prompt's catalogue shows. */
  list(): Promise<readonly SkillSummary[]>;
  get(name: string): Promise<SkillBundle>;
  /** The text of SKILL.md below its front matter. */
  instructions(name: string): Promise<string>;
  files(name: string): Promise<readonly SkillFileInfo[]>;
  /** A fresh copy for each call. */
  readFile(name: string, path: string): Promise<Uint8Array>;
  put(skill: SkillBundle): Promise<void>;
  delete(name: string): Promise<void>;
}

export interface SoulStore {
  list(): Promise<readonly string[]>;
  get(id: string): Promise<Soul>;
  put(soul: Soul): Promise<void>;
  delete(id: string): Promise<void>;
}

export interface MemoryStore {
  /** The scopes that can be read, sorted. */
  scopes(): Promise<readonly MemoryScopeName[]>;
  get(scope: MemoryScopeName): Promise<MemoryScope>;
  /** The text of one topic. */
  readTopic(scope: MemoryScopeName, path: string): Promise<string>;
  /** False whenever the step's mode is `none`; the prompt speaks of writing only where this is true. */
  writable(scope: MemoryScopeName): boolean;
  put(scope: MemoryScopeName, memory: MemoryScope): Promise<void>;
  delete(scope: MemoryScopeName): Promise<void>;
}
