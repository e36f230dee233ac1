/** Tokens and audit entries for people, and as JSON. */

import type { ApiToken, AuditEntry } from "@haversack/protocol";
import { moment } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { table } from "./table.ts";

export const tokenState = ({ expiresAt, revokedAt }: ApiToken, now: number) =>
  revokedAt === undefined ? (expiresAt > now ? "valid" : "expired") : "revoked";

export function tokenTable(tokens: readonly ApiToken[], now: number, paint: Paint): string {
  const rows = tokens.map((token) => {
    const { id, name, role, expiresAt, lastUsedAt, createdBy } = token;
    const state = tokenState(token, now);
    const used = lastUsedAt === undefined ? "never" : moment(lastUsedAt);
    const shown = state === "valid" ? state : paint.faint(state);
    return [id, role, shown, moment(expiresAt), used, printable(createdBy), printable(name)];
  });
  return table(["ID", "ROLE", "STATE", "EXPIRES", "LAST USED", "MADE BY", "NAME"], rows);
}

const iso = (at: number): string => new Date(at).toISOString();

export function tokenJson({ createdAt, expiresAt, lastUsedAt, revokedAt, ...token }: ApiToken) {
  return {
    ...token,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: iso(lastUsedAt) }),
    ...(revokedAt === undefined ? {} : { revokedAt: iso(revokedAt) }),
  };
}

/** Oldest first, as a log is read. */
export function auditTable(entries: readonly AuditEntry[], paint: Paint): string {
  const rows = entries.map(({ no, at, caller, method, target, peer, outcome, times }) => [
    String(no),
    moment(at),
    caller.name === "" ? paint.faint("nobody") : printable(caller.name),
    caller.role,
    outcome === "ok" ? outcome : paint.bad(outcome),
    method === "" ? paint.faint("several") : method.replace(/^haversack\.v1\./, ""),
    times > 1 ? `${printable(target)} (${times} times)`.trimStart() : printable(target),
    printable(peer),
  ]);
  return table(["NO", "AT", "WHO", "ROLE", "OUTCOME", "METHOD", "TARGET", "FROM"], rows);
}

export const auditJson = ({ at, ...entry }: AuditEntry) => ({ ...entry, at: iso(at) });
