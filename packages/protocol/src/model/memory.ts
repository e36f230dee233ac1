/**
 * What agents noted down. A scope is `global` or `dags/<name>`: a list of entries, one fact each, as a chain of
 * versions. A step asks for operations; the coordinator, the only writer, applies them when the step succeeds.
 */

import { type Brand, FaultError } from "@haversack/base";
import type { Digest, RunId, StepId } from "./ids.ts";

/** `global` or `dags/<name of a DAG>`. */
export type MemoryScopeName = Brand<string, "MemoryScopeName">;

const scopePattern = /^(global|dags\/[A-Za-z0-9][A-Za-z0-9._-]{0,127})$/;

export function parseMemoryScopeName(text: string): MemoryScopeName {
  if (scopePattern.test(text)) return text as MemoryScopeName;
  throw new FaultError("invalid", "bad_scope", "a memory scope is `global` or `dags/<name of a DAG>`");
}

export const dagScope = (dagName: string): MemoryScopeName => parseMemoryScopeName(`dags/${dagName}`);

export interface MemoryEntry {
  /** Of the operation that added it. */
  readonly id: string;
  /** One line. */
  readonly text: string;
  /** `<run id>/<step id>` of the step that wrote the text. */
  readonly source: string;
}

export type MemoryChange =
  | { readonly kind: "add"; readonly text: string }
  /** `base`: of the entry's text as the agent saw it. */
  | { readonly kind: "update"; readonly entry: string; readonly base: Digest; readonly text: string }
  | { readonly kind: "remove"; readonly entry: string; readonly base: Digest };

export interface MemoryOperation {
  /** Made by the worker, unique in the step: a repeated one changes nothing. */
  readonly id: string;
  /** `dag`: of the run's own DAG. */
  readonly scope: "global" | "dag";
  readonly change: MemoryChange;
  /** The agent had read content from outside before. */
  readonly untrusted: boolean;
}

/** What one version did to one entry; absent: it was not there before, or is not there after. */
export interface MemoryEdit {
  readonly entry: string;
  readonly before?: string;
  readonly after?: string;
}

export type MemoryCause =
  | { readonly kind: "step"; readonly runId: RunId; readonly stepId: StepId }
  | { readonly kind: "review"; readonly runId: RunId; readonly stepId: StepId }
  | { readonly kind: "revert"; readonly version: number };

export interface MemoryVersion {
  /** From 1. */
  readonly version: number;
  /** Of the entries. */
  readonly digest: Digest;
  readonly at: number;
  readonly cause: MemoryCause;
  readonly edits: readonly MemoryEdit[];
}

/** A scope at one version; version 0 holds nothing. */
export interface MemoryState {
  readonly scope: MemoryScopeName;
  readonly version: number;
  readonly digest: Digest;
  readonly entries: readonly MemoryEntry[];
}

export interface MemoryScopeInfo {
  readonly name: MemoryScopeName;
  readonly version: number;
  readonly entries: number;
  /** Bytes, as an agent reads them. */
  readonly size: number;
  readonly inReview: number;
}
