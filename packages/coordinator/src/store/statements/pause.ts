/**
 * Runs that somebody holds up. Their ready steps are marked as well, and so leave the index of what may start: however many
 * they are, looking for the steps of other runs does not come across them.
 */

export const runPaused = {
  sqlite: `update run set paused_at = ?2, pause_reason = ?3
           where no = ?1 and paused_at is null and status in ('queued', 'running')`,
} as const;

export const runResumed = {
  sqlite: `update run set paused_at = null, pause_reason = null where no = ?1`,
} as const;

export const readyHold = {
  sqlite: `update step set paused = 1 where run = ?1 and phase = 'ready' and paused = 0`,
} as const;

export const readyRelease = {
  sqlite: `update step set paused = 0 where run = ?1 and paused = 1`,
} as const;

/** Steps that became ready in a paused run. */
export const stepsHold = {
  sqlite: `update step set paused = 1 where run = ?1 and idx = ?2`,
  postgres: `update step set paused = 1 from unnest($1::bigint[], $2::integer[]) as k (run, idx)
             where step.run = k.run and step.idx = k.idx`,
} as const;
