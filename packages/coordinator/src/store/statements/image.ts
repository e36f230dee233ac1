/** What workers said of their images. A worker that nobody knows, or that was revoked, has nothing to say. */

export const isKnownWorker = (worker: string): string =>
  `exists (select 1 from worker where id = ${worker})
           and not exists (select 1 from worker_identity where worker_id = ${worker} and revoked_at is not null)`;

/** The newest is kept: two coordinators may write about a worker that moved from one to the other. */
export const imageStatusPut = {
  sqlite: `insert into image_status (worker_id, digest, boot_id, observed_at, status)
           select ?1, ?2, ?3, ?4, ?5 where ${isKnownWorker("?1")}
           on conflict (worker_id, digest) do update
             set boot_id = excluded.boot_id, observed_at = excluded.observed_at, status = excluded.status
             where excluded.observed_at >= image_status.observed_at`,
  postgres: `insert into image_status (worker_id, digest, boot_id, observed_at, status)
             select k.* from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
                    as k (worker_id, digest, boot_id, observed_at, status)
             where ${isKnownWorker("k.worker_id")}
             order by k.worker_id collate "C", k.digest collate "C"
             on conflict (worker_id, digest) do update
               set boot_id = excluded.boot_id, observed_at = excluded.observed_at, status = excluded.status
               where excluded.observed_at >= image_status.observed_at`,
} as const;

/** A worker that dials again tells what it told before. */
export const imageTransitionPut = {
  sqlite: `insert into image_transition (worker_id, digest, since, seq, state, attempt, boot_id, at, status)
           select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 where ${isKnownWorker("?1")}
           on conflict do nothing`,
  postgres: `insert into image_transition (worker_id, digest, since, seq, state, attempt, boot_id, at, status)
             select k.* from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[],
                                    $7::text[], $8::bigint[], $9::text[])
                    as k (worker_id, digest, since, seq, state, attempt, boot_id, at, status)
             where ${isKnownWorker("k.worker_id")}
             order by k.worker_id collate "C", k.digest collate "C"
             on conflict do nothing`,
} as const;

/** All but the newest hundred of each. */
export const imageTransitionsCut = {
  sqlite: `delete from image_transition
           where worker_id = ?1 and digest = ?2 and (since, seq) <
             (select since, seq from image_transition where worker_id = ?1 and digest = ?2
              order by since desc, seq desc limit 1 offset 99)`,
  postgres: `delete from image_transition as old
             using unnest($1::text[], $2::text[]) as k (worker_id, digest)
             where old.worker_id = k.worker_id and old.digest = k.digest and (old.since, old.seq) <
               (select since, seq from image_transition as kept
                where kept.worker_id = k.worker_id and kept.digest = k.digest
                order by since desc, seq desc limit 1 offset 99)`,
} as const;

/** Of all workers, or of one. */
export const imageStatusList = {
  sqlite: `select image_status.*, worker.name, worker.last_seen_at from image_status join worker on worker.id = image_status.worker_id
           where ?1 = '' or image_status.worker_id = ?1
           order by image_status.worker_id, image_status.digest limit 10000`,
  postgres: `select image_status.*, worker.name, worker.last_seen_at from image_status join worker on worker.id = image_status.worker_id
             where $1::text = '' or image_status.worker_id = $1::text
             order by image_status.worker_id, image_status.digest limit 10000`,
} as const;

/** Newest first. */
export const imageTransitionList = {
  sqlite: `select boot_id, status from image_transition where worker_id = ?1 and digest = ?2
           order by since desc, seq desc limit 100`,
} as const;

export const imageTransitionsErase = {
  sqlite: `delete from image_transition where (worker_id, digest, since, state, attempt) in
             (select worker_id, digest, since, state, attempt from image_transition where at < ?1 order by at limit ?2)`,
} as const;

export const imageStatusErase = {
  sqlite: `delete from image_status where (worker_id, digest) in
             (select worker_id, digest from image_status where observed_at < ?1 limit ?2)`,
} as const;

export const imageStatusOfWorkerErase = { sqlite: `delete from image_status where worker_id = ?1` } as const;

export const imageTransitionsOfWorkerErase = {
  sqlite: `delete from image_transition where worker_id = ?1`,
} as const;
