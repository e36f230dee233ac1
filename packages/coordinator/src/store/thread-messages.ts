/** What the main thread and a database thread say to each other. Both directions carry whole batches. */

import { type Fault, FaultError, faultOf, messageOf } from "@haversack/base";
import type { AttemptRef, EndedRun } from "@haversack/protocol";
import { answerForms, argsForms } from "./thread-texts.ts";
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
  /** `args` are a text in the verb's own form. */
  readonly isText?: true;
}

export interface SentError {
  readonly fault: Fault;
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export type CallAnswer =
  | {
      readonly id: number;
      readonly ok: true;
      readonly value: unknown;
      /** The verb of which `value` is a text in its own form. */
      readonly textOf?: string;
    }
  | { readonly id: number; readonly ok: false; readonly error: SentError };

export type FromThread =
  | { readonly kind: "open" }
  | { readonly kind: "failed"; readonly error: SentError }
  | {
      readonly kind: "answers";
      readonly answers: readonly CallAnswer[];
      readonly touchedRuns: readonly string[];
      readonly ready: boolean;
      readonly children: boolean;
      readonly cancelled: readonly AttemptRef[];
      readonly ended: readonly EndedRun[];
    };

export type ToThread =
  | { readonly kind: "calls"; readonly calls: readonly Call[] }
  | { readonly kind: "close" };

export function sendCall(id: number, verb: string, args: unknown): Call {
  const text = argsForms[verb]?.write(args);
  return text === undefined ? { id, verb, args } : { id, verb, args: text, isText: true };
}

export function receiveArgs({ verb, args, isText }: Call): unknown {
  return isText === true ? argsForms[verb]?.read(args as string) : args;
}

export function sendValue({ id, verb }: Call, value: unknown): CallAnswer {
  const text = answerForms[verb]?.write(value);
  return text === undefined ? { id, ok: true, value } : { id, ok: true, value: text, textOf: verb };
}

export function receiveValue({ value, textOf }: Extract<CallAnswer, { ok: true }>): unknown {
  return textOf === undefined ? value : answerForms[textOf]?.read(value as string);
}

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
