/** Memory: protobuf ⇄ nouns. */

import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  MemoryOperationSchema,
  MemoryScopeKind,
  type MemoryOperation as WireOperation,
} from "../gen/haversack/v1/attempt_pb.ts";
import {
  MemoryCause as Cause,
  MemoryReviewSchema,
  MemoryVersionSchema,
  ReviewReason as Reason,
  type MemoryEdit as WireEdit,
  type MemoryReview as WireReview,
  type MemoryVersion as WireVersion,
} from "../gen/haversack/v1/memory_service_pb.ts";
import { digestOfBytes, digestToBytes, parseRunId, parseStepId } from "../model/ids.ts";
import {
  type MemoryCause,
  type MemoryEdit,
  type MemoryOperation,
  type MemoryVersion,
  parseMemoryScopeName,
} from "../model/memory.ts";
import type { MemoryReview, ReviewReason } from "../model/review.ts";
import { inverted } from "./enums.ts";
import { badField, required } from "./fields.ts";

const scopeToWire = {
  global: MemoryScopeKind.GLOBAL,
  dag: MemoryScopeKind.DAG,
} as const satisfies Record<MemoryOperation["scope"], MemoryScopeKind>;
const scopeFromWire = inverted<MemoryOperation["scope"]>(scopeToWire);

const reasonToWire = {
  proposed: Reason.PROPOSED,
  untrusted: Reason.UNTRUSTED,
  conflict: Reason.CONFLICT,
  limit: Reason.LIMIT,
  secret: Reason.SECRET,
  "not-writable": Reason.NOT_WRITABLE,
  malformed: Reason.MALFORMED,
} as const satisfies Record<ReviewReason, Reason>;
const reasonFromWire = inverted<ReviewReason>(reasonToWire);

export function operationToWire({ id, scope, change, untrusted }: MemoryOperation): WireOperation {
  return create(MemoryOperationSchema, {
    id,
    scope: scopeToWire[scope],
    change: changeToWire(change),
    untrusted,
  });
}

function changeToWire(change: MemoryOperation["change"]) {
  switch (change.kind) {
    case "add":
      return { case: "add" as const, value: { text: change.text } };
    case "update": {
      const { entry, base, text } = change;
      return { case: "update" as const, value: { entry, base: digestToBytes(base), text } };
    }
    case "remove":
      return { case: "remove" as const, value: { entry: change.entry, base: digestToBytes(change.base) } };
  }
}

export function operationFromWire({ id, scope, change, untrusted }: WireOperation): MemoryOperation {
  const kind = scopeFromWire(scope);
  if (kind === undefined) throw badField("memory.scope", "a scope that this version knows");
  return { id: entryId(id, "memory.id"), scope: kind, change: changeFromWire(change), untrusted };
}

const idPattern = /^[0-9A-Za-z_-]{1,64}$/;
/** UTF-16 units. What a memory can hold is less, and is told apart by the coordinator. */
const textMax = 8192;

function entryId(id: string, field: string): string {
  if (!idPattern.test(id)) throw badField(field, "an id of at most 64 characters");
  return id;
}

function bounded(text: string): string {
  if (text.length > textMax) throw badField("memory.text", `at most ${textMax} characters`);
  return text;
}

function changeFromWire(change: WireOperation["change"]): MemoryOperation["change"] {
  switch (change.case) {
    case "add":
      return { kind: "add", text: bounded(change.value.text) };
    case "update": {
      const { entry, base, text } = change.value;
      const id = entryId(entry, "memory.entry");
      return { kind: "update", entry: id, base: digestOfBytes(base), text: bounded(text) };
    }
    case "remove": {
      const { entry, base } = change.value;
      return { kind: "remove", entry: entryId(entry, "memory.entry"), base: digestOfBytes(base) };
    }
    case undefined:
      throw badField("memory.change", "a change that this version knows");
  }
}

export function versionToWire({ version, digest, at, cause, edits }: MemoryVersion): WireVersion {
  return create(MemoryVersionSchema, {
    version,
    digest: digestToBytes(digest),
    at: timestampFromMs(at),
    edits: edits.map((edit) => ({ ...edit })),
    ...causeToWire(cause),
  });
}

function causeToWire(cause: MemoryCause) {
  if (cause.kind === "revert") return { cause: Cause.REVERT, revertedTo: cause.version };
  const { runId, stepId } = cause;
  return { cause: cause.kind === "step" ? Cause.STEP : Cause.REVIEW, runId, stepId };
}

export function versionFromWire(wire: WireVersion): MemoryVersion {
  return {
    version: wire.version,
    digest: digestOfBytes(wire.digest),
    at: timestampMs(required(wire.at, "version.at")),
    cause: causeFromWire(wire),
    edits: wire.edits.map(editFromWire),
  };
}

function causeFromWire({ cause, runId, stepId, revertedTo }: WireVersion): MemoryCause {
  if (cause === Cause.REVERT) return { kind: "revert", version: revertedTo };
  if (cause !== Cause.STEP && cause !== Cause.REVIEW) {
    throw badField("version.cause", "a cause that this version knows");
  }
  const kind = cause === Cause.STEP ? "step" : "review";
  return { kind, runId: parseRunId(runId), stepId: parseStepId(stepId) };
}

function editFromWire({ entry, before, after }: WireEdit): MemoryEdit {
  return { entry, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

export function reviewToWire(review: MemoryReview): WireReview {
  const { id, scope, runId, stepId, operation, reason, detail, at, current } = review;
  return create(MemoryReviewSchema, {
    id,
    scope,
    runId,
    stepId,
    operation: operationToWire(operation),
    reason: reasonToWire[reason],
    detail,
    at: timestampFromMs(at),
    ...(current === undefined ? {} : { current }),
  });
}

export function reviewFromWire(wire: WireReview): MemoryReview {
  const reason = reasonFromWire(wire.reason);
  if (reason === undefined) throw badField("review.reason", "a reason that this version knows");
  return {
    id: wire.id,
    scope: parseMemoryScopeName(wire.scope),
    runId: parseRunId(wire.runId),
    stepId: parseStepId(wire.stepId),
    operation: operationFromWire(required(wire.operation, "review.operation")),
    reason,
    detail: wire.detail,
    at: timestampMs(required(wire.at, "review.at")),
    ...(wire.current === undefined ? {} : { current: wire.current }),
  };
}
