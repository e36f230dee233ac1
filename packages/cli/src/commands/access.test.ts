import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import type { ApiToken, AuditEntry, AuditFilter, HaversackClient, TokenRequest } from "@haversack/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "haversack-token-"));
  folders.push(folder);
  writeFileSync(join(folder, "a.token"), text);
  return join(folder, "a.token");
}

async function haversack(args: readonly string[], client: Partial<HaversackClient> = {}) {
  const outside = fakeOutside({ env: { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" } });
  const tokens: string[] = [];
  const code = await runProgram(args, outside, ({ token }) => {
    tokens.push(token);
    return fakeClient(client);
  });
  return { code, tokens, ...outside.written };
}

const createdAt = Date.UTC(2026, 0, 31);
const token: ApiToken = {
  id: "0a1b2c3d4e5f",
  name: "alice",
  role: "operator",
  createdAt,
  createdBy: "admin",
  expiresAt: Date.UTC(2999, 0, 1),
};

describe("haversack token", () => {
  test("create prints the token alone, and all about it beside", async () => {
    const asked: TokenRequest[] = [];
    const createToken: HaversackClient["createToken"] = async (request) => {
      asked.push(request);
      return { token, secret: "hv1_secret" };
    };
    const line = ["token", "create", "--role", "operator", "--name", "alice"];
    const plain = await haversack([...line, "--expires", "30d"], { createToken });
    expect([plain.code, plain.out]).toEqual([exitCodes.ok, "hv1_secret\n"]);
    expect(plain.err).toContain("operator token 0a1b2c3d4e5f of alice");
    const json = JSON.parse((await haversack([...line, "--json"], { createToken })).out) as object;
    expect(json).toMatchObject({ id: token.id, secret: "hv1_secret", createdAt: "2026-01-31T00:00:00.000Z" });
    expect(asked.map(({ lifetimeSeconds }) => lifetimeSeconds)).toEqual([30 * 86_400, 0]);
  });

  test("create asks for a role that there is, a name, and a time that is one", async () => {
    for (const args of [
      ["--role", "root", "--name", "a"],
      ["--role", "viewer"],
      ["--name", "a"],
      ["--role", "viewer", "--name", "a", "--expires", "soon"],
      ["--role", "viewer", "--name", "a", "--expires", "0s"],
      ["--role", "join", "--name", "a"],
    ]) {
      expect((await haversack(["token", "create", ...args])).code).toBe(exitCodes.invalid);
    }
  });

  test("list shows which are valid, over all pages, and never a control character", async () => {
    const revoked = { ...token, id: "b", name: "x\u001b[31m", revokedAt: createdAt };
    const expired = { ...token, id: "c", expiresAt: createdAt, lastUsedAt: createdAt };
    const client: Partial<HaversackClient> = {
      tokens: async ({ pageToken }) =>
        pageToken === ""
          ? { tokens: [token, revoked], nextPageToken: "2" }
          : { tokens: [expired], nextPageToken: "" },
    };
    const { out } = await haversack(["token", "list"], client);
    expect(out).toMatch(/0a1b2c3d4e5f +operator +valid .* never +admin +alice\n/);
    expect(out).toMatch(/\nb +operator +revoked /);
    expect(out).toMatch(/\nc +operator +expired /);
    expect(out).not.toContain("\u001b");
    const json = JSON.parse((await haversack(["token", "list", "--json"], client)).out) as {
      tokens: object[];
    };
    expect(json.tokens.map((each) => "state" in each && each.state)).toEqual(["valid", "revoked", "expired"]);
  });

  test("revoke tells whether it was valid", async () => {
    const revokeToken = async (id: string) => id === "a";
    expect((await haversack(["token", "revoke", "a"], { revokeToken })).out).toBe("token a is revoked\n");
    expect((await haversack(["token", "revoke", "b"], { revokeToken })).out).toBe(
      "token b was revoked before\n",
    );
  });
});

describe("--token-file", () => {
  const runs: HaversackClient["runs"] = async () => ({ runs: [], nextPageToken: "" });

  test("is read before anything is asked, by every command that connects", async () => {
    const file = fileWith("hv1_from_file\n");
    const { code, tokens } = await haversack(["runs", "--token-file", file], { runs });
    expect([code, tokens]).toEqual([exitCodes.ok, ["hv1_from_file"]]);
  });

  test("that is not there, is empty, or stands beside a token is refused", async () => {
    const missing = await haversack(["runs", "--token-file", "/nowhere/a.token"], { runs });
    expect([missing.code, missing.err]).toEqual([exitCodes.invalid, expect.stringContaining("is not there")]);
    const empty = await haversack(["runs", "--token-file", fileWith(" \n")], { runs });
    expect([empty.code, empty.err]).toEqual([exitCodes.invalid, expect.stringContaining("is empty")]);
    const both = await haversack(["runs", "--token", "x", "--token-file", fileWith("y")], { runs });
    expect([both.code, both.tokens]).toEqual([exitCodes.invalid, []]);
  });
});

describe("haversack audit", () => {
  const entry: AuditEntry = {
    no: 7,
    at: createdAt,
    caller: { kind: "token", id: "a", role: "operator", name: "alice" },
    method: "haversack.v1.RunService/Cancel",
    target: "run-1",
    peer: "10.0.0.9",
    outcome: "ok",
    times: 1,
    hash: "ab",
  };

  test("list asks for what was asked, and shows the newest last", async () => {
    const asked: AuditFilter[] = [];
    const refused = {
      ...entry,
      no: 8,
      outcome: "permission_denied",
      times: 12,
      caller: { ...entry.caller, name: "" },
    };
    const audit: HaversackClient["audit"] = async (filter) => {
      asked.push(filter);
      return { entries: [refused, entry], nextPageToken: "" };
    };
    const line = ["audit", "list", "--who", "alice", "--since", "2026-01-31", "-n", "5"];
    const { out } = await haversack(line, { audit });
    expect(asked).toEqual([{ pageSize: 5, pageToken: "", who: "alice", since: createdAt }]);
    expect(out).toMatch(
      /\n7 .* alice +operator +ok +RunService\/Cancel +run-1 +10\.0\.0\.9\n8 .* nobody .* run-1 \(12 times\)/,
    );
    const json = JSON.parse((await haversack(["audit", "list", "--json"], { audit })).out) as {
      entries: object[];
    };
    expect(json.entries[1]).toEqual({ ...entry, at: "2026-01-31T00:00:00.000Z" });
  });

  test("verify ends with 2 when the chain is broken", async () => {
    const found = { count: 3, first: 1, last: 3, hash: "cd" };
    const intact = await haversack(["audit", "verify"], { verifyAudit: async () => found });
    expect([intact.code, intact.out]).toEqual([
      exitCodes.ok,
      "3 rows, 1 to 3, are one chain that ends with\ncd\n",
    ]);
    const broken = { ...found, broken: { no: 2, problem: "row 2 was changed" } };
    const told = await haversack(["audit", "verify"], { verifyAudit: async () => broken });
    expect([told.code, told.out]).toEqual([exitCodes.invalid, "broken at row 2: row 2 was changed\n"]);
  });

  test("cut says how many went, and asks for an age", async () => {
    const cutAudit = async () => 3;
    const { out } = await haversack(["audit", "cut", "--older-than", "400d"], { cutAudit });
    expect(out).toBe("3 entries were removed\n");
    expect((await haversack(["audit", "cut"], { cutAudit })).code).toBe(exitCodes.invalid);
  });

  test("what a role may not is told", async () => {
    const audit = () =>
      Promise.reject(new FaultError("denied", "permissiondenied", "it needs the role admin"));
    const { code, err } = await haversack(["audit", "list"], { audit });
    expect([code, err]).toEqual([exitCodes.denied, expect.stringContaining("it needs the role admin")]);
  });
});
