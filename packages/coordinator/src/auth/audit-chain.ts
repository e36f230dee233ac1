/**
 * The chain of the audit log. Each row is hashed together with the hash of the row before it, so that no row can be
 * changed, removed or put in between without all later ones being made anew; and whoever has noted a later hash sees
 * that too.
 */

import { createHash } from "node:crypto";
import type { AuditRecord } from "@haversack/protocol";

/** A row as it is stored. */
export interface AuditRow extends AuditRecord {
  /** From 1, without a gap. */
  readonly no: number;
  /** Of the row before; empty in the first. */
  readonly hashBefore: string;
  readonly hash: string;
}

/** 64 hex digits. */
function auditHash(no: number, hashBefore: string, record: AuditRecord): string {
  const { at, caller, method, target, peer, outcome, times } = record;
  const { kind, id, role, name } = caller;
  const told = [no, at, kind, id, role, name, method, target, peer, outcome, times, hashBefore];
  return createHash("sha256").update(JSON.stringify(told)).digest("hex");
}

/** The records as the next rows of the log. @param last where it ends so far */
export function chained(last: ChainEnd, records: readonly AuditRecord[]): AuditRow[] {
  let { no, hash } = last;
  return records.map((record) => {
    const hashBefore = hash;
    hash = auditHash(++no, hashBefore, record);
    return { ...record, no, hashBefore, hash };
  });
}

export interface ChainEnd {
  /** 0: before the first row. */
  readonly no: number;
  readonly hash: string;
}

/** What is wrong with a row that should follow this end; undefined: nothing. */
export function brokenLink(before: ChainEnd, row: AuditRow): string | undefined {
  if (row.no !== before.no + 1)
    return `row ${before.no + 1} is missing: row ${row.no} follows row ${before.no}`;
  if (row.hash !== auditHash(row.no, row.hashBefore, row))
    return `row ${row.no} was changed: its hash is not that of what it says`;
  if (row.hashBefore !== before.hash)
    return `row ${row.no} does not carry the hash of row ${before.no}: one of the two was replaced`;
  return undefined;
}
