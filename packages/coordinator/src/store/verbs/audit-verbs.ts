/** The audit log: rows are added in one order, each with the hash of the one before it; nothing changes them. */

import type { AuditRecord } from "@haversack/protocol";
import { type AuditRow, type ChainEnd, chained } from "../../auth/audit-chain.ts";
import { integer, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import {
  auditAfter,
  auditBefore,
  auditHeadCut,
  auditHeadGet,
  auditHeadHold,
  auditHeadMove,
  auditHeadOpen,
  auditInsert,
  auditNewestBefore,
  auditCut as remove,
} from "../statements/audit.ts";
import type { VerbContext } from "../verb.ts";

export async function auditAppend(
  context: VerbContext,
  { records }: { readonly records: readonly AuditRecord[] },
): Promise<void> {
  const { tx } = context;
  const rows = chained(await holdEnd(context), records);
  const last = rows.at(-1);
  if (last === undefined) return;
  await tx.each(auditInsert, rows.map(valuesOf));
  await tx.run(auditHeadMove, last.no, last.hash);
}

async function holdEnd({ tx }: VerbContext): Promise<ChainEnd> {
  await tx.run(auditHeadOpen);
  const row = await tx.one(auditHeadHold);
  return row === undefined ? { no: 0, hash: "" } : { no: integer(row, "no"), hash: text(row, "hash") };
}

function valuesOf(row: AuditRow) {
  const { no, at, caller, method, target, peer, outcome, times, hashBefore, hash } = row;
  const { kind, id, role, name } = caller;
  return [no, at, kind, id, role, name, method, target, peer, outcome, times, hashBefore, hash];
}

export interface AuditQuery {
  /** Of the last one of the page before; 0: from the newest on. */
  readonly before: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Name or id of a caller; empty: of all. */
  readonly who: string;
  readonly limit: number;
}

/** Newest first. */
export async function auditList({ tx }: VerbContext, query: AuditQuery): Promise<AuditRow[]> {
  const { before, since, who, limit } = query;
  return (await tx.all(auditBefore, before, since, who, limit)).map(rowOf);
}

/** Oldest first, behind a place. */
export async function auditRead(
  { tx }: VerbContext,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<AuditRow[]> {
  return (await tx.all(auditAfter, after, limit)).map(rowOf);
}

export interface AuditEnds {
  readonly last: ChainEnd;
  /** The last row that was removed; 0: none was. */
  readonly cut: ChainEnd;
}

export async function auditEnds({ tx }: VerbContext): Promise<AuditEnds> {
  return endsOf(await tx.one(auditHeadGet));
}

function endsOf(row: Row | undefined): AuditEnds {
  if (row === undefined) return { last: { no: 0, hash: "" }, cut: { no: 0, hash: "" } };
  return {
    last: { no: integer(row, "no"), hash: text(row, "hash") },
    cut: { no: integer(row, "cut_no"), hash: text(row, "cut_hash") },
  };
}

/** Removes the rows that are older, from the beginning on; what is left begins with the hash of the last of them. @returns how many */
export async function auditCut(
  context: VerbContext,
  { before }: { readonly before: number },
): Promise<number> {
  await holdEnd(context);
  const { tx } = context;
  const newest = await tx.one(auditNewestBefore, before);
  if (newest === undefined) return 0;
  const no = integer(newest, "no");
  await tx.run(auditHeadCut, no, text(newest, "hash"));
  return await tx.run(remove, no);
}

function rowOf(row: Row): AuditRow {
  return {
    no: integer(row, "no"),
    at: integer(row, "at"),
    caller: {
      kind: text(row, "caller_kind"),
      id: text(row, "caller_id"),
      role: text(row, "caller_role"),
      name: text(row, "caller_name"),
    },
    method: text(row, "method"),
    target: text(row, "target"),
    peer: text(row, "peer"),
    outcome: text(row, "outcome"),
    times: integer(row, "times"),
    hashBefore: text(row, "hash_before"),
    hash: text(row, "hash"),
  };
}
