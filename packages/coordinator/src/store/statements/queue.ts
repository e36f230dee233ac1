/** Queues of steps that wait. Their numbers are those of the store, and their order says nothing. */

import { itsDeployment, queueColumns } from "./queue-columns.ts";

export const queueOfStep = {
  sqlite: `select queue.* from step join queue on queue.no = step.queue where step.run = ?1 and step.idx = ?2`,
} as const;

export const queueByDigest = { sqlite: `select no, used_at from queue where digest = ?1` } as const;

export const queueInsert = {
  sqlite: `insert into queue (digest, priority, share, selector, limits, pack, used_at, deployment, pulls)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
           on conflict do nothing`,
} as const;

/** It is in use again; one that is being deleted at this moment is not there. */
export const queueUse = { sqlite: `update queue set used_at = ?2 where no = ?1` } as const;

export const queueLimitsInsert = {
  sqlite: `insert into queue_limit (shared_limit, queue, units, at_most) values (?1, ?2, ?3, ?4) on conflict do nothing`,
  postgres: `insert into queue_limit (shared_limit, queue, units, at_most)
             select * from unnest($1::bigint[], $2::bigint[], $3::integer[], $4::integer[]) on conflict do nothing`,
} as const;

/** Of those with a higher number, the queues in which steps wait: from one to the next, past all that stands in between. */
export const queuesOpen = {
  sqlite: `with recursive open (no, count) as (
             select (select queue from step where phase = 'ready' and not_before = 0 and kind <> 'dag' and paused = 0 and queue > ?1
                     order by queue limit 1), 1
             union all
             select (select queue from step where phase = 'ready' and not_before = 0 and kind <> 'dag' and paused = 0 and queue > open.no
                     order by queue limit 1), count + 1
             from open where open.no is not null and count < ?2)
           select ${queueColumns}
           from open join queue on queue.no = open.no ${itsDeployment}`,
} as const;

/** The first steps of queues, oldest run first. */
export const stepsFirst = {
  sqlite: `select run.id as run_id, step.run, step.idx, step.step_id, step.queue, step.gated, step.pin_digest, step.snapshot_digest,
                  run.dag_name
           from step join run on run.no = step.run
           where step.queue = ?1 and step.phase = 'ready' and step.not_before = 0 and step.kind <> 'dag' and step.paused = 0
           order by step.queue, step.run, step.idx limit ?2`,
  postgres: `select run.id as run_id, step.run, step.idx, step.step_id, step.queue, step.gated, step.pin_digest, step.snapshot_digest,
                    run.dag_name
             from unnest($1::bigint[], $2::bigint[]) as k (queue, count)
             cross join lateral (
               select * from step where step.queue = k.queue and step.phase = 'ready' and step.not_before = 0 and step.kind <> 'dag' and step.paused = 0
               order by step.queue, step.run, step.idx limit k.count) as step
             join run on run.no = step.run
             order by step.queue, step.run, step.idx`,
} as const;

/** When the next retry is due: it may be past. */
export const stepsNextDue = {
  sqlite: `select min(not_before) as due from step where phase = 'ready' and paused = 0 and not_before > 0`,
} as const;

/** Retries whose time has come stand in their queues again. */
export const stepsDue = {
  sqlite: `update step set not_before = 0
           where (run, idx) in (select run, idx from step
                                where phase = 'ready' and paused = 0 and not_before > 0 and not_before <= ?1 order by not_before limit ?2)`,
  // One that somebody holds at this moment has its turn the next time.
  postgres: `update step set not_before = 0
             from (select run, idx from step
                   where phase = 'ready' and paused = 0 and not_before > 0 and not_before <= $1 order by not_before limit $2
                   for no key update skip locked) as k
             where step.run = k.run and step.idx = k.idx`,
} as const;

/** Those with keys or pools in which no step has been for long, a bounded number. The others stay: there are few. */
export const queuesIdle = {
  sqlite: `select no from queue where limits <> '[]' and used_at < ?1
             and not exists (select 1 from step where step.gated = 1 and step.queue = queue.no) limit ?2`,
  // One that a step is about to stand in is held by whoever brings it.
  postgres: `select no from queue where limits <> '[]' and used_at < $1
               and not exists (select 1 from step where step.gated = 1 and step.queue = queue.no) limit $2
             for update skip locked`,
} as const;

export const queueLimitsErase = {
  sqlite: `delete from queue_limit where queue = ?1 returning shared_limit`,
  postgres: `delete from queue_limit where queue = any($1::bigint[]) returning shared_limit`,
} as const;

export const queuesErase = {
  sqlite: `delete from queue where no = ?1 returning no`,
  postgres: `delete from queue where no = any($1::bigint[]) returning no`,
} as const;
