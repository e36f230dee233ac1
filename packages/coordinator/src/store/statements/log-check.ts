/** Streams whose pieces do not make up what they count. */
export const logStreamsWrong = {
  sqlite: `with piece as (
             select run_id, step_id, attempt, stream, start_offset, length(data) as size,
                    lag(start_offset + length(data), 1, 0)
                      over (partition by run_id, step_id, attempt, stream order by start_offset) as expected
             from log_chunk),
           held as (
             select run_id, step_id, attempt, stream, sum(size) as bytes,
                    max(case when start_offset <> expected then 1 else 0 end) as broken
             from piece group by run_id, step_id, attempt, stream)
           select s.run_id, s.step_id, s.attempt, s.stream, s.next_offset, coalesce(h.bytes, 0) as bytes
           from log_stream s
           left join held h on h.run_id = s.run_id and h.step_id = s.step_id and h.attempt = s.attempt
                               and h.stream = s.stream
           where s.next_offset <> coalesce(h.bytes, 0) or h.broken = 1
           order by 1, 2, 3, 4 limit 100`,
  postgres: `with piece as (
               select run_id, step_id, attempt, stream, start_offset, length(data) as size,
                      lag(start_offset + length(data), 1, 0::bigint)
                        over (partition by run_id, step_id, attempt, stream order by start_offset) as expected
               from log_chunk),
             held as (
               select run_id, step_id, attempt, stream, sum(size)::bigint as bytes,
                      max(case when start_offset <> expected then 1 else 0 end) as broken
               from piece group by run_id, step_id, attempt, stream)
             select s.run_id, s.step_id, s.attempt, s.stream, s.next_offset, coalesce(h.bytes, 0)::bigint as bytes
             from log_stream s
             left join held h on h.run_id = s.run_id and h.step_id = s.step_id and h.attempt = s.attempt
                                 and h.stream = s.stream
             where s.next_offset <> coalesce(h.bytes, 0) or h.broken = 1
             order by 1, 2, 3, 4 limit 100`,
} as const;

export const logRuns = { sqlite: `select distinct run_id from log_stream order by run_id` } as const;
