/** Child runs: steps of kind `dag`, the runs that they are, and what a run was submitted with for them. */

/** Steps that no worker takes and that may start, oldest run first, after a given one. */
export const childrenReady = {
  sqlite: `select run.id as run_id, run.no, step.idx, step.attempt
           from step join run on run.no = step.run
           where step.phase = 'ready' and step.kind in ('dag', 'deploy') and step.not_before <= ?1
             and (step.run, step.idx) > (?2, ?3)
           order by step.run, step.idx limit ?4`,
} as const;

export const childrenNextDue = {
  sqlite: `select min(not_before) as due from step
           where phase = 'ready' and kind in ('dag', 'deploy') and not_before > ?1`,
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

export const pinnedDagInsert = {
  sqlite: `insert into pinned_dag (run, key, dag_digest, file_name) values (?1, ?2, ?3, ?4)`,
} as const;

export const pinnedStepsInsert = {
  sqlite: `insert into pinned_step (run, key, idx, pin_digest, snapshot_digest, memory_write) values (?1, ?2, ?3, ?4, ?5, ?6)`,
  postgres: `insert into pinned_step (run, key, idx, pin_digest, snapshot_digest, memory_write)
             select * from unnest($1::bigint[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[])`,
} as const;

/** A run that is done again uses what the earlier one used. */
export const pinnedDagsCarry = {
  sqlite: `insert into pinned_dag (run, key, dag_digest, file_name)
           select ?2, key, dag_digest, file_name from pinned_dag
           where run = (select coalesce(pins, no) from run where no = ?1)`,
} as const;

export const pinnedStepsCarry = {
  sqlite: `insert into pinned_step (run, key, idx, pin_digest, snapshot_digest, memory_write)
           select ?2, key, idx, pin_digest, snapshot_digest, memory_write from pinned_step
           where run = (select coalesce(pins, no) from run where no = ?1)`,
} as const;

export const pinnedDagGet = {
  sqlite: `select dag_digest, file_name from pinned_dag where run = ?1 and key = ?2`,
} as const;

export const pinnedStepsOf = {
  sqlite: `select idx, pin_digest, snapshot_digest, memory_write from pinned_step where run = ?1 and key = ?2`,
} as const;

/** The runs that the steps of a run are, each step's newest last. */
export const childrenOf = {
  sqlite: `select id, parent_idx from run where parent_id = ?1 and forgotten = 0 order by parent_idx, parent_attempt`,
} as const;

/** Those that have ended while their step does not know. */
export const childrenEnded = {
  sqlite: `select id, parent_id from run where parent_waits = 1 and ended_at is not null order by ended_at limit ?1`,
} as const;

export const childEnded = {
  sqlite: `select no, parent_id, parent_idx, parent_attempt, status, failure, timed_out from run
           where id = ?1 and parent_waits = 1 and ended_at is not null`,
} as const;

export const childTold = { sqlite: `update run set parent_waits = 0 where no = ?1` } as const;

export const runCancelsChildren = { sqlite: `update run set cancels_children = 1 where no = ?1` } as const;

/** Of runs that are being cancelled. A handler that comes after a cancel goes on, and so does the run that it is. */
export const childrenToCancel = {
  // The order of the joins says where to begin: there are few of these.
  sqlite: `select child.id from run cross join run as child cross join step
           where run.cancels_children = 1 and run.ended_at is null
             and child.parent_id = run.id and step.run = run.no and step.idx = child.parent_idx
             and child.parent_waits = 1 and child.ended_at is null and child.cancel_requested = 0
             and (step.handler is null or step.handler not in ('onCancel', 'onExit'))
           limit ?1`,
} as const;

export const childrenOverdue = {
  sqlite: `select id from run
           where parent_waits = 1 and timed_out = 0 and ended_at is null and deadline <= ?1 order by deadline limit ?2`,
} as const;

export const childrenNextDeadline = {
  sqlite: `select min(deadline) as due from run
           where parent_waits = 1 and timed_out = 0 and ended_at is null and deadline > ?1`,
} as const;

export const childTimeOut = {
  sqlite: `update run set timed_out = 1
           where id = ?1 and parent_waits = 1 and timed_out = 0 and ended_at is null and deadline <= ?2`,
} as const;
