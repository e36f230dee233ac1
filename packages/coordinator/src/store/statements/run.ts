export const runInsert = {
  sqlite: `insert into run (id, dag_digest, dag_name, status, params, idempotency_key, body_digest, created_at,
                            unfinished, run_labels, trace)
           values (?1, ?2, ?3, 'queued', ?4, ?5, ?6, ?7, ?8, ?9, ?10) returning no`,
} as const;

export const runByKey = { sqlite: `select id, body_digest from run where idempotency_key = ?1` } as const;

/** One that is being forgotten is not there. The sum keeps PostgreSQL from an index that knows the ends of runs only. */
export const runGet = { sqlite: `select * from run where id = ?1 and forgotten + 0 = 0` } as const;

const state = `no, id, dag_digest, dag_name, params, status, cancel_requested, outcome, event_seq, unfinished, parent_id,
               paused_at, due_at, time_over, trace, created_at`;

/** What verbs look at again and again; `RunState`. */
export const runsLoad = {
  sqlite: `select ${state} from run where id = ?1 and forgotten + 0 = 0`,
  postgres: `select ${state} from run where id = any($1::text[]) and forgotten + 0 = 0`,
} as const;

export const runCounters = {
  sqlite: `update run set event_seq = ?2, unfinished = ?3 where no = ?1`,
  postgres: `update run set event_seq = k.event_seq, unfinished = k.unfinished
             from unnest($1::bigint[], $2::bigint[], $3::integer[]) as k (no, event_seq, unfinished) where run.no = k.no`,
} as const;

export const runCount = { sqlite: `select count(*) as count from run where forgotten = 0` } as const;

export const runsStart = {
  sqlite: `update run set status = 'running', started_at = ?2 where no = ?1 and status = 'queued'`,
  postgres: `update run set status = 'running', started_at = k.now
             from unnest($1::bigint[], $2::bigint[]) as k (no, now) where run.no = k.no and coalesce(status = 'queued', false)`,
} as const;

/** The steps have ended: handlers follow. */
export const runOutcome = { sqlite: `update run set outcome = ?2 where no = ?1` } as const;

export const runEndWith = {
  sqlite: `update run set status = ?2, failure = ?3, ended_at = ?4, started_at = coalesce(started_at, ?4),
                  due_at = null, paused_at = null, paused_with_parent = 0
           where no = ?1 and status in ('queued', 'running')`,
  postgres: `update run set status = $2, failure = $3, ended_at = $4, started_at = coalesce(started_at, $4),
                    due_at = null, paused_at = null, paused_with_parent = 0
             where no = $1 and coalesce(status in ('queued', 'running'), false)`,
} as const;

export const runRequestCancel = {
  sqlite: `update run set cancel_requested = 1
           where no = ?1 and cancel_requested = 0 and status in ('queued', 'running')`,
} as const;

export const runLabelsInsert = {
  sqlite: `insert into run_label (run, name, value, created_at) values (?1, ?2, ?3, ?4)`,
  postgres: `insert into run_label (run, name, value, created_at)
             select * from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])`,
} as const;

export const runLabelsCarry = {
  sqlite: `insert into run_label (run, name, value, created_at)
           select ?2, name, value, ?3 from run_label where run = ?1`,
} as const;
