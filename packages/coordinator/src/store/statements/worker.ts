export const workerUpsert = {
  sqlite: `insert into worker (id, boot_id, name, version, labels, slots, connected_at, last_seen_at)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
           on conflict (id) do update set boot_id = ?2, name = ?3, version = ?4, labels = ?5, slots = ?6,
                  connected_at = ?7, last_seen_at = ?7`,
} as const;

export const workerSeen = { sqlite: `update worker set last_seen_at = ?2 where id = ?1` } as const;

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
