/** Keys and pools that steps take parts of, and keys that runs share. */

export const sharedLimitByName = {
  sqlite: `select no, units from shared_limit where kind = ?1 and name = ?2`,
  // It stays until what is about to refer to it does.
  postgres: `select no, units from shared_limit where kind = $1 and name = $2 for key share`,
} as const;

export const sharedLimitInsert = {
  sqlite: `insert into shared_limit (kind, name) values (?1, ?2) on conflict do nothing`,
} as const;

/** What the steps of these queues take, and of what. */
export const limitsOfQueues = {
  sqlite: `select queue_limit.queue, queue_limit.shared_limit, queue_limit.units, queue_limit.at_most, shared_limit.kind,
                  shared_limit.name, shared_limit.units as supply
           from queue_limit join shared_limit on shared_limit.no = queue_limit.shared_limit
           where queue_limit.queue = ?1`,
  postgres: `select queue_limit.queue, queue_limit.shared_limit, queue_limit.units, queue_limit.at_most, shared_limit.kind,
                    shared_limit.name, shared_limit.units as supply
             from queue_limit join shared_limit on shared_limit.no = queue_limit.shared_limit
             where queue_limit.queue = any($1::bigint[])`,
} as const;

/** Whoever lets something start holds it until the end of the transaction; in one order everywhere. */
export const limitsLock = {
  // There is one writer.
  sqlite: `select no from shared_limit where no = ?1`,
  postgres: `select no from shared_limit where no = any($1::bigint[]) order by no for no key update`,
} as const;

/** What the live attempts hold. */
export const limitsInUse = {
  sqlite: `select ?1 as no, coalesce(sum(queue_limit.units), 0) as in_use
           from queue_limit cross join step
           where queue_limit.shared_limit = ?1 and step.queue = queue_limit.queue and step.gated = 1
             and step.phase in ('leased', 'running')`,
  postgres: `select k.no, coalesce((
               select sum(queue_limit.units) from queue_limit
               join step on step.queue = queue_limit.queue and step.gated = 1 and step.phase in ('leased', 'running')
               where queue_limit.shared_limit = k.no), 0)::bigint as in_use
             from unnest($1::bigint[]) as k (no)`,
} as const;

export const limitHolders = {
  sqlite: `select run.id as run_id, step.step_id
           from queue_limit cross join step cross join run
           where queue_limit.shared_limit = ?1 and step.queue = queue_limit.queue and step.gated = 1
             and step.phase in ('leased', 'running') and run.no = step.run
           order by step.run, step.idx limit ?2`,
} as const;

export const poolSet = { sqlite: `update shared_limit set units = ?2 where no = ?1` } as const;

export const poolsAll = {
  sqlite: `select no, name, units from shared_limit where kind = 'pool' and units is not null order by name`,
} as const;

/** A step that has not ended and names the pool. */
export const poolUser = {
  sqlite: `select run.id as run_id, step.step_id
           from queue_limit cross join step cross join run
           where queue_limit.shared_limit = ?1 and step.queue = queue_limit.queue and step.gated = 1
             and step.phase in ('waiting', 'ready', 'leased', 'running') and run.no = step.run limit 1`,
} as const;

/** There is no such pool any more; the row stays for the steps that named it. */
export const poolErase = { sqlite: `update shared_limit set units = null where no = ?1` } as const;

const nobodyNames = `units is null
                and not exists (select 1 from queue_limit where queue_limit.shared_limit = shared_limit.no)
                and not exists (select 1 from run where run.run_key = shared_limit.no)`;

/** Names that nothing refers to, a bounded number: of keys that come from parameters there are ever new ones. */
export const sharedLimitsErase = {
  sqlite: `delete from shared_limit where no in (select no from shared_limit where ${nobodyNames} limit ?1)`,
  postgres: `delete from shared_limit where no in (select no from shared_limit where ${nobodyNames} limit $1 for update skip locked)`,
} as const;
