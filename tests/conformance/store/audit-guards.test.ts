/** Whoever gets at the database past the coordinator: it refuses, and where it is made not to, the chain tells. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openPostgresStore } from "../../../packages/coordinator/src/store/postgres-store.ts";
import { openSqliteStore } from "../../../packages/coordinator/src/store/sqlite-store.ts";
import type { Store } from "../../../packages/coordinator/src/store/store.ts";
import { silentPorts, tempSchema, withPostgres } from "../../support/postgres.ts";
import { twoOnPostgres } from "../../support/postgres-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { followed, record } from "./describe-access.ts";

type Sql = (text: string) => Promise<unknown>;

const append = async (store: Store, count: number) =>
  await store.write.auditAppend({ records: Array.from({ length: count }, (_, at) => record(at + 1)) });

function describeGuards(
  name: string,
  open: () => Promise<{ store: Store; sql: Sql } & AsyncDisposable>,
): void {
  describe(`${name}: the audit log`, () => {
    test.each(["update audit set outcome = 'ok'", "delete from audit", "delete from audit where no = 3"])(
      "refuses: %s",
      async (text) => {
        await using world = await open();
        await append(world.store, 3);
        await expect(world.sql(text)).rejects.toThrow("the audit log is only added to");
        expect((await followed(world.store)).rows).toHaveLength(3);
      },
    );

    test.each([
      ["update audit set target = 'other' where no = 2", "row 2 was changed"],
      ["update audit set hash_before = '' where no = 2", "row 2 was changed"],
      ["delete from audit where no = 2", "row 2 is missing"],
      ["delete from audit where no = 1", "row 1 is missing"],
      ["delete from audit where no = 4", "the end is not the last row"],
    ])("without its guards: %s is seen", async (text, problem) => {
      await using world = await open();
      await append(world.store, 4);
      const on = name === "postgres" ? " on audit" : "";
      await world.sql(`drop trigger audit_is_not_changed${on}`);
      await world.sql(`drop trigger audit_is_cut_from_its_beginning${on}`);
      await world.sql(text);
      expect((await followed(world.store)).problem).toContain(problem);
    });
  });
}

describeGuards("sqlite", async () => {
  const folder = await tempFolder();
  const store = await openSqliteStore(folder.path);
  const db = new DatabaseSync(join(folder.path, "haversack.db"));
  return {
    store,
    sql: async (text) => db.exec(text),
    async [Symbol.asyncDispose]() {
      db.close();
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});

withPostgres("postgres", () => {
  describeGuards("postgres", async () => {
    const schema = await tempSchema();
    const store = await openPostgresStore({ url: schema.url, ports: silentPorts });
    return {
      store,
      sql: (text) => schema.query(text),
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await schema[Symbol.asyncDispose]();
      },
    };
  });

  test("truncate is refused", async () => {
    await using schema = await tempSchema();
    const store = await openPostgresStore({ url: schema.url, ports: silentPorts });
    await append(store, 1);
    await expect(schema.query("truncate audit")).rejects.toThrow("the audit log is only added to");
    await store[Symbol.asyncDispose]();
  });

  test("two coordinators add to one chain, from its first row on", async () => {
    await using both = await twoOnPostgres((store) => store);
    const adding = Array.from({ length: 30 }, (_, at) =>
      append(at % 2 === 0 ? both.worlds[0] : both.worlds[1], 2),
    );
    await Promise.all(adding);
    const { rows, problem } = await followed(both.worlds[0]);
    expect([rows.length, problem]).toEqual([60, undefined]);
  });
});
