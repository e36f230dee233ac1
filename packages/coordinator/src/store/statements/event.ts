export const eventInsert = {
  sqlite: `insert into event (run_id, seq, at, change) values (?1, ?2, ?3, ?4)`,
} as const;

export const eventsAfter = {
  sqlite: `select seq, at, change from event where run_id = ?1 and seq > ?2 order by seq limit ?3`,
} as const;
