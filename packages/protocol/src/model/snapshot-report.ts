/** What is in a pack, without its contents, and which rule brought each part in. */

import type { Digest } from "./ids.ts";

export interface SnapshotReport {
  readonly formatVersion: number;
  readonly digest: Digest;
  /** Bytes. */
  readonly compressedSize: number;
  /** Bytes. */
  readonly uncompressedSize: number;
  /** Names of features that a reader must know. */
  readonly requires: readonly string[];
  /** Names of references such as `env:OPENAI_API_KEY`, never values. */
  readonly secrets: readonly string[];
  readonly parts: readonly SnapshotPart[];
}

export interface SnapshotPart {
  /** `config`, `models`, `skills`, `souls` or `memory`. */
  readonly section: string;
  readonly id: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  /** Files of a skill, topics of a memory scope. */
  readonly files: readonly string[];
  /** Such as `profile repo-analyst`; empty where only the pack is known. */
  readonly why: string;
}

/** A pack that stays, whatever becomes of the runs that named it. */
export interface KeptSnapshot {
  readonly digest: Digest;
  /** As it was asked for: a digest, or `<run>/<step>`. */
  readonly name: string;
  readonly note: string;
  /** Milliseconds since 1970. */
  readonly keptAt: number;
  /** Bytes. */
  readonly compressedSize: number;
}
