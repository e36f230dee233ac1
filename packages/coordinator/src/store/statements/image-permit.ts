/** Leave to download an image: so many at once in the fleet, in the order in which it was asked for. */

import { isKnownWorker } from "./image.ts";

/** The number that are held is counted by one at a time. */
export const imagePermitLock = {
  sqlite: `select 1 as one`,
  postgres: `select pg_advisory_xact_lock(hashtextextended('haversack image permits ' || current_schema(), 0))`,
} as const;

/** Of those that the coordinator renews: one that another coordinator has taken over stays. */
export const imagePermitErase = {
  sqlite: `delete from image_permit where worker_id = ?1 and digest = ?2 and holder = ?3`,
  postgres: `delete from image_permit as old
             using unnest($1::text[], $2::text[], $3::text[]) as k (worker_id, digest, holder)
             where old.worker_id = k.worker_id and old.digest = k.digest and old.holder = k.holder`,
} as const;

export const imagePermitExpire = { sqlite: `delete from image_permit where until <= ?1` } as const;

/** Who has asked keeps the place in the line, who holds one keeps it. */
export const imagePermitPut = {
  sqlite: `insert into image_permit (worker_id, digest, holder, held, asked_at, until)
           select ?1, ?2, ?3, ?4, ?5, ?6 where ${isKnownWorker("?1")}
           on conflict (worker_id, digest) do update
             set holder = excluded.holder, held = max(image_permit.held, excluded.held), until = excluded.until`,
  postgres: `insert into image_permit (worker_id, digest, holder, held, asked_at, until)
             select k.* from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
                    as k (worker_id, digest, holder, held, asked_at, until)
             where ${isKnownWorker("k.worker_id")}
             on conflict (worker_id, digest) do update
               set holder = excluded.holder, held = greatest(image_permit.held, excluded.held),
                   until = excluded.until`,
} as const;

/** Who began without leave counts too: there may be more than so many. */
export const imagePermitGive = {
  sqlite: `update image_permit set held = 1 where (worker_id, digest) in
             (select worker_id, digest from image_permit where held = 0 order by asked_at, worker_id, digest
              limit max(0, ?1 - (select count(*) from image_permit where held = 1)))`,
  postgres: `update image_permit set held = 1 where (worker_id, digest) in
               (select worker_id, digest from image_permit where held = 0 order by asked_at, worker_id, digest
                limit greatest(0, $1::bigint - (select count(*) from image_permit where held = 1)))`,
} as const;

export const imagePermitList = {
  sqlite: `select worker_id, digest from image_permit where holder = ?1 and held = 1`,
} as const;

export const imagePermitsOfWorkerErase = {
  sqlite: `delete from image_permit where worker_id = ?1`,
} as const;
