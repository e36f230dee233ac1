/** Ends every connection to the database of a site but its own, in the middle of whatever they do. */

import { Client } from "pg";

export interface DatabaseCutter extends AsyncDisposable {
  /** How many there were. */
  cut(): Promise<number>;
}

/** @param url of the store; empty: it is embedded, and has no connections */
export async function databaseCutter(url: string): Promise<DatabaseCutter> {
  if (url === "") return { cut: async () => 0, [Symbol.asyncDispose]: async () => {} };
  const name = "haversack-chaos-cutter";
  const client = new Client({ connectionString: url, application_name: name });
  await client.connect();
  const schema = new URL(url).searchParams.get("options")?.replace(/^-csearch_path=/, "") ?? "";
  return {
    async cut() {
      const { rows } = await client.query<{ ended: boolean }>(
        `select pg_terminate_backend(pid) as ended from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and application_name <> $1
           and exists (select 1 from pg_namespace where nspname = $2)`,
        [name, schema],
      );
      return rows.filter(({ ended }) => ended).length;
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
