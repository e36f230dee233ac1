/** What each round of dispatch asks of PostgreSQL costs the same with ten steps in a queue and with a million. */

import { expect, test } from "vitest";
import { preparedText } from "../../../packages/coordinator/src/store/postgres-text.ts";
import * as limits from "../../../packages/coordinator/src/store/statements/limit.ts";
import { sessionSetup } from "../../../packages/coordinator/src/store/statements/postgres-server.ts";
import * as queues from "../../../packages/coordinator/src/store/statements/queue.ts";
import { withPostgres } from "../../support/postgres.ts";
import { fill, migrated } from "./postgres-fill.ts";

withPostgres("queues on PostgreSQL", () => {
  test("queues and what is in use are found by their indexes, whatever the statistics say", async () => {
    await using schema = await migrated();
    await schema.query(fill);
    await schema.query(`
      insert into queue (digest, priority, share, selector, limits, pack, used_at) values ('q', 3, 'd', '{}', '[]', '', 0);
      insert into shared_limit (kind, name) values ('key', 'k');
      insert into queue_limit values (1, 1, 1, 1)`);
    await schema.query(sessionSetup);
    const planOf = async (
      statement: { readonly sqlite: string; readonly postgres?: string },
      params: string,
    ) => {
      await schema.query(`prepare q as ${preparedText(statement).text}`);
      const rows = await schema.query(`explain (analyze, buffers, format text) execute q (${params})`);
      await schema.query("deallocate q");
      return rows.map((row) => String(row["QUERY PLAN"])).join("\n");
    };
    const open = await planOf(queues.queuesOpen, "0, 256");
    expect(open).toMatch(/Index Only Scan using step_ready/);
    const first = await planOf(queues.stepsFirst, "array[1], array[10]");
    expect(first).toMatch(/Index Scan using step_ready/);
    const inUse = await planOf(limits.limitsInUse, "array[1]");
    expect(inUse).toMatch(/step_gated/);
    for (const plan of [open, first, inUse]) expect(plan).not.toMatch(/Seq Scan on step/);
  });
});
