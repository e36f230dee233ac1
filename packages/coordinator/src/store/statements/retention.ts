/** What is forgotten: runs, row by row, and packs and blobs that nobody names. */

/** From now on nobody finds these runs; their keys are free. Oldest end first; child runs go with the first of their family. */
export const runsRetire = {
  sqlite: `update run set forgotten = 1, idempotency_key = null
           where id in (select id from run where forgotten = 0 and ended_at < ?1 and root_id is null
                        order by ended_at limit ?2)
           returning id`,
  // One that somebody holds at this moment is retired the next time.
  postgres: `update run set forgotten = 1, idempotency_key = null
             where id in (select id from run where forgotten = 0 and ended_at < $1 and root_id is null
                          order by ended_at limit $2 for no key update skip locked)
             returning id`,
} as const;

export const familiesRetire = {
  sqlite: `update run set forgotten = 1, idempotency_key = null where root_id = ?1`,
  postgres: `update run set forgotten = 1, idempotency_key = null where root_id = any($1::text[])`,
} as const;

export const runsForgotten = {
  sqlite: `select id from run where forgotten = 1 order by id limit ?1`,
} as const;

export const runForgotten = {
  sqlite: `select no, dag_digest from run where id = ?1 and forgotten = 1`,
} as const;

/** The rows of a run, those that refer to others first, a bounded number at a time. */
export const runRowsErase = [
  {
    sqlite: `delete from event where run = ?1 and seq in (select seq from event where run = ?1 limit ?2)`,
  },
  {
    sqlite: `delete from artifact where run = ?1 and (idx, path) in
               (select idx, path from artifact where run = ?1 limit ?2)`,
  },
  {
    sqlite: `delete from attempt where run = ?1 and (idx, attempt) in
               (select idx, attempt from attempt where run = ?1 limit ?2)`,
  },
  {
    sqlite: `delete from item_group where run = ?1 and idx in (select idx from item_group where run = ?1 limit ?2)`,
  },
  {
    sqlite: `delete from run_label where run = ?1 and name in (select name from run_label where run = ?1 limit ?2)`,
  },
  {
    sqlite: `delete from approval where run = ?1 and idx in (select idx from approval where run = ?1 limit ?2)`,
  },
  {
    sqlite: `delete from step where run = ?1 and idx in (select idx from step where run = ?1 limit ?2)`,
  },
] as const;

/** What waits for a person outlives its run. */
export const runMemoryErase = {
  sqlite: `delete from memory_operation where run_id = ?1 and (step_id, id) in
             (select step_id, id from memory_operation where run_id = ?1 and status <> 'review' limit ?2)`,
} as const;

export const runErase = { sqlite: `delete from run where id = ?1 and forgotten = 1` } as const;

/** A DAG has no age: it came with a run in one transaction, and goes with its last one. */
export const dagErase = {
  sqlite: `delete from dag where digest = ?1 and not exists (select 1 from run where dag_digest = ?1)
             and not exists (select 1 from pinned_dag where dag_digest = ?1)`,
} as const;

/** Oldest first, after a given one. */
export const packsOldest = {
  sqlite: `select created_at, digest, compressed_size from snapshot
           where (created_at, digest) > (?1, ?2) and created_at < ?3 order by created_at, digest limit ?4`,
} as const;

/** Of the packs between two, those that no step names and nobody keeps. */
export const packsErase = {
  sqlite: `delete from snapshot
           where (created_at, digest) > (?1, ?2) and (created_at, digest) <= (?3, ?4)
             and not exists (select 1 from step where step.pin_digest = snapshot.digest)
             and not exists (select 1 from step where step.snapshot_digest = snapshot.digest)
             and not exists (select 1 from pinned_step where pinned_step.pin_digest = snapshot.digest)
             and not exists (select 1 from kept_snapshot where kept_snapshot.digest = snapshot.digest)
             and not exists (select 1 from deployment where deployment.snapshot_digest = snapshot.digest)
           returning compressed_size`,
} as const;

/** Of these digests (JSON), those that no artifact has. */
export const blobsUnnamed = {
  sqlite: `select value as digest from json_each(?1)
           where not exists (select 1 from artifact where artifact.digest = value)`,
  postgres: `select value as digest from json_array_elements_text($1::json) as value
             where not exists (select 1 from artifact where artifact.digest = value)`,
} as const;

export const attemptOldestClaim = {
  sqlite: `select min(claimed_at) as claimed_at from step where phase in ('leased', 'running')`,
} as const;
