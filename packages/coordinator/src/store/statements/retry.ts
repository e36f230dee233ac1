/** A run with the DAG and the parameters of an earlier one. */
export const runRepeat = {
  sqlite: `insert into run (id, dag_digest, dag_name, status, params, idempotency_key, body_digest, created_at,
                            unfinished, retry_of)
           select ?2, dag_digest, dag_name, 'queued', params, ?3, ?4, ?5, ?6, id from run where id = ?1`,
} as const;

/** A step that is done again: pinned as before, with memory read afresh. */
export const stepRepeat = {
  sqlite: `insert into step (run_id, idx, step_id, kind, phase, waiting_for, labels, pin_digest, snapshot_digest,
                             memory_write, continue_on_error, handler)
           select ?2, idx, step_id, kind, ?4, ?5, labels, pin_digest,
                  case when snapshot_digest = pin_digest then pin_digest end, memory_write, continue_on_error, handler
           from step where run_id = ?1 and idx = ?3`,
} as const;

/** A step that keeps what it made. It has no attempt in this run. */
export const stepCarry = {
  sqlite: `insert into step (run_id, idx, step_id, kind, phase, waiting_for, labels, worker_id, started_at, ended_at,
                             exit_code, outputs, usage, pin_digest, snapshot_digest, memory_write, continue_on_error)
           select ?2, idx, step_id, kind, phase, 0, labels, worker_id, started_at, ended_at,
                  exit_code, outputs, usage, pin_digest, snapshot_digest, memory_write, continue_on_error
           from step where run_id = ?1 and idx = ?3 returning phase`,
} as const;

export const artifactsCarry = {
  sqlite: `insert into artifact (run_id, idx, path, digest, size, executable)
           select ?2, idx, path, digest, size, executable from artifact where run_id = ?1 and idx = ?3`,
} as const;

export const runSource = {
  sqlite: `select dag.name, dag.source from run join dag on dag.digest = run.dag_digest where run.id = ?1`,
} as const;

export const stepPhases = { sqlite: `select phase from step where run_id = ?1 order by idx` } as const;
