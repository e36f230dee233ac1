/** Who workers are, and the authority that says so. */

export const identityInsert = {
  sqlite: `insert into worker_identity (worker_id, joined_by, pool, labels, credential_hash, key_hash,
                                        certificate_expires_at, joined_at)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing`,
} as const;

export const identityOfWorker = {
  sqlite: `select * from worker_identity where worker_id = ?1`,
} as const;

export const identityOfCredential = {
  sqlite: `select * from worker_identity where credential_hash = ?1`,
} as const;

export const identityOfKey = {
  sqlite: `select * from worker_identity where key_hash = ?1`,
} as const;

/** Under a key that is its own already. The key before the last one goes. */
export const identityRenew = {
  sqlite: `update worker_identity
           set old_key_hash = case when key_hash = ?3 then old_key_hash else key_hash end, key_hash = ?3,
               certificate_expires_at = ?4, renewed_at = ?5
           where worker_id = ?1 and (key_hash = ?2 or old_key_hash = ?2) and revoked_at is null`,
} as const;

/** The first time counts. */
export const identityRevoke = {
  sqlite: `update worker_identity set revoked_at = coalesce(revoked_at, ?2) where worker_id = ?1`,
} as const;

/** The newest ones: the others have been away for longer than any session lasts. */
export const identitiesRevoked = {
  sqlite: `select worker_id from worker_identity where revoked_at is not null order by revoked_at desc limit 10000`,
} as const;

/** The first one stays. */
export const clusterCaName = {
  sqlite: `insert into cluster_ca (one, pin) values (1, ?1) on conflict (one) do nothing`,
} as const;

export const clusterCaReplace = { sqlite: `update cluster_ca set pin = ?1` } as const;

export const clusterCaGet = { sqlite: `select pin from cluster_ca` } as const;
