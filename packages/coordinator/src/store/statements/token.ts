/** Tokens of people and programs: what proves them, never themselves. */

export const tokenInsert = {
  sqlite: `insert into api_token (id, name, role, hash, created_at, created_by, expires_at)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
} as const;

export const tokenGet = { sqlite: `select * from api_token where id = ?1` } as const;

/** Newest first, before a place; 0: from the newest on. */
export const tokensBefore = {
  sqlite: `select * from api_token where ?1 = 0 or no < ?1 order by no desc limit ?2`,
  postgres: `select * from api_token where $1::bigint = 0 or no < $1::bigint order by no desc limit $2`,
} as const;

export const tokenRevoke = {
  sqlite: `update api_token set revoked_at = ?2 where id = ?1 and revoked_at is null`,
} as const;

/** Unless a newer use is known. */
export const tokenUsed = {
  sqlite: `update api_token set last_used_at = ?2
           where id = ?1 and (last_used_at is null or last_used_at < ?2)`,
} as const;
