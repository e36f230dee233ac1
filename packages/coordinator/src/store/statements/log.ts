export const logNextOffset = {
  sqlite: `select next_offset from log_stream where run_id = ?1 and step_id = ?2 and attempt = ?3 and stream = ?4`,
} as const;

export const logAdvance = {
  sqlite: `insert into log_stream (run_id, step_id, attempt, stream, next_offset) values (?1, ?2, ?3, ?4, ?5)
           on conflict (run_id, step_id, attempt, stream) do update set next_offset = ?5`,
} as const;

export const logInsert = {
  sqlite: `insert into log_chunk (run_id, step_id, attempt, stream, start_offset, data) values (?1, ?2, ?3, ?4, ?5, ?6)`,
} as const;

/** In the order in which they were stored; an empty step id matches every step, that of a step its items too. */
export const logRead = {
  sqlite: `select position, step_id, attempt, stream, start_offset, data from log_chunk
           where run_id = ?1 and (?2 = '' or step_id = ?2 or substr(step_id, 1, length(?2) + 1) = ?2 || '.') and position > ?3 order by position limit ?4`,
} as const;

/** A bounded number of the oldest chunks of a run. */
export const logChunksErase = {
  sqlite: `delete from log_chunk where position in
             (select position from log_chunk where run_id = ?1 order by position limit ?2)`,
  postgres: `delete from log_chunk where run_id = $1 and position in
               (select position from log_chunk where run_id = $1 order by position limit $2)`,
} as const;

export const logStreamsErase = { sqlite: `delete from log_stream where run_id = ?1` } as const;
