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
