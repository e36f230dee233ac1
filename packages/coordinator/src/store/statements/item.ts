/**
 * Items of steps: rows of `step` whose numbers stand together, from that of the first item (?2) up to before that of the
 * next step's (?3).
 */

const columns = `item_group.run, item_group.idx, total, waiting, open, failed, cancelled, stopped, released,
                 unsatisfied, ancestor_failed, ancestor_cancelled`;

export const groupsGet = {
  sqlite: `select ${columns} from item_group join step on step.run = item_group.run and step.idx = item_group.idx
           where item_group.run = ?1 and item_group.idx = ?2`,
  postgres: `select ${columns} from unnest($1::bigint[], $2::integer[]) as k (run, idx)
             join item_group on item_group.run = k.run and item_group.idx = k.idx
             join step on step.run = k.run and step.idx = k.idx`,
} as const;

export const groupsOpen = {
  sqlite: `select ${columns} from item_group join step on step.run = item_group.run and step.idx = item_group.idx
           where item_group.run = ?1 and open > 0 order by item_group.idx`,
} as const;

export const groupsOfRun = {
  sqlite: `select idx, total, waiting, open, failed, cancelled from item_group where run = ?1`,
} as const;

export const groupInsert = {
  sqlite: `insert into item_group (run, idx, total, waiting, open, failed, cancelled, stopped, released)
           values (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0)`,
} as const;

export const groupSave = {
  sqlite: `update item_group set waiting = ?3, open = ?4, failed = ?5, cancelled = ?6, stopped = ?7, released = ?8
           where run = ?1 and idx = ?2`,
} as const;

/** Nobody holds it; it is running as long as its items are not all over. */
export const groupStart = {
  sqlite: `update step set phase = 'running', started_at = ?3
           where run = ?1 and idx = ?2 and phase = 'waiting' and waiting_for = 0 returning idx`,
} as const;

/** Its items could not be made. */
export const groupRefuse = {
  sqlite: `update step set phase = 'failed', started_at = ?3, ended_at = ?3, failure = ?4
           where run = ?1 and idx = ?2 and phase = 'waiting' and waiting_for = 0 returning idx`,
} as const;

export const groupEnd = {
  sqlite: `update step set phase = ?3, ended_at = ?4, failure = ?5, outputs = ?6
           where run = ?1 and idx = ?2 and attempt = 0 and phase in ('leased', 'running') returning idx`,
  postgres: `update step set phase = $3, ended_at = $4, failure = $5, outputs = $6
             where run = $1 and idx = $2 and attempt = 0 and coalesce(phase in ('leased', 'running'), false) returning idx`,
} as const;

/** With what was pinned for their step. Labels are those of the step, unless they are said. */
export const itemsInsert = {
  sqlite: `insert into step (run, idx, step_id, kind, phase, waiting_for, labels, pin_digest, snapshot_digest,
                             memory_write, continue_on_error, item)
           select run, ?3, ?4, kind, 'waiting', 0, coalesce(?5, labels), pin_digest, snapshot_digest, memory_write,
                  continue_on_error, ?6
           from step where run = ?1 and idx = ?2`,
  postgres: `insert into step (run, idx, step_id, kind, phase, waiting_for, labels, pin_digest, snapshot_digest,
                               memory_write, continue_on_error, item)
             select step.run, k.item_idx, k.name, kind, 'waiting', 0, coalesce(k.own, labels), pin_digest, snapshot_digest,
                    memory_write, continue_on_error, k.value
             from unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::text[])
                    as k (run, idx, item_idx, name, own, value)
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
