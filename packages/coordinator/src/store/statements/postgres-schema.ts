/** Which schema a PostgreSQL database has, and which life of it issues fences. */

export const lifeGet = `select generation, cluster from store_life`;

export const lifePut = `insert into store_life (one, generation, cluster) values (1, $1, $2)
                        on conflict (one) do update set generation = $1, cluster = $2`;

/** One coordinator at a time changes a schema; held until the connection ends. */
export const migrationLock = `select pg_advisory_lock(hashtextextended('haversack ' || current_schema(), 0))`;

const versionsIn = (table: string) => ({
  isThere: `select to_regclass('${table}') is not null as there`,
  prepare: `create table if not exists ${table} (version integer primary key, name text not null)`,
  newest: `select coalesce(max(version), 0) as version from ${table}`,
  insert: `insert into ${table} (version, name) values ($1, $2)`,
});

/** Which migrations a schema has had; those of the logs are counted on their own. */
export const versionStatements = {
  postgres: versionsIn("migration"),
  "postgres-logs": versionsIn("log_migration"),
} as const;
