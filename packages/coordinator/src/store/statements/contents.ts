/** Everything of a kind, for whoever checks all of it. */

export const packsAfter = {
  sqlite: `select digest, gzip from snapshot where digest > ?1 order by digest limit ?2`,
} as const;

export const memoryVersionsAll = {
  sqlite: `select scope, version, digest, edits from memory_version order by scope, version`,
} as const;

export const scopesAll = {
  sqlite: `select scope, version, digest, entries from memory_scope order by scope`,
} as const;

export const blobsNamed = {
  sqlite: `select distinct digest, size from artifact order by digest`,
} as const;

export const blobIsNamed = { sqlite: `select 1 as yes from artifact where digest = ?1 limit 1` } as const;
