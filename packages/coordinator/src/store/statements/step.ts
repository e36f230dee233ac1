export const stepInsert = {
  sqlite: `insert into step (run_id, idx, step_id, kind, phase, waiting_for, labels, pin_digest, snapshot_digest,
                             memory_write, continue_on_error, handler)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`,
} as const;

export const stepsOfRun = {
  sqlite: `select step.*, worker.name as worker_name from step left join worker on worker.id = step.worker_id
           where run_id = ?1 order by idx`,
} as const;

export const stepByName = {
  sqlite: `select step.* from step join run on run.id = step.run_id
           where step.run_id = ?1 and step.step_id = ?2 and run.forgotten = 0`,
} as const;

export const stepsReadyOfRun = {
  sqlite: `select run_id, idx, kind, labels, pin_digest, snapshot_digest, not_before from step
           where run_id = ?1 and phase = 'ready' order by idx limit ?2`,
} as const;

export const stepOutputs = {
  sqlite: `select phase, outputs from step where run_id = ?1 and step_id = ?2`,
} as const;

/** Steps that may start, oldest run first, after a given one; the time of retries that wait is looked at too. */
export const stepsReady = {
  sqlite: `select step.run_id, step.idx, step.step_id, step.kind, step.labels, step.pin_digest, step.snapshot_digest,
                  run.dag_digest, run.dag_name
           from step join run on run.id = step.run_id
           where step.phase = 'ready' and step.not_before <= ?1 and (step.run_id, step.idx) > (?2, ?3)
           order by step.run_id, step.idx limit ?4`,
} as const;

/** When the next retry is due. */
export const stepsNextDue = {
  // The second condition says that the index of retries will do.
  sqlite: `select min(not_before) as due from step where phase = 'ready' and not_before > ?1 and not_before > 0`,
} as const;

/**
 * Gives the step to a worker. The first pack that is named stays: every attempt uses the same one. Of a run that is being
 * cancelled (?6) only the handlers that come after a cancel.
 */
export const stepClaim = {
  sqlite: `update step set phase = 'leased', attempt = attempt + 1, worker_id = ?3, started_at = null, ended_at = null,
                  failure = null, exit_code = null, snapshot_digest = coalesce(snapshot_digest, ?4)
           where run_id = ?1 and idx = ?2 and phase = 'ready' and not_before <= ?5
             and (?6 = 0 or handler in ('onCancel', 'onExit'))
           returning attempt, step_id, snapshot_digest`,
} as const;

export const stepStart = {
  sqlite: `update step set phase = 'running', started_at = ?4
           where run_id = ?1 and idx = ?2 and attempt = ?3 and phase = 'leased'`,
} as const;

/** Ends the step, from a phase in which an attempt is live. */
export const stepEnd = {
  sqlite: `update step set phase = ?4, ended_at = ?5, started_at = coalesce(started_at, ?5), failure = ?6,
                  exit_code = ?7, outputs = ?8, usage = ?9
           where run_id = ?1 and idx = ?2 and attempt = ?3 and phase in ('leased', 'running')
           returning continue_on_error, unsatisfied, ancestor_failed, ancestor_cancelled`,
} as const;

/** Puts the step back into the queue; the counters say what the attempt cost. */
export const stepRequeue = {
  sqlite: `update step set phase = 'ready', not_before = ?4, failed_count = failed_count + ?5,
                  lost_count = lost_count + ?6, failure = ?7, exit_code = ?8
           where run_id = ?1 and idx = ?2 and attempt = ?3 and phase in ('leased', 'running')`,
} as const;

/** Steps that no worker holds end at once when their run is cancelled. A handler waits for its turn, or was started. */
export const stepsCancelIdle = {
  sqlite: `update step set phase = 'cancelled', ended_at = ?2
           where run_id = ?1 and phase in ('waiting', 'ready')
             and (handler is null or (phase = 'ready' and handler in ('onSuccess', 'onFailure')))
           returning step_id, attempt`,
} as const;

/** A failure that the step's \`continueOnError\` excuses does not count. */
export const stepCounts = {
  sqlite: `select count(*) filter (where phase = 'failed' and continue_on_error = 0) as failed,
                  count(*) filter (where phase = 'cancelled') as cancelled,
                  count(*) filter (where phase = 'blocked') as blocked
           from step where run_id = ?1 and handler is null`,
} as const;

export const stepFirstFailed = {
  sqlite: `select step_id, failure from step
           where run_id = ?1 and phase = 'failed' and continue_on_error = 0 and handler is null
           order by ended_at, idx limit 1`,
} as const;

export const artifactInsert = {
  sqlite: `insert into artifact (run_id, idx, path, digest, size, executable) values (?1, ?2, ?3, ?4, ?5, ?6)`,
} as const;

export const artifactsOfRun = {
  sqlite: `select idx, path, digest, size, executable from artifact where run_id = ?1 order by idx, path`,
} as const;

export const artifactsOfStep = {
  sqlite: `select idx, path, digest, size, executable from artifact where run_id = ?1 and idx = ?2 order by path`,
} as const;
