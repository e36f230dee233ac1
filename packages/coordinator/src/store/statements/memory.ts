export const scopeGet = { sqlite: `select * from memory_scope where scope = ?1` } as const;

export const scopePut = {
  sqlite: `insert into memory_scope (scope, version, digest, entries) values (?1, ?2, ?3, ?4)
           on conflict (scope) do update set version = ?2, digest = ?3, entries = ?4`,
} as const;

/** Scopes with entries, or with operations in review. */
export const scopesList = {
  sqlite: `select named.scope, memory_scope.version, memory_scope.entries,
                  (select count(*) from memory_operation o
                   where o.scope = named.scope and o.status = 'review') as in_review
           from (select scope from memory_scope
                 union select distinct scope from memory_operation where status = 'review') named
           left join memory_scope on memory_scope.scope = named.scope
           order by named.scope`,
} as const;

export const versionInsert = {
  sqlite: `insert into memory_version (scope, version, digest, at, cause, edits) values (?1, ?2, ?3, ?4, ?5, ?6)`,
} as const;

/** Newest first. */
export const versionsBefore = {
  sqlite: `select * from memory_version where scope = ?1 and version < ?2 order by version desc limit ?3`,
} as const;

/** Oldest first: what a scope is made of. */
export const editsUpTo = {
  sqlite: `select edits from memory_version where scope = ?1 and version <= ?2 order by version`,
} as const;

export const operationInsert = {
  sqlite: `insert into memory_operation (run_id, step_id, id, position, scope, operation, status, reason, detail, at)
           values (?1, ?2, ?3, (select coalesce(max(position), 0) + 1 from memory_operation), ?4, ?5, ?6, ?7, ?8, ?9)
           on conflict (run_id, step_id, id) do nothing`,
} as const;

export const operationGet = {
  sqlite: `select * from memory_operation where run_id = ?1 and step_id = ?2 and id = ?3`,
} as const;

export const operationDecide = {
  sqlite: `update memory_operation set status = ?4, decided_at = ?5
           where run_id = ?1 and step_id = ?2 and id = ?3 and status = 'review'`,
} as const;

/** Oldest first; an empty scope matches every scope. */
export const operationsInReview = {
  sqlite: `select * from memory_operation
           where status = 'review' and position > ?2 and (?1 = '' or scope = ?1) order by position limit ?3`,
} as const;

export const operationCountsOfRun = {
  sqlite: `select count(*) as operations, coalesce(sum(operation ->> '$.change.kind' = 'remove'), 0) as removals
           from memory_operation where run_id = ?1`,
  // Not by a cast to JSON, which refuses \u0000. In a text of an agent the quotes would be escaped.
  postgres: `select count(*) as operations,
                    count(*) filter (where position('"kind":"remove"' in operation) > 0) as removals
             from memory_operation where run_id = $1`,
} as const;

export const operationCountsBySteps = {
  sqlite: `select step_id, count(*) filter (where status in ('applied', 'merged', 'accepted')) as applied,
                  count(*) filter (where status = 'review') as in_review
           from memory_operation where run_id = ?1 group by step_id`,
} as const;
