/** Runs that share a key. */

export const runKeySet = {
  sqlite: `update run set run_key = ?2, key_limit = ?3, on_conflict = ?4, held = ?5 where no = ?1`,
} as const;

export const runKeyOf = {
  sqlite: `select run_key, key_limit, on_conflict, held, shared_limit.name
           from run left join shared_limit on shared_limit.no = run.run_key where run.no = ?1`,
} as const;

/** Unfinished runs of a key, in the order in which they came. */
export const runsOfKey = {
  sqlite: `select no, id, key_limit, on_conflict, held, cancel_requested from run
           where run_key = ?1 and status in ('queued', 'running') order by no limit ?2`,
} as const;

/** Keys for which runs wait, after a given one. */
export const keysHeld = {
  sqlite: `select distinct run_key from run where held = 1 and status = 'queued' and run_key > ?1 order by run_key limit ?2`,
} as const;

export const runsHeldAny = {
  sqlite: `select 1 as held from run where held = 1 and status = 'queued' limit 1`,
} as const;

export const runRelease = { sqlite: `update run set held = 0 where no = ?1 and held = 1` } as const;

/** Steps that waited for their run alone. */
export const stepsHeld = {
  sqlite: `select idx from step where run = ?1 and phase = 'waiting' and waiting_for = 0 and handler is null order by idx`,
} as const;
