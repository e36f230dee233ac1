export const runInsert = {
  sqlite: `insert into run (id, dag_digest, dag_name, status, params, idempotency_key, body_digest, created_at, unfinished)
           values (?1, ?2, ?3, 'queued', ?4, ?5, ?6, ?7, ?8)`,
} as const;

export const runByKey = { sqlite: `select id, body_digest from run where idempotency_key = ?1` } as const;

/** One that is being forgotten is not there. The sum keeps PostgreSQL from an index that knows the ends of runs only. */
export const runGet = { sqlite: `select * from run where id = ?1 and forgotten + 0 = 0` } as const;

export const runProgressGet = {
  sqlite: `select run.status, step.phase as step_phase
           from run left join step on step.run_id = run.id and step.step_id = ?2
           where run.id = ?1 and run.forgotten + 0 = 0`,
} as const;

/** Newest first. An empty filter matches everything; ids sort by time. */
export const runList = {
  sqlite: `select * from run
           where id < ?1 and forgotten = 0 and (?2 = '' or status = ?2) and (?3 = '' or dag_name = ?3)
           order by id desc limit ?4`,
} as const;

export const runCount = { sqlite: `select count(*) as count from run where forgotten = 0` } as const;

/** Takes the next number in the run's sequence of events. */
export const runNextSeq = {
  sqlite: `update run set event_seq = event_seq + 1 where id = ?1 returning event_seq`,
} as const;

export const runStart = {
  sqlite: `update run set status = 'running', started_at = ?2 where id = ?1 and status = 'queued'`,
} as const;

export const runStepsEnded = {
  sqlite: `update run set unfinished = unfinished - ?2 where id = ?1 returning unfinished`,
} as const;

/** The steps have ended; the run goes on with this many handlers. */
export const runHandlers = {
  sqlite: `update run set outcome = ?2, unfinished = ?3 where id = ?1`,
} as const;

export const runEndWith = {
  sqlite: `update run set status = ?2, failure = ?3, ended_at = ?4, started_at = coalesce(started_at, ?4)
           where id = ?1 and status in ('queued', 'running')`,
} as const;

export const runRequestCancel = {
  sqlite: `update run set cancel_requested = 1
           where id = ?1 and cancel_requested = 0 and status in ('queued', 'running')`,
} as const;
