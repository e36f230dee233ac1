export const snapshotInsert = {
  sqlite: `insert into snapshot (digest, format_version, compressed_size, uncompressed_size, report, gzip, created_at)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do nothing`,
} as const;

export const snapshotGet = { sqlite: `select * from snapshot where digest = ?1` } as const;
