/** The audit log, and where it ends. */

export const auditHeadOpen = {
  sqlite: `insert into audit_head (one, no, hash, cut_no, cut_hash) values (1, 0, '', 0, '')
           on conflict (one) do nothing`,
} as const;

/** Held until the end of the transaction: of two who add to the log, the second sees what the first added. */
export const auditHeadHold = {
  sqlite: `select no, hash, cut_no, cut_hash from audit_head`,
  postgres: `select no, hash, cut_no, cut_hash from audit_head for update`,
} as const;

export const auditHeadGet = { sqlite: `select no, hash, cut_no, cut_hash from audit_head` } as const;

export const auditHeadMove = { sqlite: `update audit_head set no = ?1, hash = ?2` } as const;

export const auditInsert = {
  sqlite: `insert into audit (no, at, caller_kind, caller_id, caller_role, caller_name, method, target, peer, outcome,
                              times, hash_before, hash)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`,
  rows: "many",
  postgres: `insert into audit (no, at, caller_kind, caller_id, caller_role, caller_name, method, target, peer, outcome,
                                times, hash_before, hash)
             select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                  $8::text[], $9::text[], $10::text[], $11::integer[], $12::text[], $13::text[])`,
} as const;

/** Oldest first, behind a place. */
export const auditAfter = {
  sqlite: `select * from audit where no > ?1 order by no limit ?2`,
} as const;

/** Newest first: before a place (0: from the newest on), since a moment, of a caller by name or id (empty: of all). */
export const auditBefore = {
  sqlite: `select * from audit
           where (?1 = 0 or no < ?1) and at >= ?2 and (?3 = '' or caller_name = ?3 or caller_id = ?3)
           order by no desc limit ?4`,
  postgres: `select * from audit
             where ($1::bigint = 0 or no < $1::bigint) and at >= $2
               and ($3::text = '' or caller_name = $3::text or caller_id = $3::text)
             order by no desc limit $4`,
} as const;

/** Up to a place: first the head says that they are gone, then they are. */
export const auditHeadCut = { sqlite: `update audit_head set cut_no = ?1, cut_hash = ?2` } as const;

export const auditCut = { sqlite: `delete from audit where no <= ?1` } as const;

/** The newest row that is older than a moment, and everything before it is older too. */
export const auditNewestBefore = {
  sqlite: `select no, hash from audit
           where no < coalesce((select min(no) from audit where at >= ?1), 9007199254740991)
           order by no desc limit 1`,
} as const;
