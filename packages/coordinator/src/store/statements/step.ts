/**
 * Steps by the number of their run and their position. Where PostgreSQL finds steps by their keys, the phase is compared
 * inside a `coalesce`, which means nothing to its planner: by the statistics of a queue, a moment ago hardly any step was
 * ready, so it would read the index of what is ready, or the whole table, once for each key.
 */

export const stepsInsert = {
  rows: "many",
  sqlite: `insert into step (run, idx, step_id, kind, phase, waiting_for, queue, pin_digest, snapshot_digest,
                             memory_write, continue_on_error, handler, gated)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`,
  postgres: `insert into step (run, idx, step_id, kind, phase, waiting_for, queue, pin_digest, snapshot_digest,
                               memory_write, continue_on_error, handler, gated)
             select * from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::integer[],
                                  $7::bigint[], $8::text[], $9::text[], $10::text[], $11::integer[], $12::text[],
                                  $13::integer[])`,
} as const;

export const stepsOfRun = {
  sqlite: `select step.*, worker.name as worker_name from step left join worker on worker.id = step.worker_id
           where run = ?1 and idx >= ?2 and idx < ?3 order by idx`,
} as const;

export const stepPhase = { sqlite: `select phase from step where run = ?1 and idx = ?2` } as const;

export const stepPacks = {
  sqlite: `select pin_digest, snapshot_digest from step where run = ?1 and idx = ?2`,
} as const;

export const stepsOutputs = {
  sqlite: `select idx, phase, outputs from step where run = ?1 and idx = ?2`,
  postgres: `select step.idx, phase, outputs from unnest($1::bigint[], $2::integer[]) as k (run, idx)
             join step on step.run = k.run and step.idx = k.idx`,
} as const;

/**
 * Gives steps to workers. Of a run that is being cancelled (?8) only the handlers that come after a cancel. Of steps with
 * limits only those whose queue (?9) was asked whether there is room. None to a worker that is to get nothing new (W1).
 */
export const stepsClaim = {
  sqlite: `update step set phase = 'leased', attempt = attempt + 1, worker_id = ?3, boot_id = ?4, generation = ?5,
                  lease_until = ?6, claimed_at = ?7, started_at = null, ended_at = null, failure = null, exit_code = null
           where run = ?1 and idx = ?2 and phase = 'ready' and not_before <= ?7
             and (?8 = 0 or handler in ('onCancel', 'onExit')) and (gated = 0 or queue = ?9)
             and not exists (select 1 from worker where id = ?3 and cordoned_at is not null)
           returning run, idx, attempt, snapshot_digest, item`,
  postgres: `update step set phase = 'leased', attempt = attempt + 1, worker_id = k.worker_id, boot_id = k.boot_id,
                    generation = k.generation, lease_until = k.lease_until, claimed_at = k.now, started_at = null,
                    ended_at = null, failure = null, exit_code = null
             from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                         $8::integer[], $9::bigint[])
                    as k (run, idx, worker_id, boot_id, generation, lease_until, now, cancelled, queue)
             where step.run = k.run and step.idx = k.idx and coalesce(phase = 'ready', false) and not_before <= k.now
               and (cancelled = 0 or handler in ('onCancel', 'onExit')) and (gated = 0 or step.queue = k.queue)
               and not exists (select 1 from worker where id = k.worker_id and cordoned_at is not null)
             returning step.run, step.idx, attempt, snapshot_digest, item`,
} as const;

/** The first pack that is named stays: every attempt uses the same one. */
export const stepsPackName = {
  sqlite: `update step set snapshot_digest = ?3 where run = ?1 and idx = ?2 and snapshot_digest is null`,
  postgres: `update step set snapshot_digest = k.digest
             from unnest($1::bigint[], $2::integer[], $3::text[]) as k (run, idx, digest)
             where step.run = k.run and step.idx = k.idx and snapshot_digest is null`,
} as const;

/** Under the whole fence: an answer means that nothing else need be looked at. */
export const stepsStart = {
  sqlite: `update step set phase = 'running', started_at = ?6
           where run = ?1 and idx = ?2 and attempt = ?3 and generation = ?4 and worker_id = ?5 and phase = 'leased'`,
  postgres: `update step set phase = 'running', started_at = k.now
             from unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::bigint[]) with ordinality
                    as k (run, idx, attempt, generation, worker_id, now, place)
             where step.run = k.run and step.idx = k.idx and step.attempt = k.attempt
               and step.generation = k.generation and step.worker_id = k.worker_id and coalesce(phase = 'leased', false)
             returning place`,
} as const;

/** Ends steps, from a phase in which an attempt is live. */
export const stepsEnd = {
  sqlite: `update step set phase = ?4, ended_at = ?5, started_at = coalesce(started_at, ?10), failure = ?6,
                  exit_code = ?7, outputs = ?8, usage = ?9
           where run = ?1 and idx = ?2 and attempt = ?3 and phase in ('leased', 'running')`,
  postgres: `update step set phase = k.phase, ended_at = k.now, started_at = coalesce(started_at, k.started),
                    failure = k.failure, exit_code = k.exit_code, outputs = k.outputs, usage = k.usage
             from unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::bigint[], $6::text[], $7::integer[],
                         $8::text[], $9::text[], $10::bigint[]) with ordinality
                    as k (run, idx, attempt, phase, now, failure, exit_code, outputs, usage, started, place)
             where step.run = k.run and step.idx = k.idx and step.attempt = k.attempt
               and coalesce(step.phase in ('leased', 'running'), false)
             returning place`,
} as const;

/** Puts steps back into the queue; the counters say what the attempt cost. */
export const stepsRequeue = {
  sqlite: `update step set phase = 'ready', not_before = ?4, failed_count = failed_count + ?5,
                  lost_count = lost_count + ?6, failure = ?7, exit_code = ?8
           where run = ?1 and idx = ?2 and attempt = ?3 and phase in ('leased', 'running')`,
  postgres: `update step set phase = 'ready', not_before = k.not_before, failed_count = failed_count + k.failed,
                    lost_count = lost_count + k.lost, failure = k.failure, exit_code = k.exit_code
             from unnest($1::bigint[], $2::integer[], $3::integer[], $4::bigint[], $5::integer[], $6::integer[], $7::text[],
                         $8::integer[]) with ordinality as k (run, idx, attempt, not_before, failed, lost, failure, exit_code, place)
             where step.run = k.run and step.idx = k.idx and step.attempt = k.attempt
               and coalesce(step.phase in ('leased', 'running'), false)
             returning place`,
} as const;

/** Steps that no worker holds end at once when their run is cancelled. A handler waits for its turn, or was started. */
export const stepsCancelIdle = {
  sqlite: `update step set phase = 'cancelled', ended_at = ?2
           where run = ?1 and phase in ('waiting', 'ready', 'suspended')
             and (handler is null or (phase = 'ready' and handler in ('onSuccess', 'onFailure')))
           returning idx, step_id, attempt`,
  postgres: `update step set phase = 'cancelled', ended_at = $2
             where run = $1 and coalesce(phase in ('waiting', 'ready', 'suspended'), false)
               and (handler is null or (coalesce(phase = 'ready', false) and handler in ('onSuccess', 'onFailure')))
             returning idx, step_id, attempt`,
} as const;

/** Of the DAG's own steps (below ?2). A failure that the step's \`continueOnError\` excuses does not count. */
export const stepCounts = {
  sqlite: `select count(*) filter (where phase = 'failed' and continue_on_error = 0) as failed,
                  count(*) filter (where phase = 'cancelled') as cancelled,
                  count(*) filter (where phase = 'blocked') as blocked
           from step where run = ?1 and idx < ?2 and handler is null`,
} as const;

export const stepFirstFailed = {
  sqlite: `select step_id, failure from step
           where run = ?1 and idx < ?2 and phase = 'failed' and continue_on_error = 0 and handler is null
           order by ended_at, idx limit 1`,
} as const;
