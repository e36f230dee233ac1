/** Child runs that have ended, or are to be ended. */

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

/** Of runs that have to end: as `isToEnd` of `runs/handlers.ts` says it of their steps. */
export const childrenToCancel = {
  // The order of the joins says where to begin: there are few of these.
  sqlite: `select child.id from run cross join run as child cross join step
           where run.cancels_children = 1 and run.ended_at is null
             and child.parent_id = run.id and step.run = run.no and step.idx = child.parent_idx
             and child.parent_waits = 1 and child.ended_at is null and child.cancel_requested = 0
             and (step.cancel_requested = 1
                  or step.handler is null and (run.cancel_requested = 1 or run.time_over > 0)
                  or step.handler is not null and run.time_over >= 2
                  or run.cancel_requested = 1 and step.handler not in ('onCancel', 'onExit'))
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
