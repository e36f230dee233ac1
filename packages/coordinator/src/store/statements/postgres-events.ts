/** Events that a verb has gathered: their numbers are taken together, and their rows are written together. */

export const eventNumbersTake = `update run set event_seq = event_seq + $2 where id = $1 returning event_seq`;

export const eventsInsert = `insert into event (run_id, seq, at, change)
                             select $1, seq, at, change from unnest($2::bigint[], $3::bigint[], $4::text[]) as e (seq, at, change)`;
