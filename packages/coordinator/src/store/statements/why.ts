/** Steps that have not started. A ready one that no worker takes is about to, unless something is in its way. */

const columns = `idx, phase, kind, not_before, queue, gated`;

export const stepsWaiting = {
  sqlite: `select ${columns} from step
           where run = ?1 and (phase = 'waiting' or phase = 'ready' and (kind <> 'dag' or paused = 1 or not_before > 0)) order by idx limit ?2`,
} as const;

export const stepPlaces = { sqlite: `select ${columns} from step where run = ?1 and idx = ?2` } as const;
