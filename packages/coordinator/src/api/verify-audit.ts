/** Follows the chain of the audit log, from where it was cut off to where it ends. */

import type { AuditCheck } from "@haversack/protocol";
import { brokenLink, type ChainEnd } from "../auth/audit-chain.ts";
import type { Store } from "../store/store.ts";

const rowsAtOnce = 1000;

export async function verifyAudit(store: Pick<Store, "read">): Promise<AuditCheck> {
  for (;;) {
    const { cut, last } = await store.read.auditEnds();
    const check = await follow(store, cut, last);
    if (check.broken === undefined) return check;
    // Somebody may have cut it meanwhile.
    if ((await store.read.auditEnds()).cut.no === cut.no) return check;
  }
}

async function follow({ read }: Pick<Store, "read">, cut: ChainEnd, last: ChainEnd): Promise<AuditCheck> {
  let before = cut;
  let count = 0;
  const found = (): AuditCheck => ({
    count,
    first: last.no > cut.no ? cut.no + 1 : 0,
    last: last.no,
    hash: last.hash,
  });
  while (before.no < last.no) {
    const rows = await read.auditRead({ after: before.no, limit: rowsAtOnce });
    if (rows.length === 0) {
      const problem = `row ${before.no + 1} is missing: the log says that it ends with row ${last.no}`;
      return { ...found(), broken: { no: before.no + 1, problem } };
    }
    for (const row of rows) {
      const problem = brokenLink(before, row);
      if (problem !== undefined)
        return { ...found(), broken: { no: Math.min(row.no, before.no + 1), problem } };
      count += 1;
      before = row;
      if (row.no === last.no) break;
    }
  }
  if (before.hash === last.hash) return found();
  const problem = `the log says that it ends with another row ${last.no} than there is: it was replaced`;
  return { ...found(), broken: { no: last.no, problem } };
}
