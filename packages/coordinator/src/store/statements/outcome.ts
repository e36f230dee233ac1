/** Steps that wait: for those before them, or, as handlers, for the end of the steps. */

/** Some dependencies less to wait for; what they pass on is kept until the last one has ended. */
export const stepsDependencyEnded = {
  sqlite: `update step set waiting_for = waiting_for - ?3, unsatisfied = unsatisfied | ?4,
                  ancestor_failed = ancestor_failed | ?5, ancestor_cancelled = ancestor_cancelled | ?6
           where run = ?1 and idx = ?2 and phase = 'waiting'
           returning idx, waiting_for, unsatisfied, ancestor_failed, ancestor_cancelled`,
  postgres: `update step set waiting_for = waiting_for - k.ended, unsatisfied = unsatisfied | k.un,
                    ancestor_failed = ancestor_failed | k.failed, ancestor_cancelled = ancestor_cancelled | k.cancelled
             from unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[])
                    as k (run, idx, ended, un, failed, cancelled)
             where step.run = k.run and step.idx = k.idx and coalesce(phase = 'waiting', false)
             returning step.idx, waiting_for, unsatisfied, ancestor_failed, ancestor_cancelled`,
} as const;

/** All dependencies have ended: the steps may start, or end themselves. */
export const stepsSettle = {
  sqlite: `update step set phase = ?3, ended_at = ?4
           where run = ?1 and idx = ?2 and phase = 'waiting' and waiting_for = 0 returning idx, step_id`,
  postgres: `update step set phase = k.phase, ended_at = k.now
             from unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[]) with ordinality as k (run, idx, phase, now, place)
             where step.run = k.run and step.idx = k.idx and coalesce(step.phase = 'waiting' and waiting_for = 0, false)
             returning place`,
} as const;

export const handlersWaiting = {
  sqlite: `select idx, handler from step where run = ?1 and handler is not null and phase = 'waiting' order by idx`,
} as const;
