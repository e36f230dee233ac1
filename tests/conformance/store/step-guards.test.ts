/** Every (phase, event), tried on a row: what the table of moves does not have, no statement does. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { StepPhase } from "@haversack/protocol";
import { expect, test } from "vitest";
import { stepAfter, stepMoves } from "../../../packages/coordinator/src/runs/step-moves.ts";
import { migratePostgres } from "../../../packages/coordinator/src/store/postgres-migrate.ts";
import { preparedText } from "../../../packages/coordinator/src/store/postgres-text.ts";
import { openSqlite } from "../../../packages/coordinator/src/store/sqlite-database.ts";
import type { Statement } from "../../../packages/coordinator/src/store/statement.ts";
import { tempSchema, withPostgres } from "../../support/postgres.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { type Move, moves } from "./tried-moves.ts";

const coordinator = join(import.meta.dirname, "../../../packages/coordinator/src/store");

const parents = `insert into dag values ('d', 'd', '{}', '');
  insert into run (no, id, dag_digest, dag_name, status, params, body_digest, created_at, unfinished)
    values (1, 'r', 'd', 'd', 'running', '{}', '', 0, 1);`;
/** @param held by a worker; else it is one with items */
const rowIn = (phase: StepPhase, held: boolean): string => `delete from step;
  insert into step (run, idx, step_id, kind, phase, waiting_for, queue, attempt, generation, worker_id, boot_id, lease_until, due_at)
    values (1, 0, 's', 'run', '${phase}', 0, 1, ${held ? "1, 'g', 'w', 'b', 50" : "0, null, null, null, null"}, 7);`;

/** Does one thing to a step in this phase. @returns the phase that it then has */
type Try = (phase: StepPhase, held: boolean, move: Move) => Promise<string>;

async function tryAll(attempt: Try): Promise<void> {
  const phases = Object.keys(stepMoves) as StepPhase[];
  for (const phase of phases) {
    for (const event of new Set(moves.map((move) => move.event))) {
      const after = stepAfter(phase, event);
      const found: string[] = [];
      for (const move of moves.filter((each) => each.event === event)) {
        for (const held of [true, false]) found.push(await attempt(phase, held, move));
      }
      // Statements for the event do it, or nothing.
      const expected = after === undefined ? [] : [after];
      const moved = [...new Set(found.filter((each) => each !== phase))];
      expect([phase, event, moved]).toEqual([phase, event, expected]);
    }
  }
}

test("on the embedded engine", async () => {
  await using folder = await tempFolder();
  const db = openSqlite({
    file: join(folder.path, "a.db"),
    migrations: join(coordinator, "migrations/sqlite"),
  });
  db.exec(parents);
  await tryAll(async (phase, held, { bulk, single, args }) => {
    db.exec(rowIn(phase, held));
    db.prepare((bulk ?? single)?.sqlite ?? "").all(...args);
    return String(db.prepare("select phase from step").get()?.["phase"]);
  });
  db.close();
});

withPostgres("on PostgreSQL", () => {
  test("every (phase, event)", async () => {
    await using schema = await tempSchema();
    await migratePostgres(schema.url, "postgres");
    await schema.query(parents);
    await tryAll(async (phase, held, { bulk, single, args }) => {
      await schema.query(rowIn(phase, held));
      if (bulk !== undefined)
        await schema.query(
          bulk.postgres,
          args.map((arg) => [arg]),
        );
      else await schema.query(single === undefined ? "" : preparedText(single).text, [...args]);
      return String((await schema.query("select phase from step"))[0]?.["phase"]);
    });
  });
});

test("no statement moves a step but those that were tried", async () => {
  const tried = new Set(moves.map(({ bulk, single }) => (bulk ?? single)?.sqlite));
  const moving: string[] = [];
  for (const file of readdirSync(join(coordinator, "statements")).filter(
    (each) => !each.endsWith(".test.ts"),
  )) {
    const exports = (await import(join(coordinator, "statements", file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exports)) {
      const sql = (value as Partial<Statement>).sqlite ?? "";
      const [, set = ""] = /^\s*update step set ([^]*?)\bwhere\b/.exec(sql) ?? [];
      if (!/\bphase = /.test(set)) continue;
      moving.push(name);
      expect(tried, `${file}: ${name} moves a step: add it to the list of this test`).toContain(sql);
    }
  }
  expect(moving.length).toBeGreaterThan(5);
});
