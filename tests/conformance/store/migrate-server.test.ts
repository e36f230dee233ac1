import { expect, test } from "vitest";
import { migrateStore } from "../../../packages/coordinator/src/maintenance/migrate-store.ts";
import { tempSchema, withPostgres } from "../../support/postgres.ts";
import { ports, signal } from "./backup-world.ts";

withPostgres("migrating PostgreSQL by hand", () => {
  test("store migrate tells the schema of a server, and brings it to that of this version", async () => {
    await using schema = await tempSchema();
    const asked = { dataDir: "/nowhere", store: schema.url };
    const { databases } = await migrateStore({ ...asked, dryRun: true }, ports, signal);
    expect(databases.map(({ name, schema: version }) => [name, version])).toEqual([
      ["postgres", 0],
      ["postgres-logs", 0],
    ]);
    expect(databases[0]?.due.length).toBeGreaterThan(4);
    await migrateStore({ ...asked, dryRun: false }, ports, signal);
    const after = await migrateStore({ ...asked, dryRun: true }, ports, signal);
    expect(after.databases.flatMap(({ due }) => due)).toEqual([]);
    await schema.query("insert into migration values (9999, 'later')");
    await expect(migrateStore({ ...asked, dryRun: true }, ports, signal)).rejects.toMatchObject({
      code: "newer_schema",
    });
  });
});
