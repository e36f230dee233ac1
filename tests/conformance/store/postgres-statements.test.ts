/** The texts that verbs send to PostgreSQL: each is understood, and none reads a whole index to find one row. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { preparedText } from "../../../packages/coordinator/src/store/postgres-text.ts";
import { openSqlite } from "../../../packages/coordinator/src/store/sqlite-database.ts";
import type { BulkStatement, Statement } from "../../../packages/coordinator/src/store/statement.ts";
import * as attempts from "../../../packages/coordinator/src/store/statements/attempt.ts";
import * as outcomes from "../../../packages/coordinator/src/store/statements/outcome.ts";
import { sessionSetup } from "../../../packages/coordinator/src/store/statements/postgres-server.ts";
import * as steps from "../../../packages/coordinator/src/store/statements/step.ts";
import { withPostgres } from "../../support/postgres.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { fill, migrated } from "./postgres-fill.ts";

const folder = join(import.meta.dirname, "../../../packages/coordinator/src/store/statements");

const isStatement = (value: unknown): value is Statement =>
  typeof value === "object" && value !== null && "sqlite" in value;

async function allStatements(): Promise<[name: string, statement: Statement][]> {
  const found: [string, Statement][] = [];
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".test.ts") || /^(?:postgres|sqlite)-/.test(file)) continue;
    const exports = (await import(join(folder, file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exports)) {
      for (const [index, each] of [value].flat().entries()) {
        if (isStatement(each)) found.push([`${file} ${name} ${index}`, each]);
      }
    }
  }
  return found;
}

const sqliteColumns = `select m.name || '.' || c.name as name from sqlite_schema m, pragma_table_info(m.name) c
                       where m.type = 'table' and m.name not like 'sqlite_%' order by 1`;
const postgresColumns = `select table_name || '.' || column_name as name from information_schema.columns
                         where table_schema = current_schema()
                           and table_name not in ('memory_writer', 'store_life', 'log_migration')`;

withPostgres("statements on PostgreSQL", () => {
  test("the tables have the columns of the embedded engine, so no migration was forgotten", async () => {
    await using schema = await migrated();
    await using temp = await tempFolder();
    const expected = ["sqlite", "sqlite-logs"].flatMap((name) => {
      const migrations = join(folder, "../migrations", name);
      const db = openSqlite({ file: join(temp.path, `${name}.db`), migrations });
      const names = db
        .prepare(sqliteColumns)
        .all()
        .map((row) => String(row["name"]));
      db.close();
      return names;
    });
    const found = (await schema.query(postgresColumns)).map(({ name }) => String(name));
    expect(found.toSorted()).toEqual([...new Set(expected)].toSorted());
  });

  test("every one is understood", async () => {
    await using schema = await migrated();
    const statements = await allStatements();
    expect(statements.length).toBeGreaterThan(60);
    const refused: string[] = [];
    for (const [index, [name, statement]] of statements.entries()) {
      const prepare = schema.query(`prepare s${index} as ${preparedText(statement).text}`);
      await prepare.catch((error: Error) => refused.push(`${name}: ${error.message}`));
    }
    expect(refused).toEqual([]);
  });

  test("one row is found by its key, also when the statistics say that no attempt is live", async () => {
    await using schema = await migrated();
    await schema.query(fill);
    // Of ten rows at once.
    const many = "array[7,7,7,7,7,7,7,7,7,7]";
    const from = (first: number) => `array[${Array.from({ length: 10 }, (_, at) => first + at).join()}]`;
    const all = (value: string) => `array_fill(${value}, array[10])`;
    const [live, ready, waiting] = [
      `${many}, ${from(150)}`,
      `${many}, ${from(250)}`,
      `${many}, ${from(350)}`,
    ];
    const fence = `${all("1")}, ${all("'1-0'::text")}, ${all("'w'::text")}`;
    const none = all("null::text");
    const byKey: readonly (readonly [BulkStatement, string])[] = [
      [attempts.attemptsNewest, live],
      [attempts.leasesRenew, `${live}, ${fence}, ${all("5")}, ${all("'b'::text")}`],
      [steps.stepsStart, `${live}, ${fence}, ${all("5")}`],
      [
        steps.stepsEnd,
        `${live}, ${all("1")}, ${all("'failed'::text")}, ${all("5")}, ${none}, ${all("1")}, ${all("'{}'::text")}, ${none}, ${all("5")}`,
      ],
      [
        steps.stepsRequeue,
        `${live}, ${all("1")}, ${all("5")}, ${all("0")}, ${all("1")}, ${none}, ${all("null::integer")}`,
      ],
      [
        steps.stepsClaim,
        `${ready}, ${all("'w'::text")}, ${all("'b'::text")}, ${all("'1-0'::text")}, ${all("9")}, ${all("5")}, ${all("0")}, ${all("null::bigint")}`,
      ],
      [steps.stepsPackName, `${ready}, ${all("'sha256:0'::text")}`],
      [outcomes.stepsDependencyEnded, `${waiting}, ${all("1")}, ${all("0")}, ${all("0")}, ${all("0")}`],
      [outcomes.stepsSettle, `${waiting}, ${all("'ready'::text")}, ${all("5")}`],
    ];
    await schema.query(sessionSetup);
    for (const [index, [statement, params]] of byKey.entries()) {
      await schema.query(`prepare k${index} as ${preparedText(statement).text}`);
      const rows = await schema.query(
        `explain (analyze, buffers, format text) execute k${index} (${params})`,
      );
      const plan =
        rows
          .map((row) => String(row["QUERY PLAN"]))
          .join("\n")
          .split("Planning:")[0] ?? "";
      const pages = [...plan.matchAll(/shared hit=(\d+)/g)].map(([, hit]) => Number(hit));
      expect([plan, pages.filter((hit) => hit > 600)]).toEqual([plan, []]);
      expect(plan).not.toMatch(/Seq Scan|step_live|step_ready/);
      expect(plan).toMatch(/rows=10\b/);
    }
  });
});
