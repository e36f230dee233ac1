export const dagInsert = {
  sqlite: `insert into dag (digest, name, spec, source) values (?1, ?2, ?3, ?4) on conflict do nothing`,
} as const;

export const dagGet = { sqlite: `select spec from dag where digest = ?1` } as const;
