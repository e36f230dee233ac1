/** Steps that wait: for those before them, or, as handlers, for the end of the steps. */

/** One dependency less to wait for; what it passes on is kept until the last one has ended. */
export const stepDependencyEnded = {
  sqlite: `update step set waiting_for = waiting_for - 1, unsatisfied = unsatisfied | ?3,
                  ancestor_failed = ancestor_failed | ?4, ancestor_cancelled = ancestor_cancelled | ?5
           where run_id = ?1 and idx = ?2 and phase = 'waiting'
           returning waiting_for, unsatisfied, ancestor_failed, ancestor_cancelled`,
} as const;

/** All dependencies have ended: the step may start, or ends itself. */
export const stepSettle = {
  sqlite: `update step set phase = ?3, ended_at = ?4
           where run_id = ?1 and idx = ?2 and phase = 'waiting' and waiting_for = 0 returning step_id`,
} as const;

export const handlersWaiting = {
  sqlite: `select idx, handler from step where run_id = ?1 and handler is not null and phase = 'waiting' order by idx`,
} as const;
