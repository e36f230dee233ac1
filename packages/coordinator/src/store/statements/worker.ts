export const workerUpsert = {
  sqlite: `insert into worker (id, boot_id, name, version, labels, slots, connected_at, last_seen_at, coordinator_url)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)
           on conflict (id) do update set boot_id = ?2, name = ?3, version = ?4, labels = ?5, slots = ?6,
                  connected_at = ?7, last_seen_at = ?7, coordinator_url = ?8`,
} as const;

/** Of the session that began then: a newer one may have taken its place. */
export const workerLeft = {
  sqlite: `update worker set coordinator_url = null where id = ?1 and connected_at = ?2 and coordinator_url = ?3`,
} as const;

/** Answers what an operator wants of the worker. */
export const workerSeen = {
  sqlite: `update worker set last_seen_at = ?2 where id = ?1
           returning order_no, cordoned_at, cordon_reason, drain_at, drain_until`,
} as const;

/** Ids first: a name may be the id of another. */
export const workersNamed = {
  sqlite: `select id, name, connected_at, coordinator_url from worker where id = ?1 or name = ?1 order by case when id = ?1 then 0 else 1 end, id limit 5`,
} as const;

export const workerCordon = {
  sqlite: `update worker set order_no = order_no + 1, cordon_reason = case when ?3 = '' then cordon_reason else ?3 end,
                  cordoned_at = coalesce(cordoned_at, ?2)
           where id = ?1`,
} as const;

export const workerDrain = {
  sqlite: `update worker set order_no = order_no + 1, cordon_reason = case when ?3 = '' then cordon_reason else ?3 end,
                  cordoned_at = coalesce(cordoned_at, ?2), drain_at = coalesce(drain_at, ?2), drain_until = ?4
           where id = ?1`,
  postgres: `update worker set order_no = order_no + 1, cordon_reason = case when $3 = '' then cordon_reason else $3 end,
                    cordoned_at = coalesce(cordoned_at, $2), drain_at = coalesce(drain_at, $2), drain_until = $4::bigint
             where id = $1`,
} as const;

export const workerUncordon = {
  sqlite: `update worker set order_no = order_no + 1, cordoned_at = null, cordon_reason = '', drain_at = null,
                  drain_until = null
           where id = ?1`,
} as const;

/** Those that were there lately, with the number of attempts that they hold. */
export const workerList = {
  sqlite: `select worker.*, identity.certificate_expires_at, identity.revoked_at,
                  coalesce(live.count, 0) as slots_used
           from worker
           left join worker_identity as identity on identity.worker_id = worker.id
           left join (select worker_id, count(*) as count from step
                      where phase in ('leased', 'running') group by worker_id) as live on live.worker_id = worker.id
           order by name, id`,
} as const;
