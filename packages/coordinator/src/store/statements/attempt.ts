/** Attempts: the live one is part of its step's row, those that ended are rows of their own. */

/** What decides about a step and its newest attempt. */
const columns = (step: string) =>
  ["run", "idx", "attempt", "phase", "generation", "worker_id", "boot_id", "claimed_at", "started_at", "failed_count",
   "lost_count", "snapshot_digest", "memory_write", "handler", "gated", "continue_on_error", "unsatisfied",
   "ancestor_failed", "ancestor_cancelled", "cancel_requested"].map((name) => `${step}.${name}`).join(", "); // biome-ignore format: a list

export const attemptsNewest = {
  sqlite: `select ${columns("step")} from step where run = ?1 and idx = ?2`,
  postgres: `select ${columns("step")} from unnest($1::bigint[], $2::integer[]) as k (run, idx)
             join step on step.run = k.run and step.idx = k.idx`,
} as const;

export const attemptEnded = {
  sqlite: `select generation, worker_id, phase, result_digest from attempt where run = ?1 and idx = ?2 and attempt = ?3`,
} as const;

export const attemptsInsert = {
  rows: "many",
  sqlite: `insert into attempt (run, idx, attempt, generation, worker_id, boot_id, phase, claimed_at, started_at, ended_at,
                                result_digest)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`,
  postgres: `insert into attempt (run, idx, attempt, generation, worker_id, boot_id, phase, claimed_at, started_at, ended_at,
                                  result_digest)
             select * from unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
                                  $8::bigint[], $9::bigint[], $10::bigint[], $11::text[])`,
} as const;

/** Under the whole fence: an answer means that nothing else need be looked at. */
export const leasesRenew = {
  sqlite: `update step set lease_until = ?6, boot_id = ?7
           where run = ?1 and idx = ?2 and attempt = ?3 and generation = ?4 and worker_id = ?5
             and phase in ('leased', 'running')`,
  postgres: `update step set lease_until = k.lease_until, boot_id = k.boot_id
             from unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::bigint[], $7::text[]) with ordinality
                    as k (run, idx, attempt, generation, worker_id, lease_until, boot_id, place)
             where step.run = k.run and step.idx = k.idx and step.attempt = k.attempt
               and step.generation = k.generation and step.worker_id = k.worker_id
               and coalesce(step.phase in ('leased', 'running'), false)
             returning place`,
} as const;

/** A child run has no worker, and no lease. Nobody loses one because the coordinator was away; what an earlier clock said does not count. */
export const leasesTrust = {
  sqlite: `update step set lease_until = ?1 where phase in ('leased', 'running') and lease_until is not null`,
} as const;

const live = `select ${columns("step")}, step.step_id, run.id as run_id
              from step join run on run.no = step.run
              where step.phase in ('leased', 'running')`;

/** There are as many live attempts as slots; an index has them all. */
export const attemptsOfWorker = {
  sqlite: `${live} and step.worker_id = ?1`,
  postgres: `${live} and step.worker_id = $1 order by run.id, step.idx for no key update`,
} as const;

export const attemptsOfRun = {
  sqlite: `select idx, step_id, attempt, generation, handler from step
           where run = ?1 and phase in ('leased', 'running') and worker_id is not null order by idx`,
  postgres: `select idx, step_id, attempt, generation, handler from step
             where run = $1 and coalesce(phase in ('leased', 'running'), false) and worker_id is not null order by idx`,
} as const;

export const attemptsExpired = {
  sqlite: `${live} and step.lease_until <= ?1 order by step.lease_until limit ?2`,
  // Whose run somebody changes at this moment is looked at again in the next round.
  postgres: `${live} and step.lease_until <= $1 order by step.lease_until limit $2 for no key update skip locked`,
} as const;

export const leasesNextExpiry = {
  sqlite: `select min(lease_until) as due from step where phase in ('leased', 'running')`,
} as const;
