/** Tables on PostgreSQL as the planner likes them least: full, while the statistics say that they are empty. */

import { migratePostgres } from "../../../packages/coordinator/src/store/postgres-migrate.ts";
import { type TempSchema, tempSchema } from "../../support/postgres.ts";

/** A schema with all tables. */
export async function migrated(): Promise<TempSchema> {
  const schema = await tempSchema();
  await migratePostgres(schema.url, "postgres");
  await migratePostgres(schema.url, "postgres-logs");
  return schema;
}

/** As many live attempts as this, while the statistics say that there is none. */
const count = 20_000;
export const fill = `
  insert into dag values ('d', 'd', '{}', '');
  insert into run (id, dag_digest, dag_name, status, params, body_digest, created_at, unfinished)
    select 'r' || r, 'd', 'd', 'running', '{}', '', 0, 100 from generate_series(1, ${count / 100}) r;
  alter table step set (autovacuum_enabled = false);
  insert into step (run, idx, step_id, kind, phase, waiting_for, queue)
    select r, i, 's' || i, 'run', 'succeeded', 0, 1
    from generate_series(1, ${count / 100}) r, generate_series(0, 99) i;
  analyze step;
  insert into step (run, idx, step_id, kind, phase, waiting_for, queue, attempt, generation, worker_id, boot_id,
                    lease_until, claimed_at)
    select r, i, 's' || i, 'run', 'leased', 0, 1, 1, '1-0', 'w', 'b', 5, 0
    from generate_series(1, ${count / 100}) r, generate_series(100, 199) i;
  insert into step (run, idx, step_id, kind, phase, waiting_for, queue)
    select r, i, 's' || i, 'run', 'ready', 0, 1
    from generate_series(1, ${count / 100}) r, generate_series(200, 299) i;
  insert into step (run, idx, step_id, kind, phase, waiting_for, queue)
    select r, i, 's' || i, 'run', 'waiting', 1, 1
    from generate_series(1, ${count / 100}) r, generate_series(300, 399) i`;
