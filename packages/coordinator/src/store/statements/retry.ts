/** A run with the DAG and the parameters of an earlier one. */
export const runRepeat = {
  sqlite: `insert into run (id, dag_digest, dag_name, status, params, idempotency_key, body_digest, created_at,
                            unfinished, retry_of, run_labels, trace)
           select ?2, dag_digest, dag_name, 'queued', params, ?3, ?4, ?5, ?6, id, run_labels, ?7 from run where no = ?1 returning no`,
} as const;

/** Steps that are done again: pinned as before, with memory read afresh. */
export const stepsRepeat = {
  sqlite: `insert into step (run, idx, step_id, kind, phase, waiting_for, queue, pin_digest, snapshot_digest,
                             memory_write, continue_on_error, handler, gated)
           select ?2, idx, step_id, kind, ?4, ?5, queue, pin_digest,
                  case when snapshot_digest = pin_digest then pin_digest end, memory_write, continue_on_error, handler, gated
           from step where run = ?1 and idx = ?3`,
  postgres: `insert into step (run, idx, step_id, kind, phase, waiting_for, queue, pin_digest, snapshot_digest,
                               memory_write, continue_on_error, handler, gated)
             select k.target, step.idx, step_id, kind, k.phase, k.waiting_for, queue, pin_digest,
                    case when snapshot_digest = pin_digest then pin_digest end, memory_write, continue_on_error, handler, gated
             from unnest($1::bigint[], $2::bigint[], $3::integer[], $4::text[], $5::integer[])
                    as k (source, target, idx, phase, waiting_for)
             join step on step.run = k.source and step.idx = k.idx`,
} as const;

/** Steps that keep what they made. They have no attempt in this run. */
export const stepsCarry = {
  sqlite: `insert into step (run, idx, step_id, kind, phase, waiting_for, queue, worker_id, started_at, ended_at,
                             exit_code, outputs, usage, pin_digest, snapshot_digest, memory_write, continue_on_error, gated,
                             item)
           select ?2, idx, step_id, kind, phase, 0, queue, worker_id, started_at, ended_at,
                  exit_code, outputs, usage, pin_digest, snapshot_digest, memory_write, continue_on_error, gated, item
           from step where run = ?1 and idx = ?3 returning idx, phase`,
  postgres: `insert into step (run, idx, step_id, kind, phase, waiting_for, queue, worker_id, started_at, ended_at,
                               exit_code, outputs, usage, pin_digest, snapshot_digest, memory_write, continue_on_error, gated,
                               item)
             select k.target, step.idx, step_id, kind, phase, 0, queue, worker_id, started_at, ended_at,
                    exit_code, outputs, usage, pin_digest, snapshot_digest, memory_write, continue_on_error, gated, item
             from unnest($1::bigint[], $2::bigint[], $3::integer[]) as k (source, target, idx)
             join step on step.run = k.source and step.idx = k.idx returning idx, phase`,
} as const;

export const artifactsCarry = {
  sqlite: `insert into artifact (run, idx, path, digest, size, executable)
           select ?2, idx, path, digest, size, executable from artifact where run = ?1 and idx = ?3`,
  postgres: `insert into artifact (run, idx, path, digest, size, executable)
             select k.target, artifact.idx, path, digest, size, executable
             from unnest($1::bigint[], $2::bigint[], $3::integer[]) as k (source, target, idx)
             join artifact on artifact.run = k.source and artifact.idx = k.idx`,
} as const;

/** Counters of a step that keeps its items. */
export const groupsCarry = {
  sqlite: `insert into item_group select ?2, idx, total, waiting, open, failed, cancelled, stopped, released
           from item_group where run = ?1 and idx = ?3 returning idx, total`,
  postgres: `insert into item_group select k.target, item_group.idx, total, waiting, open, failed, cancelled, stopped, released
             from unnest($1::bigint[], $2::bigint[], $3::integer[]) as k (source, target, idx)
             join item_group on item_group.run = k.source and item_group.idx = k.idx returning idx, total`,
} as const;

export const runSource = {
  sqlite: `select dag.name, dag.spec, dag.source from run join dag on dag.digest = run.dag_digest where run.id = ?1`,
} as const;

export const stepPhases = {
  sqlite: `select phase from step where run = ?1 and idx < ?2 order by idx`,
} as const;
