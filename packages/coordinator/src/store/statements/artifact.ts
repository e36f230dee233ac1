/** Which blobs a database names. */

export const blobsNamed = {
  sqlite: `select distinct digest, size from artifact order by digest`,
} as const;

export const blobIsNamed = { sqlite: `select 1 as yes from artifact where digest = ?1 limit 1` } as const;
