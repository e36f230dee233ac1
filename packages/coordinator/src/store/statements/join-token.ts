/** What lets new workers join. */

export const joinTokenInsert = {
  sqlite: `insert into join_token (id, secret_hash, pool, labels, uses_left, created_by, created_at, expires_at)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
} as const;

export const joinTokenRead = {
  sqlite: `select * from join_token where id = ?1`,
} as const;

/** Those that still let somebody join. */
export const joinTokensOpen = {
  sqlite: `select * from join_token where uses_left > 0 and expires_at > ?1 order by created_at, id limit ?2`,
} as const;

/** One use. Nothing is answered when there is none left, or it is too late. */
export const joinTokenUse = {
  sqlite: `update join_token set uses_left = uses_left - 1
           where id = ?1 and secret_hash = ?2 and uses_left > 0 and expires_at > ?3 returning pool, labels`,
} as const;

export const joinTokenErase = { sqlite: `delete from join_token where id = ?1` } as const;

/** What is long over, a bounded number: nobody needs to be told why any more. */
export const joinTokensForget = {
  sqlite: `delete from join_token where id in (select id from join_token where expires_at < ?1 limit 100)`,
} as const;
