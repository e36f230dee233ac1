/** Steps that no worker takes: what may start, and the runs that they are. */

/** Steps that no worker takes and that may start, oldest run first, after a given one. */
export const childrenReady = {
  sqlite: `select run.id as run_id, run.no, step.idx, step.attempt, step.item
           from step join run on run.no = step.run
           where step.phase = 'ready' and step.kind = 'dag' and step.paused = 0 and step.not_before <= ?1
             and (step.run, step.idx) > (?2, ?3)
           order by step.run, step.idx limit ?4`,
} as const;

export const childrenNextDue = {
  sqlite: `select min(not_before) as due from step
           where phase = 'ready' and kind = 'dag' and paused = 0 and not_before > ?1`,
} as const;

/** Takes the step for a run of its own. Of a run that is being cancelled (?5) only the handlers that come after a cancel. */
export const stepStartChild = {
  sqlite: `update step set phase = 'running', attempt = attempt + 1, started_at = ?4, ended_at = null, failure = null
           where run = ?1 and idx = ?2 and attempt = ?3 and phase = 'ready'
             and (?5 = 0 or handler in ('onCancel', 'onExit'))
           returning step_id`,
  postgres: `update step set phase = 'running', attempt = attempt + 1, started_at = $4, ended_at = null, failure = null
             where run = $1 and idx = $2 and attempt = $3 and coalesce(phase = 'ready', false)
               and ($5 = 0 or handler in ('onCancel', 'onExit'))
             returning step_id`,
} as const;

/** It cannot be started at all. */
export const stepRefuse = {
  sqlite: `update step set phase = 'failed', attempt = attempt + 1, started_at = ?4, ended_at = ?4, failure = ?5
           where run = ?1 and idx = ?2 and attempt = ?3 and phase = 'ready'
           returning step_id, continue_on_error, unsatisfied, ancestor_failed, ancestor_cancelled`,
  postgres: `update step set phase = 'failed', attempt = attempt + 1, started_at = $4, ended_at = $4, failure = $5
             where run = $1 and idx = $2 and attempt = $3 and coalesce(phase = 'ready', false)
             returning step_id, continue_on_error, unsatisfied, ancestor_failed, ancestor_cancelled`,
} as const;

/** What a run passes on to those that it starts. */
export const runFamily = {
  sqlite: `select depth, coalesce(root_id, id) as root_id, coalesce(pins, no) as pins from run where no = ?1`,
} as const;

export const runAdopt = {
  sqlite: `update run set parent_id = ?2, parent_idx = ?3, parent_step = ?4, parent_attempt = ?5, depth = ?6, root_id = ?7,
                  pins = ?8, deadline = ?9, parent_waits = 1
           where no = ?1`,
} as const;

/** The runs that steps of a run are, from one to before another, each step's newest last. */
export const childrenOf = {
  sqlite: `select id, parent_idx from run
           where parent_id = ?1 and parent_idx >= ?2 and parent_idx < ?3 and forgotten = 0
           order by parent_idx, parent_attempt`,
} as const;
