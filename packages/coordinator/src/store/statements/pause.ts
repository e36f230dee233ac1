/**
 * Runs that somebody holds up. Their ready steps are marked as well, and so leave the index of what may start: however many
 * they are, looking for the steps of other runs does not come across them.
 */

export const runPaused = {
  sqlite: `update run set paused_at = ?2, pause_reason = ?3, paused_with_parent = ?4
           where no = ?1 and paused_at is null and status in ('queued', 'running')`,
} as const;

export const runResumed = {
  sqlite: `update run set paused_at = null, pause_reason = null, paused_with_parent = 0 where no = ?1`,
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

/** What paused runs have started, and what goes on although it has not. The order of the joins says where to begin. */
export const childrenToPause = {
  sqlite: `select child.id from run cross join run as child
           where run.paused_at is not null and child.parent_id = run.id
             and child.parent_waits = 1 and child.ended_at is null and child.cancel_requested = 0 and child.paused_at is null
           limit ?1`,
} as const;

/** They were paused with a run that is not paused any more. */
export const childrenToResume = {
  sqlite: `select child.id from run as child cross join run
           where child.paused_with_parent = 1 and run.id = child.parent_id and run.paused_at is null limit ?1`,
} as const;

export const runPausedWith = {
  sqlite: `select parent_id from run where no = ?1 and paused_with_parent = 1`,
} as const;
