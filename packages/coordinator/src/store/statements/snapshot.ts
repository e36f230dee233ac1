export const snapshotInsert = {
  sqlite: `insert into snapshot (digest, format_version, compressed_size, uncompressed_size, report, gzip, created_at)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do nothing`,
} as const;

export const snapshotGet = { sqlite: `select * from snapshot where digest = ?1` } as const;

export const snapshotExists = { sqlite: `select 1 as found from snapshot where digest = ?1` } as const;

/** Kept again: the newer name and note count. */
export const keptInsert = {
  sqlite: `insert into kept_snapshot (digest, name, note, kept_at) values (?1, ?2, ?3, ?4)
           on conflict (digest) do update set name = ?2, note = ?3`,
} as const;

export const keptDelete = { sqlite: `delete from kept_snapshot where digest = ?1` } as const;

export const keptDeleteByName = { sqlite: `delete from kept_snapshot where name = ?1` } as const;

export const keptCount = { sqlite: `select count(*) as count from kept_snapshot` } as const;

/** With what is known of the pack, without its bytes. */
export const keptList = {
  sqlite: `select kept_snapshot.*, snapshot.compressed_size from kept_snapshot
           join snapshot on snapshot.digest = kept_snapshot.digest order by kept_at, kept_snapshot.digest`,
} as const;
