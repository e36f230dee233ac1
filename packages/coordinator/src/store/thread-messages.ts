/** What the main thread and a database thread say to each other. Both directions carry whole batches. */

import { type Fault, FaultError, faultOf, messageOf } from "@haversack/base";
import type { AttemptRef } from "@haversack/protocol";
import type { Role } from "./verb-tables.ts";

export interface ThreadOptions {
  readonly role: Role;
  readonly file: string;
  /** Absent for a reading role. */
  readonly migrations?: string;
}

export interface Call {
  readonly id: number;
  readonly verb: string;
  readonly args: unknown;
}

export interface SentError {
  readonly fault: Fault;
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export type CallAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: SentError };

export type FromThread =
  | { readonly kind: "open" }
  | { readonly kind: "failed"; readonly error: SentError }
  | {
      readonly kind: "answers";
      readonly answers: readonly CallAnswer[];
      readonly touchedRuns: readonly string[];
      readonly ready: boolean;
      readonly cancelled: readonly AttemptRef[];
    };

export type ToThread =
  | { readonly kind: "calls"; readonly calls: readonly Call[] }
  | { readonly kind: "close" };

export function sendError(error: unknown): SentError {
  return {
    fault: faultOf(error),
    code: error instanceof FaultError ? error.code : "store_failed",
    message: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  };
}

export function receiveError(sent: SentError): FaultError {
  return new FaultError(sent.fault, sent.code, sent.message, { cause: sent.stack });
}
