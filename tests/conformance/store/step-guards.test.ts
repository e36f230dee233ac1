/** Every (phase, event), tried on a row: what the table of moves does not have, no statement does. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { StepPhase } from "@haversack/protocol";
import { expect, test } from "vitest";
import { type StepEvent, stepAfter, stepMoves } from "../../../packages/coordinator/src/runs/step-moves.ts";
import { migratePostgres } from "../../../packages/coordinator/src/store/postgres-migrate.ts";
import { openSqlite } from "../../../packages/coordinator/src/store/sqlite-database.ts";
import type {
  BulkStatement,
  SqlValue,
  Statement,
} from "../../../packages/coordinator/src/store/statement.ts";
import { stepsSettle } from "../../../packages/coordinator/src/store/statements/outcome.ts";
import {
  stepsCancelIdle,
  stepsClaim,
  stepsEnd,
  stepsRequeue,
  stepsStart,
} from "../../../packages/coordinator/src/store/statements/step.ts";
import { tempSchema, withPostgres } from "../../support/postgres.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const coordinator = join(import.meta.dirname, "../../../packages/coordinator/src/store");

interface Move {
  readonly event: StepEvent;
  readonly args: readonly SqlValue[];
  /** For many rows at once where it is a round trip; else it finds its rows itself. */
  readonly bulk?: BulkStatement;
  readonly single?: Statement;
}

const end = (event: StepEvent): Move => ({
  event,
  bulk: stepsEnd,
  args: [1, 0, 1, event, 9, null, null, "{}", null],
});
const requeue = (event: StepEvent): Move => ({
  event,
  bulk: stepsRequeue,
  args: [1, 0, 1, 0, 0, 0, null, null],
});
const settle = (event: StepEvent, phase: StepPhase): Move => ({
  event,
  bulk: stepsSettle,
  args: [1, 0, phase, 9],
});

/** Whoever adds a statement that moves a step adds it here, with the event that it stands for. */
const moves: readonly Move[] = [
  settle("released", "ready"),
  settle("skipped", "skipped"),
  settle("blocked", "blocked"),
  { event: "claimed", bulk: stepsClaim, args: [1, 0, "w", "b", "g", 99, 9, 0] },
  { event: "started", bulk: stepsStart, args: [1, 0, 1, "g", "w", 9] },
  requeue("returned"),
  requeue("retried"),
  requeue("lost"),
  end("succeeded"),
  end("failed"),
  end("cancelled"),
  { event: "cancelled", single: stepsCancelIdle, args: [1, 9] },
];

const parents = `insert into dag values ('d', 'd', '{}', '');
  insert into run (no, id, dag_digest, dag_name, status, params, body_digest, created_at, unfinished)
    values (1, 'r', 'd', 'd', 'running', '{}', '', 0, 1);`;
const rowIn = (phase: StepPhase): string => `delete from step;
  insert into step (run, idx, step_id, kind, phase, waiting_for, labels, attempt, generation, worker_id, boot_id, lease_until)
    values (1, 0, 's', 'run', '${phase}', 0, '{}', 1, 'g', 'w', 'b', 50);`;

/** Does one thing to a step in this phase. @returns the phase that it then has */
type Try = (phase: StepPhase, move: Move) => Promise<string>;

async function tryAll(attempt: Try): Promise<void> {
  const phases = Object.keys(stepMoves) as StepPhase[];
  for (const phase of phases) {
    for (const event of new Set(moves.map((move) => move.event))) {
      const after = stepAfter(phase, event);
      const found: string[] = [];
      for (const move of moves.filter((each) => each.event === event)) found.push(await attempt(phase, move));
      // One of the statements for the event does it, and no other one does anything.
      const expected = after === undefined ? [] : [after];
      expect([phase, event, found.filter((each) => each !== phase)]).toEqual([phase, event, expected]);
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
  await tryAll(async (phase, { bulk, single, args }) => {
    db.exec(rowIn(phase));
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
    await tryAll(async (phase, { bulk, single, args }) => {
      await schema.query(rowIn(phase));
      if (bulk !== undefined)
        await schema.query(
          bulk.postgres,
          args.map((arg) => [arg]),
        );
      else await schema.query(single?.postgres ?? "", [...args]);
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
