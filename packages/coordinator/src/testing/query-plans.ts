/** How SQLite answers a statement, on a database with all migrations. */

import { join } from "node:path";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { openSqlite } from "../store/sqlite-database.ts";
import type { Statement } from "../store/statement.ts";

export async function queryPlans() {
  const folder = await tempFolder();
  const migrations = join(import.meta.dirname, "../store/migrations/sqlite");
  const db = openSqlite({ file: join(folder.path, "plans.db"), migrations });
  return {
    /** A line a table. */
    of: ({ sqlite }: Pick<Statement, "sqlite">): string[] =>
      db
        .prepare(`explain query plan ${sqlite}`)
        .all()
        .map((row) => String(row["detail"])),
    async [Symbol.asyncDispose]() {
      db.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
