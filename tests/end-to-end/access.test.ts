/** Tokens, roles, approvers and the audit log, as people meet them. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FaultError } from "@haversack/base";
import type { AuditEntry, HaversackClient } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AccessWorld, accessWorld, noSignal } from "../support/access.ts";

let world: AccessWorld;

beforeAll(async () => {
  world = await accessWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const canary = "c4n4ry-of-the-environment";
const dagOf = (name: string) => `
name: ${name}
params: { who: { type: string, default: you } }
steps:
  - { id: wait, run: "sleep 600", env: { TOKEN: ${canary}, OTHER: "\${{ params.who }}-${canary}" } }
`;

const submit = (client: HaversackClient, what: object) =>
  client.submit({ dag: "", fileName: "a.yaml", params: {}, idempotencyKey: "", ...what }, noSignal);

const all = { pageSize: 500, pageToken: "" };
const entriesOf = async (who: string): Promise<readonly AuditEntry[]> =>
  (await world.admin.audit({ ...all, who }, noSignal)).entries;
const told = (entries: readonly AuditEntry[]): string[] =>
  entries.map(({ method, outcome }) => `${method.replace(/^.*\//, "")} ${outcome}`).toReversed();

test("a token says whose it is and what for; one that may not read says so", async () => {
  const { secret } = await world.token("operator", "me");
  expect(await world.client(secret).whoAmI(noSignal)).toEqual({ name: "me", role: "operator" });
  expect(await world.admin.whoAmI(noSignal)).toEqual({ name: "admin", role: "admin" });
  await expect(world.client(world.workerToken).whoAmI(noSignal)).rejects.toMatchObject({ fault: "denied" });
});

describe("editing is not operating (AU-8, AU-9)", () => {
  test("an operator runs what is stored, and no text of their own, whatever stands beside it", async () => {
    const editor = world.client((await world.token("editor")).secret);
    const operator = world.client((await world.token("operator")).secret);
    await editor.putDag({ dag: dagOf("stored"), fileName: "a.yaml" }, noSignal);
    const denied = {
      fault: "denied",
      message: expect.stringContaining("it needs the role editor or a higher one"),
    };
    await expect(submit(operator, { dag: dagOf("own") })).rejects.toMatchObject(denied);
    await expect(submit(operator, { dag: dagOf("own"), dagName: "stored" })).rejects.toMatchObject(denied);
    await expect(operator.putDag({ dag: dagOf("stored"), fileName: "" }, noSignal)).rejects.toMatchObject(
      denied,
    );
    const { run } = await submit(operator, { dagName: "stored", params: { who: "me" } });
    expect(run.dagName).toBe("stored");
    await expect(submit(operator, { dagName: "stored", params: { other: 1 } })).rejects.toMatchObject({
      fault: "invalid",
    });
    // What is given beside the name of a stored DAG does not change it.
    const dotenv = { ".env": "TOKEN=other" };
    const again = await submit(operator, { dagName: "stored", dotenv });
    expect(again.run.dagDigest).toEqual(run.dagDigest);
    await expect(submit(operator, { dag: " " })).rejects.toMatchObject(denied);
    expect((await submit(editor, { dag: dagOf("own") })).run.dagName).toBe("own");
  });

  test("a viewer reads all about a run but the values of its environment", async () => {
    const { run } = await submit(world.admin, { dag: dagOf("secretive") });
    await world.admin.putDag({ dag: dagOf("secretive"), fileName: "a.yaml" }, noSignal);
    const viewer = world.client((await world.token("viewer")).secret);
    const seen: unknown[] = [
      await viewer.run(run.id, noSignal),
      await viewer.runs({}, noSignal),
      await viewer.dags(noSignal),
      await viewer.explain(run.id, "wait", noSignal),
      await viewer.schedules("", 5, noSignal),
      await viewer.workers(noSignal),
    ];
    await world.admin.cancel(run.id, noSignal);
    for await (const event of viewer.watch(run.id, 0, noSignal)) seen.push(event);
    for await (const piece of viewer.logs({ runId: run.id, follow: false }, noSignal)) seen.push(piece);
    expect(JSON.stringify(seen)).toContain(run.id);
    expect(JSON.stringify(seen)).not.toContain(canary);
    // The text of a DAG has them.
    await expect(viewer.dag("secretive", noSignal)).rejects.toMatchObject({ fault: "denied" });
    const operator = world.client((await world.token("operator")).secret);
    expect(JSON.stringify(await operator.dag("secretive", noSignal))).toContain(canary);
  });
});

describe("a token that is not valid any more (AU-10)", () => {
  test("is refused at once after it was revoked, and its streams end", async () => {
    const { run } = await submit(world.admin, { dag: dagOf("watched") });
    const { id, secret } = await world.token("viewer", "watcher");
    const client = world.client(secret);
    const ended = Promise.withResolvers<unknown>();
    const begun = Promise.withResolvers<void>();
    const watch = async () => {
      for await (const _ of client.watch(run.id, 0, noSignal)) begun.resolve();
    };
    watch().then(ended.resolve, ended.resolve);
    await begun.promise;
    expect(await world.admin.revokeToken(id, noSignal)).toBe(true);
    const refused = { fault: "denied", message: "the token was revoked: ask an admin for another one" };
    await expect(client.runs({}, noSignal)).rejects.toMatchObject(refused);
    expect(await ended.promise).toMatchObject(refused);
    expect(await world.admin.revokeToken(id, noSignal)).toBe(false);
    // Its refusals are known to be those of this token.
    expect(told(await entriesOf("watcher"))).toContain("List unauthenticated");
  });

  test("says why only to whoever has it whole", async () => {
    const { secret, id } = await world.token("admin", "short", 60);
    world.skip(60_000);
    const messageOf = async (token: string) =>
      await world
        .client(token)
        .runs({}, noSignal)
        .then(
          () => "let in",
          (error: unknown) => (error instanceof FaultError ? error.message : "no fault"),
        );
    expect(await messageOf(secret)).toMatch(/^the token expired at /);
    expect(await messageOf(secret.slice(0, -3))).toBe(
      "the token was cut or mistyped: its check sum does not fit",
    );
    // The right id with another secret is told the same as an id that never was.
    const { makeToken } = await import("../../packages/coordinator/src/auth/token-text.ts");
    const { crc32 } = await import("node:zlib");
    const stranger = makeToken().text;
    const body = `hv1_${id}_${stranger.split("_").slice(2, -1).join("_")}`;
    const forged = `${body}_${crc32(body).toString(16).padStart(8, "0")}`;
    expect(await messageOf(forged)).toBe("the token is not valid for this coordinator");
    expect(await messageOf(forged)).toBe(await messageOf(stranger));
  });

  test("nothing of a token but its hash is on the disk", async () => {
    const { secret } = await world.token("admin");
    const { readdir, readFile } = await import("node:fs/promises");
    const part = secret.split("_").slice(2).join("_");
    for (const name of await readdir(world.folder)) {
      const bytes = await readFile(join(world.folder, name)).catch(() => Buffer.alloc(0));
      expect([name, bytes.includes(part)]).toEqual([name, false]);
    }
  });
});

test("approvers of a human step are names of tokens; an admin may always answer, and it is recorded who did", async () => {
  const dag = `
name: asks
steps:
  - { id: ask, human: { prompt: "Ship it?", approvers: [release-owners, bob] } }
`;
  const answer = async (client: HaversackClient, runId: string) => {
    const { run } = await client.answer({ runId, stepId: "ask", decision: "approved", fields: {} }, noSignal);
    return run.steps[0]?.approval?.answer?.by;
  };
  const operator = async (name: string) => world.client((await world.token("operator", name)).secret);
  const first = (await submit(world.admin, { dag })).run.id;
  for (const name of ["alice", "Bob", "bo", "bob2", "release-owners2"]) {
    await expect(answer(await operator(name), first)).rejects.toMatchObject({
      fault: "denied",
      code: "not_approver",
      message: expect.stringContaining(
        `to be answered by release-owners, bob, or an admin; this token is that of ${name}`,
      ),
    });
  }
  expect(await answer(await operator("release-owners"), first)).toBe("release-owners");
  const second = (await submit(world.admin, { dag })).run.id;
  expect(await answer(world.admin, second)).toBe("admin");
});

describe("the audit log", () => {
  test("has what was done before it is answered, by whom and what about", async () => {
    const { secret, id } = await world.token("editor", "auditee");
    const client = world.client(secret);
    const { run } = await submit(client, { dag: dagOf("audited") });
    await client.runs({}, noSignal);
    await client.cancel(run.id, noSignal);
    await expect(client.cancel("no-such-run", noSignal)).rejects.toMatchObject({ fault: "missing" });
    const entries = await entriesOf("auditee");
    expect(told(entries)).toEqual(["Submit ok", "Cancel ok", "Cancel not_found"]);
    const caller = { kind: "token", id, role: "editor", name: "auditee" };
    expect(entries[2]).toMatchObject({ caller, target: run.id, times: 1, peer: "127.0.0.1" });
    expect(entries[1]).toMatchObject({ caller, target: run.id });
    expect(entries[0]).toMatchObject({ caller, target: "no-such-run" });
    expect((await world.admin.audit({ ...all, who: id }, noSignal)).entries).toEqual(entries);
    const made = (await entriesOf("admin")).find(({ target }) => target === `auditee ${id}`);
    expect(made).toMatchObject({ method: "haversack.v1.AccessService/CreateToken", outcome: "ok" });
  });

  test("has refusals, many alike as one", async () => {
    const viewer = world.client((await world.token("viewer", "curious")).secret);
    for (let count = 0; count < 20; count++)
      await expect(viewer.cancel("some-run", noSignal)).rejects.toMatchObject({ fault: "denied" });
    for (let count = 0; count < 20; count++)
      await expect(world.client(`guess${count}`).runs({}, noSignal)).rejects.toMatchObject({
        fault: "denied",
      });
    // Recorded behind the answer.
    await world.token("viewer");
    expect(told(await entriesOf("curious"))).toEqual(["Cancel permission_denied"]);
    const { entries } = await world.admin.audit(all, noSignal);
    const strangers = entries.filter(
      ({ outcome, caller }) => outcome === "unauthenticated" && caller.id === "",
    );
    expect(strangers.length).toBeGreaterThan(0);
    expect(strangers.length).toBeLessThan(3);
  });

  test("is listed in pages, and takes no text for anything but text (AU-12)", async () => {
    const whole = (await world.admin.audit(all, noSignal)).entries;
    const paged: AuditEntry[] = [];
    let pageToken = "";
    do {
      const page = await world.admin.audit({ pageSize: 7, pageToken }, noSignal);
      paged.push(...page.entries);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(paged).toEqual(whole);
    for (const bad of ["0", "-1", "1;drop table audit", "1 or 1=1", "../../x", "1e3", "%"]) {
      await expect(world.admin.audit({ pageSize: 1, pageToken: bad }, noSignal)).rejects.toMatchObject({
        code: "bad_page_token",
      });
      await expect(world.admin.tokens({ pageSize: 1, pageToken: bad }, noSignal)).rejects.toMatchObject({
        code: "bad_page_token",
      });
    }
    expect(await entriesOf("' or 1=1 --")).toEqual([]);
    expect(await entriesOf("*")).toEqual([]);
  });

  test("is one chain, and a row that somebody changed is found", async () => {
    const intact = await world.admin.verifyAudit(noSignal);
    expect(intact).toMatchObject({ first: 1, count: intact.last });
    expect(intact.broken).toBeUndefined();
    const db = new DatabaseSync(join(world.folder, "haversack.db"), { timeout: 5000 });
    expect(() => db.exec("update audit set caller_name = 'x' where no = 3")).toThrow("only added to");
    db.exec("drop trigger audit_is_not_changed; update audit set caller_name = 'x' where no = 3");
    db.close();
    expect((await world.admin.verifyAudit(noSignal)).broken).toEqual({
      no: 3,
      problem: "row 3 was changed: its hash is not that of what it says",
    });
  });
});
