/**
 * Items of steps: rows of `step` whose numbers stand together, from that of the first item (?2) up to before that of the
 * next step's (?3).
 */

/** With what was pinned for their step. They stand in its queue, unless another is said. */
export const itemsInsert = {
  sqlite: `insert into step (run, idx, step_id, kind, phase, waiting_for, queue, gated, pin_digest, snapshot_digest,
                             memory_write, continue_on_error, item)
           select run, ?3, ?4, kind, 'waiting', 0, coalesce(?5, queue), coalesce(?7, gated), pin_digest, snapshot_digest, memory_write,
                  continue_on_error, ?6
           from step where run = ?1 and idx = ?2`,
  postgres: `insert into step (run, idx, step_id, kind, phase, waiting_for, queue, gated, pin_digest, snapshot_digest,
                               memory_write, continue_on_error, item)
             select step.run, k.item_idx, k.name, kind, 'waiting', 0, coalesce(k.queue, step.queue), coalesce(k.gated, step.gated), pin_digest,
                    snapshot_digest, memory_write, continue_on_error, k.value
             from unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::bigint[], $6::text[], $7::integer[])
                    as k (run, idx, item_idx, name, queue, value, gated)
             join step on step.run = k.run and step.idx = k.idx`,
} as const;

/** The next that wait, from a position on. */
export const itemsRelease = {
  sqlite: `update step set phase = 'ready'
           where run = ?1 and phase = 'waiting' and idx in
             (select idx from step where run = ?1 and idx >= ?2 and idx < ?3 and phase = 'waiting' order by idx limit ?4)
           returning idx`,
} as const;

/** Those that no worker holds. */
export const itemsCancelIdle = {
  sqlite: `update step set phase = 'cancelled', ended_at = ?4
           where run = ?1 and idx >= ?2 and idx < ?3 and phase in ('waiting', 'ready') returning idx, attempt`,
  postgres: `update step set phase = 'cancelled', ended_at = $4
             where run = $1 and idx >= $2 and idx < $3 and coalesce(phase in ('waiting', 'ready'), false) returning idx, attempt`,
} as const;

/** Those that a worker holds. */
export const itemsTellEnd = {
  sqlite: `update step set cancel_requested = 1
           where run = ?1 and idx >= ?2 and idx < ?3 and phase in ('leased', 'running')
           returning idx, attempt, generation`,
  postgres: `update step set cancel_requested = 1
             where run = $1 and idx >= $2 and idx < $3 and coalesce(phase in ('leased', 'running'), false)
             returning idx, attempt, generation`,
} as const;

/** Of these, those that were told to end. */
export const itemsTold = {
  sqlite: `select run, idx from step where run = ?1 and idx = ?2 and cancel_requested = 1`,
  postgres: `select step.run, step.idx from unnest($1::bigint[], $2::integer[]) as k (run, idx)
             join step on step.run = k.run and step.idx = k.idx where cancel_requested = 1`,
} as const;

/** Those that are there before their step has begun: an earlier run did them. */
export const itemsThere = {
  sqlite: `select idx, phase from step where run = ?1 and idx >= ?2 and idx < ?3 order by idx`,
} as const;

export const itemFirstFailed = {
  sqlite: `select idx, failure from step where run = ?1 and idx >= ?2 and idx < ?3 and phase = 'failed'
           order by ended_at, idx limit 1`,
} as const;

export const itemOutputsSize = {
  sqlite: `select sum(octet_length(outputs)) as bytes from step where run = ?1 and idx >= ?2 and idx < ?3`,
} as const;

export const itemOutputs = {
  sqlite: `select idx, outputs from step where run = ?1 and idx >= ?2 and idx < ?3 and outputs <> '{}' order by idx`,
} as const;

export const itemsPage = {
  sqlite: `select step.*, worker.name as worker_name from step left join worker on worker.id = step.worker_id
           where run = ?1 and idx >= ?2 and idx < ?3 order by idx limit ?4`,
} as const;

export const artifactsOfItems = {
  sqlite: `select idx, path, digest, size, executable from artifact
           where run = ?1 and idx >= ?2 and idx < ?3 order by idx, path`,
} as const;
