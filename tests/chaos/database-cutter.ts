/** Ends every connection to the database of a site but its own, in the middle of whatever they do. */

import { Client } from "pg";

export interface DatabaseCutter extends AsyncDisposable {
  /** How many there were. */
  cut(): Promise<number>;
}

/** @param url of the store, with a name of this run in `application_name`; empty: it is embedded, and has no connections */
export async function databaseCutter(url: string): Promise<DatabaseCutter> {
  if (url === "") return { cut: async () => 0, [Symbol.asyncDispose]: async () => {} };
  const own = new URL(url);
  const name = own.searchParams.get("application_name");
  own.searchParams.delete("application_name");
  const client = new Client({ connectionString: own.href });
  await client.connect();
  return {
    async cut() {
      // Others may use the same server.
      const { rows } = await client.query<{ ended: boolean }>(
        `select pg_terminate_backend(pid) as ended from pg_stat_activity where application_name = $1`,
        [name],
      );
      return rows.filter(({ ended }) => ended).length;
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}

/** The address of the store under which its connections can be told from those of others. */
export function named(url: string): string {
  if (url === "") return "";
  const own = new URL(url);
  own.searchParams.set("application_name", `haversack-chaos-${process.pid}`);
  return own.href;
}
