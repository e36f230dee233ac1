/** Steps with items: their counters, and their own rows, which no worker holds. */

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
