/** What becomes of calls when the way to the database breaks, and what a database must be like to be used at all. */

import { type FaultError, messageOf } from "@haversack/base";
import { expect, test } from "vitest";
import { migratePostgres } from "../../../packages/coordinator/src/store/postgres-migrate.ts";
import {
  openPostgresLogStore,
  openPostgresStore,
} from "../../../packages/coordinator/src/store/postgres-store.ts";
import { type Cut, cutProxy } from "../../support/cut-proxy.ts";
import { silentPorts as ports, tempSchema, withPostgres } from "../../support/postgres.ts";
import { dag, step, World } from "./store-world.ts";

const refusal = async (work: Promise<unknown>): Promise<FaultError> =>
  await work.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: FaultError) => error,
  );

withPostgres("PostgreSQL that goes away", () => {
  test("inside a commit: what was done counts once and is answered, what was not is done again (R3)", async () => {
    await using schema = await tempSchema();
    await using proxy = await cutProxy(schema.url);
    await using store = await openPostgresStore({ url: proxy.url, ports });
    const world = new World(store);
    const worker = world.worker("w");
    const ways: readonly Cut[] = ["before the answer", "before the server hears"];
    for (let round = 0; round < 20; round++) {
      proxy.cuts.push(ways[round % 2] ?? "before the answer");
      // Without a key: only the store can know that it has done it.
      const run = await world.submit(dag(step("a")));
      proxy.cuts.push(ways[(round + 1) % 2] ?? "before the answer");
      const ref = await worker.claim(run, "a");
      expect(ref.attempt).toBe(1);
      proxy.cuts.push(ways[round % 2] ?? "before the answer");
      expect(await worker.finish(ref)).toBe(undefined);
      expect(await world.phases(run)).toBe("succeeded: a=succeeded");
    }
    expect(proxy.bitten).toBe(60);
    expect(await store.read.runsCount()).toBe(20);
  });

  test("for a moment: calls wait and are done, and wake-ups are heard again", async () => {
    await using schema = await tempSchema();
    await using proxy = await cutProxy(schema.url);
    await using store = await openPostgresStore({ url: proxy.url, ports });
    await using other = await openPostgresStore({ url: schema.url, ports });
    const world = new World(store);
    const again = Promise.withResolvers<void>();
    proxy.cutAll();
    const [run, count] = await Promise.all([world.submit(dag(step("a"))), store.read.runsCount()]);
    expect(count).toBeLessThanOrEqual(1);
    expect(await world.phases(run)).toBe("queued: a=ready");
    // The listener dials by itself; whatever it missed, it rings once it is back.
    store.listen({ runs: () => {}, ready: again.resolve });
    await new World(other).submit(dag(step("b")));
    await again.promise;
  });

  test("for good: calls are refused, and the store has died", async () => {
    await using schema = await tempSchema();
    await using proxy = await cutProxy(schema.url);
    await using store = await openPostgresStore({ url: proxy.url, ports, comeBackMs: 300 });
    proxy.close();
    const error = await refusal(store.read.runsCount());
    expect([error.fault, error.code]).toEqual(["unavailable", "database_unusable"]);
    expect(await store.died).toBe(error);
    expect((await refusal(store.read.runsCount())).fault).toBe("unavailable");
  });

  test("and comes back as another server: the store has died, and the next one has a new generation (P10)", async () => {
    await using schema = await tempSchema();
    await using proxy = await cutProxy(schema.url);
    const before = await openPostgresStore({ url: proxy.url, ports });
    expect(before.generation).toMatch(/^1-/);
    await before[Symbol.asyncDispose]();
    // As a dump that was put back into another cluster would say.
    await schema.query("update store_life set cluster = 'other/1'");
    await using after = await openPostgresStore({ url: proxy.url, ports });
    expect(after.generation).toMatch(/^2-/);
    await using same = await openPostgresStore({ url: proxy.url, ports });
    expect(same.generation).toBe(after.generation);
  });
});

withPostgres("a PostgreSQL that cannot be used", () => {
  test("is refused with its address and without its password", async () => {
    const url = "postgres://somebody:secret-word@127.0.0.1:1/nowhere";
    const error = await refusal(openPostgresStore({ url, ports }));
    expect(error.message).toContain("postgres://somebody@127.0.0.1:1/nowhere");
    expect(`${error.message} ${messageOf(error.cause)}`).not.toContain("secret-word");
  });

  test("has a newer schema: refused by name, and left as it was", async () => {
    await using schema = await tempSchema();
    await (await openPostgresStore({ url: schema.url, ports }))[Symbol.asyncDispose]();
    await schema.query("insert into migration (version, name) values (9999, 'later')");
    const error = await refusal(openPostgresStore({ url: schema.url, ports }));
    expect([error.fault, error.code]).toEqual(["conflict", "newer_schema"]);
    expect(error.message).toContain("has schema 9999");
  });

  test("a migration that fails leaves what was there before, and can be done again (B2)", async () => {
    await using schema = await tempSchema();
    const good = {
      version: 1,
      name: "good",
      sql: "create table one (id integer); create table two (id integer)",
    };
    const bad = { version: 2, name: "bad", sql: "create table three (id integer); select 1 / 0" };
    await expect(migratePostgres(schema.url, "postgres-logs", [good, bad])).rejects.toThrow(
      "division by zero",
    );
    const tables = await schema.query(
      "select table_name as name from information_schema.tables where table_schema = current_schema() order by 1",
    );
    expect(tables.map(({ name }) => name)).toEqual(["log_migration", "one", "two"]);
    const mended = { ...bad, sql: "create table three (id integer)" };
    expect((await migratePostgres(schema.url, "postgres-logs", [good, mended])).applied).toBe(1);
  });

  test("terminal phases absorb, whatever the code does (L3)", async () => {
    await using schema = await tempSchema();
    await using store = await openPostgresStore({ url: schema.url, ports });
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(dag(step("a")));
    await worker.finish(await worker.claim(run, "a"));
    await expect(schema.query("update step set phase = 'ready'")).rejects.toThrow(
      "a step that has ended does not change",
    );
    await expect(schema.query("update run set status = 'running'")).rejects.toThrow(
      "a run that has ended does not change",
    );
    await expect(schema.query("delete from run")).rejects.toThrow("a run is forgotten before it is deleted");
  });
});

withPostgres("logs on PostgreSQL", () => {
  test("two coordinators write a run's logs: no gap, no repetition, and no position comes after a later one (G1)", async () => {
    await using schema = await tempSchema();
    await using one = await openPostgresLogStore({ url: schema.url, ports });
    await using other = await openPostgresLogStore({ url: schema.url, ports });
    const world = { runId: "01a1fd9b-cfc2-737e-9ac4-81638674feab" };
    const pieces = 40;
    const chunk = (stepId: string, offset: number) => {
      const ref = { ...world, stepId, attempt: 1, generation: "1-0" } as never;
      return { ref, stream: "stdout", offset, data: Buffer.from("0123456789") } as const;
    };
    const seen: number[] = [];
    const follow = async (): Promise<void> => {
      while (seen.length < 2 * pieces) {
        const after = seen.at(-1) ?? 0;
        const page = await other.read.logsRead({ ...world, stepId: "", after, limit: 7 } as never);
        seen.push(...page.map(({ position }) => position));
      }
    };
    const write = async (store: typeof one, stepId: string): Promise<void> => {
      for (let index = 0; index < pieces; index++) {
        const [ack] = await store.write.logsAppend({ chunks: [chunk(stepId, index * 10), chunk(stepId, 0)] });
        expect(ack?.nextOffset).toBe((index + 1) * 10);
      }
    };
    await Promise.all([write(one, "a"), write(other, "b"), follow()]);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    const [gap] = await one.write.logsAppend({ chunks: [chunk("a", 10_000)] });
    expect(gap?.nextOffset).toBe(pieces * 10);
    expect(await one.write.logsErase({ runIds: [world.runId as never], limit: 1000 })).toBe(2 * pieces);
  });
});
