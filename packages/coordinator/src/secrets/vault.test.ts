import { chmod, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "@haversack/base";
import { parseGeneration, parseRunId, parseStepId, parseWorkerId } from "@haversack/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { attemptTokens } from "./attempt-tokens.ts";
import { withFolderLock } from "./folder-lock.ts";
import { Vault } from "./vault.ts";

let base: Awaited<ReturnType<typeof tempFolder>>;
let folder: string;
let vault: Vault;
const bytes = (text: string): Buffer => Buffer.from(text);
const open = (more: { keyFile?: string } = {}) =>
  new Vault({ folder, keyFile: undefined, ...more }, systemClock);
const set = (name: string, value: string, into = vault) =>
  into.set({ name, value: bytes(value), by: "admin" });
const value = async (name: string, from = vault) => (await from.open([name])).get(name);

beforeEach(async () => {
  base = await tempFolder();
  folder = join(base.path, "vault");
  vault = open();
});
afterEach(() => base[Symbol.asyncDispose]());

describe("a vault", () => {
  test("keeps values, and tells everything but them", async () => {
    expect(await vault.list()).toEqual([]);
    expect(await set("token", "c4nary-one")).toMatchObject({ name: "token", version: 1, setBy: "admin" });
    await set("other", "c4nary-two\n");
    expect(await set("token", "c4nary-three")).toMatchObject({ version: 2 });
    expect(await value("token")).toBe("c4nary-three");
    expect(await value("other", open())).toBe("c4nary-two\n");
    expect([...(await vault.names())]).toEqual(["other", "token"]);
    expect(JSON.stringify(await vault.list())).not.toContain("c4nary");
    await vault.remove("other");
    expect([...(await vault.names())]).toEqual(["token"]);
  });

  test("holds no value in the clear, and nobody else may read it", async () => {
    await set("token", "c4nary-one");
    const files = await readdir(folder);
    expect(files.toSorted()).toEqual(["token.secret", "vault.key"]);
    for (const file of files) {
      expect((await stat(join(folder, file))).mode & 0o077).toBe(0);
      expect(await readFile(join(folder, file), "latin1")).not.toMatch(/c4nary|YzRuYXJ5/);
    }
  });

  test.each([
    ["Token", "x", /lower-case/],
    ["../token", "x", /lower-case/],
    ["token", "", /empty/],
    ["token", "a\0b", /NUL/],
    ["token", "x".repeat(65_537), /more than the 65536 bytes/],
  ])("refuses %s", async (name, text, message) => {
    await expect(set(name, text)).rejects.toThrow(message);
  });

  test("takes text only", async () => {
    const asked = { name: "token", value: Buffer.from([0xff, 0xfe, 1]), by: "" };
    await expect(vault.set(asked)).rejects.toThrow(/not UTF-8/);
  });

  test("names what is not there", async () => {
    await expect(vault.open(["gone"])).rejects.toThrow(
      'there is no secret "gone"; haversack secret set gone',
    );
    await expect(vault.open(["../vault"])).rejects.toThrow(/no secret/);
    await expect(vault.remove("gone")).rejects.toThrow(/no secret "gone"/);
  });
});

describe("what was changed is told by its name, and never gives another value", () => {
  test("any byte of a file", async () => {
    await set("token", "c4nary-one");
    const path = join(folder, "token.secret");
    const good = await readFile(path);
    const outcomes = new Set<string>();
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      await writeFile(path, bad);
      const said = await value("token").catch((error: unknown) => String(error));
      // Who set it and when is told, and is not the value.
      if (said !== "c4nary-one") expect(said).toMatch(/the secret "token" cannot be opened/);
      outcomes.add(said === "c4nary-one" ? "value" : "refused");
    }
    expect(outcomes).toContain("refused");
  }, 60_000);

  test("the file of another secret, and another version", async () => {
    await set("one", "first");
    await set("two", "second");
    const one = await readFile(join(folder, "one.secret"), "utf8");
    await writeFile(join(folder, "two.secret"), one);
    await expect(value("two")).rejects.toThrow(
      /the secret "two" cannot be opened: its file is that of "one"/,
    );
    await writeFile(join(folder, "two.secret"), one.replace('"name": "one"', '"name": "two"'));
    await expect(value("two")).rejects.toThrow(/the secret "two" cannot be opened/);
    await writeFile(join(folder, "one.secret"), one.replace('"version": 1', '"version": 2'));
    await expect(value("one")).rejects.toThrow(/the secret "one" cannot be opened/);
  });

  test("the key", async () => {
    await set("token", "c4nary-one");
    const key = join(folder, "vault.key");
    const good = await readFile(key, "utf8");
    await writeFile(key, `hvk1_${Buffer.alloc(32, 7).toString("base64url")}\n`);
    await expect(value("token")).rejects.toThrow(
      /"token" cannot be opened: it is sealed under the master key/,
    );
    for (const bad of ["", "hvk1_short", "x"]) {
      await writeFile(key, bad);
      await expect(value("token")).rejects.toThrow(/vault\.key cannot be used/);
    }
    await writeFile(key, good);
    await chmod(key, 0o644);
    await expect(value("token")).rejects.toThrow(/others may read it \(mode 644\)/);
  });

  test("a key that is gone is not replaced by one that opens nothing", async () => {
    await set("token", "c4nary-one");
    const { rm } = await import("node:fs/promises");
    await rm(join(folder, "vault.key"));
    await expect(set("other", "x")).rejects.toThrow(/vault\.key is not there/);
  });
});

describe("a new master key", () => {
  test("opens all that the old one did, which is gone", async () => {
    await set("one", "first");
    await set("two", "second");
    const own = await vault.ownKey("attempt-tokens");
    const before = await readFile(join(folder, "vault.key"), "utf8");
    expect((await vault.rotateKey()).resealed).toBe(3);
    const after = await readFile(join(folder, "vault.key"), "utf8");
    expect([after.includes(before.trim()), after.trim().split("\n")]).toEqual([false, [expect.any(String)]]);
    expect([await value("one"), await value("two"), await vault.ownKey("attempt-tokens")]).toEqual([
      "first",
      "second",
      own,
    ]);
    expect(await vault.list()).toMatchObject([{ version: 1 }, { version: 1 }]);
  });

  test("keeps the old one while a secret cannot be opened, and goes on from there", async () => {
    await set("one", "first");
    await set("two", "second");
    const good = await readFile(join(folder, "two.secret"));
    await writeFile(join(folder, "two.secret"), "{}");
    await expect(vault.rotateKey()).rejects.toThrow(/the secret "two" cannot be opened/);
    expect(await value("one")).toBe("first");
    await writeFile(join(folder, "two.secret"), good);
    expect(await value("two")).toBe("second");
    await vault.rotateKey();
    expect([await value("one"), await value("two")]).toEqual(["first", "second"]);
    expect((await readFile(join(folder, "vault.key"), "utf8")).trim().split("\n")).toHaveLength(1);
  });

  test("of a file that is not ours is its first line", async () => {
    const keyFile = join(base.path, "credential");
    const line = (fill: number) => `hvk1_${Buffer.alloc(32, fill).toString("base64url")}\n`;
    await expect(set("one", "first", open({ keyFile }))).rejects.toThrow(/credential is not there/);
    await writeFile(keyFile, line(1), { mode: 0o400 });
    const theirs = open({ keyFile });
    await set("one", "first", theirs);
    expect((await theirs.rotateKey()).resealed).toBe(0);
    await writeFile(keyFile, line(2) + line(1));
    expect((await theirs.rotateKey()).resealed).toBe(1);
    await writeFile(keyFile, line(2));
    expect(await value("one", theirs)).toBe("first");
    expect(await readFile(keyFile, "utf8")).toBe(line(2));
  });
});

describe("coordinators that share a vault", () => {
  test("see each other's changes, and lose none of them", async () => {
    const others = [open(), open(), open()];
    await Promise.all(others.flatMap((each, at) => [set(`a${at}`, "x", each), set("same", `v${at}`, each)]));
    expect((await vault.list()).map(({ name, version }) => `${name} ${version}`)).toEqual([
      "a0 1",
      "a1 1",
      "a2 1",
      "same 3",
    ]);
    const keys = await Promise.all(others.map((each) => each.ownKey("attempt-tokens")));
    expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(1);
  });

  test("wait for whoever changes it, but not for one that is gone", async () => {
    await set("one", "first");
    const clock = new FakeClock();
    await writeFile(join(folder, "lock"), "");
    await utimes(join(folder, "lock"), 1, 1);
    const waiting = withFolderLock(folder, clock, async () => "had");
    const over = new AbortController();
    void waiting.then(() => over.abort());
    while (!over.signal.aborted) {
      if (clock.timers > 0) clock.advance(50);
      await setImmediate();
    }
    expect(await waiting).toBe("had");
    expect(clock.monotonic()).toBeGreaterThan(10_000);
  });
});

test("tokens of attempts are those of one attempt, one worker and one vault", async () => {
  const ref = {
    runId: parseRunId("r"),
    stepId: parseStepId("s"),
    attempt: 1,
    generation: parseGeneration("1-a"),
  };
  const worker = parseWorkerId("w1");
  const tokens = attemptTokens(vault);
  const token = await tokens.make(ref, worker);
  expect(token).toHaveLength(32);
  expect(await attemptTokens(open()).isValid(token, ref, worker)).toBe(true);
  expect(await tokens.isValid(token, { ...ref, attempt: 2 }, worker)).toBe(false);
  expect(await tokens.isValid(token, ref, parseWorkerId("w2"))).toBe(false);
  expect(await tokens.isValid(token.subarray(1), ref, worker)).toBe(false);
  expect(await tokens.isValid(new Uint8Array(), ref, worker)).toBe(false);
  const elsewhere = new Vault({ folder: join(base.path, "b"), keyFile: undefined }, systemClock);
  expect(await attemptTokens(elsewhere).isValid(token, ref, worker)).toBe(false);
});
