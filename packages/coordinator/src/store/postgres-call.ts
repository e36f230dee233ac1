/** A call that waits for its answer, and the ways in which PostgreSQL can refuse it. */

import { FaultError, messageOf } from "@haversack/base";
import { DatabaseError } from "pg";
import type { Keyed } from "./keyed-queue.ts";
import type { Locks } from "./postgres-locks.ts";
import type { Touched, Verb } from "./verb.ts";

export interface PostgresCall extends Keyed {
  readonly verb: Verb<unknown, unknown>;
  readonly args: unknown;
  readonly locks: Locks;
  readonly answer: PromiseWithResolvers<unknown>;
}

export type Outcome =
  | { readonly ok: true; readonly value: unknown; readonly touched: Touched }
  | { readonly ok: false; readonly error: unknown };

/** Two transactions met: serialization, deadlock, a lock that took too long. The same again may go well. */
export function isContention(error: unknown): boolean {
  return error instanceof DatabaseError && ["40001", "40P01", "55P03"].includes(error.code ?? "");
}

/** Somebody else inserted the same row between our look and our insert: a second look finds it. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "23505";
}

/** As callers know it: a fault of the verb stays what it is. */
export function faultFor(error: unknown): FaultError {
  if (error instanceof FaultError) return error;
  const code = error instanceof DatabaseError ? (error.code ?? "") : "";
  // Class 53: no memory, a full disk, too many connections.
  if (code.startsWith("53")) {
    const message = `the database has no room: ${messageOf(error)}`;
    return new FaultError("busy", "database_full", message, { cause: error });
  }
  if (code === "57014") {
    const message = "the database did not answer in time; try again in a few seconds";
    return new FaultError("busy", "store_slow", message, { cause: error });
  }
  if (isContention(error)) {
    const message = "others hold what this call needs, again and again; try again in a few seconds";
    return new FaultError("busy", "store_contended", message, { cause: error });
  }
  return new FaultError("bug", "store_failed", messageOf(error), { cause: error });
}
