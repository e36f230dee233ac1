/** Schedules of stored DAGs. */

export const schedulePut = {
  sqlite: `insert into schedule (dag_name, idx, spec, handled) values (?1, ?2, ?3, ?4)
           on conflict (dag_name, idx) do update set spec = ?3, handled = ?4`,
} as const;

/** Of one DAG, or of all for an empty name. */
export const scheduleList = {
  sqlite: `select schedule.*, (select count(*) from schedule_tick t
                               where t.dag_name = schedule.dag_name and t.idx = schedule.idx
                                 and t.outcome = 'queued') as queued
           from schedule where ?1 = '' or dag_name = ?1 order by dag_name, idx`,
} as const;

/** Only from where the caller had read it: of two that look at once, one moves it. */
export const scheduleMove = {
  sqlite: `update schedule set handled = ?4 where dag_name = ?1 and idx = ?2 and handled = ?3`,
} as const;

/** One schedule, or all of a DAG when the place is null. */
export const schedulePause = {
  sqlite: `update schedule set paused_at = ?3, pause_note = ?4
           where dag_name = ?1 and idx = coalesce(?2, idx) and paused_at is null`,
} as const;

export const scheduleResume = {
  sqlite: `update schedule set paused_at = null, pause_note = null, handled = ?3
           where dag_name = ?1 and idx = coalesce(?2, idx) and paused_at is not null`,
} as const;

export const scheduleCount = {
  sqlite: `select count(*) as count from schedule where dag_name = ?1 and idx = coalesce(?2, idx)`,
} as const;
