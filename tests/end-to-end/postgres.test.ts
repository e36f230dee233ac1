/** Coordinators on one PostgreSQL: what they share, and which of them leads. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { Fleet, haversack } from "../support/fleet.ts";
import { type TempSchema, tempSchema, withPostgres } from "../support/postgres.ts";
import { tempFolder } from "../support/temp-folder.ts";

const dag = `
name: one
steps: [{ id: a, run: "echo last" }]
`;

async function fleetOn(schema: TempSchema, blobs: string): Promise<Fleet> {
  return await Fleet.start({ leaseTtl: "3s", blobs, env: { HAVERSACK_STORE: schema.url } });
}

withPostgres("two coordinators on one PostgreSQL, end to end", () => {
  test("the one tells what the other took in; one with artifacts of its own does not start", async () => {
    await using schema = await tempSchema();
    await using blobs = await tempFolder();
    await using first = await fleetOn(schema, blobs.path);
    await using second = await fleetOn(schema, blobs.path);
    await second.startWorker("w");
    const { id } = await first.submit(dag);
    expect((await first.finished(id)).run.status).toBe("succeeded");
    expect(await first.log(id, "a")).toBe("last\n");
    const data = join(blobs.path, "elsewhere");
    const args = ["coordinator", "--data", data, "--listen", "127.0.0.1:0", "--store", schema.url];
    const third = await haversack(args);
    expect([third.code, third.stderr]).toEqual([7, expect.stringContaining(join(data, "blobs"))]);
  });

  test("one leads; when it is killed, the other does", async () => {
    await using schema = await tempSchema();
    await using blobs = await tempFolder();
    await using first = await fleetOn(schema, blobs.path);
    await first.coordinator?.line(/"term":1.*this coordinator leads/);
    await using second = await fleetOn(schema, blobs.path);
    await first.killCoordinator();
    await second.coordinator?.line(/"term":2.*this coordinator leads/);
    // Stopped in good order, it gives the lead back at once.
    const restarted = await first.startCoordinator();
    await second.coordinator?.kill("SIGTERM");
    await restarted.line(/"term":3.*this coordinator leads/);
  });

  test("the password is in no log, and a coordinator says which database it uses", async () => {
    await using schema = await tempSchema();
    const url = new URL(schema.url);
    url.password = "secret-word";
    const fleet = await Fleet.start({ env: { HAVERSACK_STORE: url.href, HAVERSACK_LOG: "debug" } });
    const program = fleet.coordinator;
    await fleet[Symbol.asyncDispose]();
    const { stdout, stderr } = (await program?.ended) ?? { stdout: "", stderr: "" };
    expect(stderr).toContain(`postgres://${url.username}@${url.host}`);
    expect(stdout + stderr).not.toContain("secret-word");
  });
});
