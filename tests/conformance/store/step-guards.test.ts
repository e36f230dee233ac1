/** Every (phase, event), tried on a row: what the table of moves does not have, no statement does. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { StepPhase } from "@haversack/protocol";
import { expect, test } from "vitest";
import { type StepEvent, stepAfter, stepMoves } from "../../../packages/coordinator/src/runs/step-moves.ts";
import { migratePostgres } from "../../../packages/coordinator/src/store/postgres-migrate.ts";
import { preparedText } from "../../../packages/coordinator/src/store/postgres-text.ts";
import { openSqlite } from "../../../packages/coordinator/src/store/sqlite-database.ts";
import type {
  BulkStatement,
  SqlValue,
  Statement,
} from "../../../packages/coordinator/src/store/statement.ts";
import { itemsCancelIdle, itemsRelease } from "../../../packages/coordinator/src/store/statements/item.ts";
import {
  groupEnd,
  groupRefuse,
  groupStart,
} from "../../../packages/coordinator/src/store/statements/item-group.ts";
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
  /** Of a row that has had so many attempts; 1 when left out. */
  readonly attempts?: number;
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

const endGroup = (event: StepEvent): Move => ({
  event,
  single: groupEnd,
  args: [1, 0, event, 9, null, "{}"],
  attempts: 0,
});

/** Whoever adds a statement that moves a step adds it here, with the event that it stands for. */
const moves: readonly Move[] = [
  settle("released", "ready"),
  settle("skipped", "skipped"),
  settle("blocked", "blocked"),
  { event: "released", single: itemsRelease, args: [1, 0, 5, 9] },
  { event: "opened", single: groupStart, args: [1, 0, 9] },
  { event: "failed", single: groupRefuse, args: [1, 0, 9, null] },
  { event: "claimed", bulk: stepsClaim, args: [1, 0, "w", "b", "g", 99, 9, 0] },
  { event: "started", bulk: stepsStart, args: [1, 0, 1, "g", "w", 9] },
  requeue("returned"),
  requeue("retried"),
  requeue("lost"),
  end("succeeded"),
  end("failed"),
  end("cancelled"),
  { event: "cancelled", single: stepsCancelIdle, args: [1, 9] },
  { event: "cancelled", single: itemsCancelIdle, args: [1, 0, 5, 9] },
  endGroup("succeeded"),
  endGroup("failed"),
  endGroup("cancelled"),
];

const parents = `insert into dag values ('d', 'd', '{}', '');
  insert into run (no, id, dag_digest, dag_name, status, params, body_digest, created_at, unfinished)
    values (1, 'r', 'd', 'd', 'running', '{}', '', 0, 1);`;
const rowIn = (phase: StepPhase, attempts = 1): string => `delete from step;
  insert into step (run, idx, step_id, kind, phase, waiting_for, labels, attempt, generation, worker_id, boot_id, lease_until)
    values (1, 0, 's', 'run', '${phase}', 0, '{}', ${attempts}, 'g', 'w', 'b', 50);`;

/** Does one thing to a step in this phase. @returns the phase that it then has */
type Try = (phase: StepPhase, move: Move) => Promise<string>;

async function tryAll(attempt: Try): Promise<void> {
  const phases = Object.keys(stepMoves) as StepPhase[];
  for (const phase of phases) {
    for (const event of new Set(moves.map((move) => move.event))) {
      const after = stepAfter(phase, event);
      const found: string[] = [];
      for (const move of moves.filter((each) => each.event === event)) found.push(await attempt(phase, move));
      // A statement for the event does it, and none does anything else.
      const changed = [...new Set(found.filter((each) => each !== phase))];
      expect([phase, event, changed]).toEqual([phase, event, after === undefined ? [] : [after]]);
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
  await tryAll(async (phase, { bulk, single, args, attempts }) => {
    db.exec(rowIn(phase, attempts));
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
    await tryAll(async (phase, { bulk, single, args, attempts }) => {
      await schema.query(rowIn(phase, attempts));
      if (bulk !== undefined)
        await schema.query(
          bulk.postgres,
          args.map((arg) => [arg]),
        );
      else if (single !== undefined) await schema.query(preparedText(single).text, [...args]);
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
