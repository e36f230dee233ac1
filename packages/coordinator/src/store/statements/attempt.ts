/**
 * Where PostgreSQL finds an attempt by its key, the phase is compared as `phase || ''`: by its statistics a partial index
 * of live attempts is often "empty", and it would read that one whole instead of the key's (`phase` alone matches it).
 * Where it looks for attempts to end, it locks all three rows, so that none of them is older than the lock.
 */

export const attemptInsert = {
  sqlite: `insert into attempt (run_id, idx, attempt, generation, worker_id, boot_id, phase, lease_until, claimed_at)
           values (?1, ?2, ?3, ?4, ?5, ?6, 'leased', ?7, ?8)`,
} as const;

/** A cancel does not touch the handlers that come after it. */
const cancelRequested = `case when s.handler in ('onCancel', 'onExit') then 0 else r.cancel_requested end`;

/** An attempt by the names that its worker uses, with what decides about its step. */
export const attemptGet = {
  sqlite: `select a.*, s.step_id, s.phase as step_phase, s.attempt as step_attempt, s.failed_count, s.lost_count,
                  s.snapshot_digest, s.memory_write, ${cancelRequested} as cancel_requested, r.dag_digest, r.dag_name
           from step s
           join attempt a on a.run_id = s.run_id and a.idx = s.idx and a.attempt = ?3
           join run r on r.id = s.run_id
           where s.run_id = ?1 and s.step_id = ?2`,
} as const;

export const attemptStart = {
  sqlite: `update attempt set phase = 'running', started_at = ?4
           where run_id = ?1 and idx = ?2 and attempt = ?3 and phase = 'leased'`,
  postgres: `update attempt set phase = 'running', started_at = $4
             where run_id = $1 and idx = $2 and attempt = $3 and phase || '' = 'leased'`,
} as const;

/** Ends an attempt. Touches nothing unless it is live. */
export const attemptEnd = {
  sqlite: `update attempt set phase = ?4, ended_at = ?5, result_digest = ?6
           where run_id = ?1 and idx = ?2 and attempt = ?3 and phase in ('leased', 'running')`,
  postgres: `update attempt set phase = $4, ended_at = $5, result_digest = $6
             where run_id = $1 and idx = $2 and attempt = $3 and phase || '' in ('leased', 'running')`,
} as const;

export const attemptRenew = {
  sqlite: `update attempt set lease_until = ?4, boot_id = ?5
           where run_id = ?1 and idx = ?2 and attempt = ?3 and phase in ('leased', 'running')`,
  postgres: `update attempt set lease_until = $4, boot_id = $5
             where run_id = $1 and idx = $2 and attempt = $3 and phase || '' in ('leased', 'running')`,
} as const;

/** Nobody loses a lease because the coordinator was away; what an earlier clock said does not count. */
export const attemptsTrust = {
  sqlite: `update attempt set lease_until = ?1 where phase in ('leased', 'running')`,
} as const;

const live = `select a.*, s.step_id, s.phase as step_phase, s.attempt as step_attempt, s.failed_count, s.lost_count,
                     s.memory_write, ${cancelRequested} as cancel_requested, r.dag_digest, r.dag_name
              from attempt a
              join step s on s.run_id = a.run_id and s.idx = a.idx
              join run r on r.id = a.run_id
              where a.phase in ('leased', 'running')`;

export const attemptsOfWorker = {
  sqlite: `${live} and a.worker_id = ?1`,
  postgres: `${live} and a.worker_id = $1 order by a.run_id, a.idx for no key update of a, s, r`,
} as const;

export const attemptsOfRun = { sqlite: `${live} and a.run_id = ?1` } as const;

export const attemptsExpired = {
  sqlite: `${live} and a.lease_until <= ?1 order by a.lease_until limit ?2`,
  // Whose run somebody changes at this moment is looked at again in the next round.
  postgres: `${live} and a.lease_until <= $1 order by a.lease_until limit $2
             for no key update of a, s, r skip locked`,
} as const;

export const attemptsNextExpiry = {
  sqlite: `select min(lease_until) as due from attempt where phase in ('leased', 'running')`,
} as const;
