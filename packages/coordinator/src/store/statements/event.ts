/** Changes of a run that were told together are one row, under the number of the last of them. */

export const eventsInsert = {
  sqlite: `insert into event (run, seq, at, changes) values (?1, ?2, ?3, ?4)`,
  postgres: `insert into event (run, seq, at, changes)
             select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])`,
} as const;

/** A row may begin with changes that are known already. */
export const eventsAfter = {
  sqlite: `select seq, at, changes from event
           where run = (select no from run where id = ?1) and seq > ?2 order by seq limit ?3`,
} as const;
