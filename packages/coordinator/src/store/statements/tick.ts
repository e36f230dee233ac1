/** What became of the times of a schedule, and the runs that it started. */

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
