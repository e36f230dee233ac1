/** Time limits: `due_at` of a run, and of a step that waits for a worker or for a person. Each has an index. */

/** Due at a moment, the most urgent first. */
export const runsDue = {
  sqlite: `select id as run_id, due_at from run
           where due_at <= ?1 order by due_at limit ?2`,
} as const;

export const stepsDue = {
  sqlite: `select run.id as run_id, step.idx, step.due_at, step.phase from step join run on run.no = step.run
           where step.due_at <= ?1 and step.phase in ('ready', 'suspended') order by step.due_at limit ?2`,
} as const;

/** When the next one is due; null: none. */
export const runsNextDue = {
  sqlite: `select min(due_at) as due from run where due_at > ?1`,
} as const;

export const stepsNextDue = {
  sqlite: `select min(due_at) as due from step where due_at > ?1 and phase in ('ready', 'suspended')`,
} as const;

export const runDue = { sqlite: `update run set due_at = ?2 where no = ?1` } as const;

export const stepsDueSet = {
  sqlite: `update step set due_at = ?3 where run = ?1 and idx = ?2`,
  postgres: `update step set due_at = k.due_at from unnest($1::bigint[], $2::integer[], $3::bigint[]) as k (run, idx, due_at)
             where step.run = k.run and step.idx = k.idx`,
} as const;

/** The time of its steps, or of its handlers, is over. A pause is over with it. */
export const runTimedOut = {
  sqlite: `update run set time_over = ?2, due_at = null, paused_at = null, pause_reason = null, paused_with_parent = 0 where no = ?1`,
} as const;

/** No worker has taken the step. Touches nothing when it became ready anew in the meantime. */
export const stepQueueTimeout = {
  sqlite: `update step set phase = 'failed', ended_at = ?4, failure = ?5
           where run = ?1 and idx = ?2 and due_at = ?3 and phase = 'ready'
           returning attempt, continue_on_error, unsatisfied, ancestor_failed, ancestor_cancelled`,
} as const;

/** Handlers that no worker holds. */
export const handlersCancelIdle = {
  sqlite: `update step set phase = 'cancelled', ended_at = ?2
           where run = ?1 and handler is not null and phase = 'ready' returning idx, step_id, attempt`,
} as const;
