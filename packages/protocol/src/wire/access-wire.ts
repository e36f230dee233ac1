/** Tokens and audit entries: protobuf ⇄ nouns. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  ApiTokenSchema,
  AuditEntrySchema,
  VerifyAuditResponseSchema,
  type VerifyAuditResponse as WireCheck,
  type AuditEntry as WireEntry,
  Role as WireRole,
  type ApiToken as WireToken,
} from "../gen/haversack/v1/access_service_pb.ts";
import type { ApiToken, AuditCheck, AuditEntry, TokenRole } from "../model/access.ts";
import { inverted } from "./enums.ts";
import { badField, required, safeNumber } from "./fields.ts";

export const roleToWire = {
  viewer: WireRole.VIEWER,
  operator: WireRole.OPERATOR,
  editor: WireRole.EDITOR,
  admin: WireRole.ADMIN,
  worker: WireRole.WORKER,
  metrics: WireRole.METRICS,
} as const satisfies Record<TokenRole, WireRole>;

const roleOf = inverted<TokenRole>(roleToWire);

export function roleFromWire(wire: number): TokenRole {
  const role = roleOf(wire);
  if (role === undefined) throw badField("role", "VIEWER, OPERATOR, EDITOR, ADMIN, WORKER or METRICS");
  return role;
}

export function tokenToWire(token: ApiToken): WireToken {
  const { id, name, role, createdAt, createdBy, expiresAt, lastUsedAt, revokedAt } = token;
  const init: MessageInitShape<typeof ApiTokenSchema> = {
    id,
    name,
    role: roleToWire[role],
    createdAt: timestampFromMs(createdAt),
    createdBy,
    expiresAt: timestampFromMs(expiresAt),
  };
  if (lastUsedAt !== undefined) init.lastUsedAt = timestampFromMs(lastUsedAt);
  if (revokedAt !== undefined) init.revokedAt = timestampFromMs(revokedAt);
  return create(ApiTokenSchema, init);
}

export function tokenFromWire(wire: WireToken): ApiToken {
  const { id, name, createdBy, lastUsedAt, revokedAt } = wire;
  return {
    id,
    name,
    role: roleFromWire(wire.role),
    createdAt: timestampMs(required(wire.createdAt, "token.created_at")),
    createdBy,
    expiresAt: timestampMs(required(wire.expiresAt, "token.expires_at")),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: timestampMs(lastUsedAt) }),
    ...(revokedAt === undefined ? {} : { revokedAt: timestampMs(revokedAt) }),
  };
}

export function auditEntryToWire({ no, at, caller, ...rest }: AuditEntry): WireEntry {
  const { method, target, peer, outcome, times, hash } = rest;
  return create(AuditEntrySchema, {
    no: BigInt(no),
    at: timestampFromMs(at),
    callerKind: caller.kind,
    callerId: caller.id,
    callerRole: caller.role,
    callerName: caller.name,
    method,
    target,
    peer,
    outcome,
    times,
    hash,
  });
}

export function auditEntryFromWire(wire: WireEntry): AuditEntry {
  const { callerKind: kind, callerId: id, callerRole: role, callerName: name } = wire;
  const { method, target, peer, outcome, times, hash } = wire;
  return {
    no: safeNumber(wire.no, "entry.no"),
    at: timestampMs(required(wire.at, "entry.at")),
    caller: { kind, id, role, name },
    method,
    target,
    peer,
    outcome,
    times,
    hash,
  };
}

export function auditCheckToWire({ count, first, last, hash, broken }: AuditCheck): WireCheck {
  const { no, problem } = broken ?? { no: 0, problem: "" };
  return create(VerifyAuditResponseSchema, {
    count: BigInt(count),
    first: BigInt(first),
    last: BigInt(last),
    hash,
    brokenNo: BigInt(no),
    problem,
  });
}

export function auditCheckFromWire({ hash, problem, ...wire }: WireCheck): AuditCheck {
  return {
    count: safeNumber(wire.count, "count"),
    first: safeNumber(wire.first, "first"),
    last: safeNumber(wire.last, "last"),
    hash,
    ...(problem === "" ? {} : { broken: { no: safeNumber(wire.brokenNo, "broken_no"), problem } }),
  };
}
