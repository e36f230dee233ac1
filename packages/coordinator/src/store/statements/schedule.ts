/** Stored DAGs, schedules and their ticks. */

export const storedDagPut = {
  sqlite: `insert into stored_dag (name, digest, source, file_name, schedules, put_at) values (?1, ?2, ?3, ?4, ?5, ?6)
           on conflict (name) do update set digest = ?2, source = ?3, file_name = ?4, schedules = ?5, put_at = ?6`,
} as const;

export const storedDagGet = { sqlite: `select * from stored_dag where name = ?1` } as const;

export const storedDagList = {
  sqlite: `select name, digest, file_name, schedules, put_at from stored_dag order by name`,
} as const;

export const storedDagDelete = { sqlite: `delete from stored_dag where name = ?1` } as const;

/** Those from a place on. */
export const schedulesDelete = {
  sqlite: `delete from schedule where dag_name = ?1 and idx >= ?2`,
} as const;

export const ticksDelete = {
  sqlite: `delete from schedule_tick where dag_name = ?1 and idx >= ?2`,
} as const;

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

/** A time that has its run keeps it, whatever is decided about it later. */
export const tickPut = {
  sqlite: `insert into schedule_tick (dag_name, idx, due, outcome, run_id, detail, at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
           on conflict (dag_name, idx, due) do update set outcome = ?4, run_id = ?5, detail = ?6, at = ?7
           where schedule_tick.outcome <> 'started'`,
} as const;

/** Newest time first. */
export const tickList = {
  sqlite: `select * from schedule_tick where dag_name = ?1 and idx = ?2 order by due desc limit ?3`,
} as const;

export const tickGet = {
  sqlite: `select * from schedule_tick where dag_name = ?1 and idx = ?2 and due = ?3`,
} as const;

/** Oldest first. */
export const ticksQueued = {
  sqlite: `select due from schedule_tick where dag_name = ?1 and idx = ?2 and outcome = 'queued' order by due limit ?3`,
} as const;

/** Of one schedule, all but the newest; what waits stays. */
export const ticksPrune = {
  sqlite: `delete from schedule_tick where dag_name = ?1 and idx = ?2 and outcome <> 'queued' and due <=
             (select due from schedule_tick where dag_name = ?1 and idx = ?2 order by due desc limit 1 offset ?3)`,
} as const;

export const runTriggered = {
  sqlite: `update run set trigger_kind = ?2, trigger_schedule = ?3, trigger_due = ?4 where id = ?1`,
} as const;

/** Runs of a schedule that have not ended, oldest time first. */
export const runsOfSchedule = {
  sqlite: `select id, trigger_due from run
           where dag_name = ?1 and trigger_schedule = ?2 and trigger_kind = 'schedule'
             and status in ('queued', 'running')
           order by trigger_due`,
} as const;
