import { silentLog, systemClock } from "@haversack/base";
import { parseWorkerId } from "@haversack/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { attemptTokens } from "../secrets/attempt-tokens.ts";
import { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { refOf } from "../testing/fleet-samples.ts";
import { attemptSecrets } from "./attempt-secrets.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeEach(async () => {
  folder = await tempFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const holder = parseWorkerId("w1");
const ref = refOf("a");

/** @param names undefined: the attempt is not live */
function setup(names: readonly string[] | undefined) {
  const vault = new Vault({ folder: folder.path, keyFile: undefined }, systemClock);
  const held = names === undefined ? undefined : { workerId: holder, names };
  const store = { read: { attemptSecrets: async () => held } } as unknown as Store;
  const tokens = attemptTokens(vault);
  const parts = { store, vault, attemptTokens: tokens, ports: { log: silentLog } };
  const set = (name: string) => vault.set({ name, value: Buffer.from(`value of ${name}`), by: "" });
  const ask = (token: Uint8Array, workerId?: string) =>
    attemptSecrets(parts, { ref, token, caller: workerId === undefined ? {} : { workerId } });
  return { set, tokens, ask };
}

test("the values that are declared, and no others, for the token of the task", async () => {
  const { set, tokens, ask } = setup(["one", "two"]);
  for (const name of ["one", "two", "three"]) await set(name);
  expect(await ask(await tokens.make(ref, holder))).toEqual(
    new Map([
      ["one", "value of one"],
      ["two", "value of two"],
    ]),
  );
});

test("nothing for the token of another attempt or another worker, or for none", async () => {
  const { set, tokens, ask } = setup(["one"]);
  await set("one");
  for (const token of [
    await tokens.make(ref, parseWorkerId("w2")),
    await tokens.make({ ...ref, attempt: 2 }, holder),
    new Uint8Array(32),
    new Uint8Array(),
  ]) {
    await expect(ask(token)).rejects.toMatchObject({ fault: "denied", code: "bad_attempt_token" });
  }
  // The right token with the credential of another worker.
  const token = await tokens.make(ref, holder);
  expect((await ask(token, holder)).size).toBe(1);
  await expect(ask(token, "w2")).rejects.toMatchObject({ code: "bad_attempt_token" });
});

test("nothing for an attempt that is over", async () => {
  const { tokens, ask } = setup(undefined);
  await expect(ask(await tokens.make(ref, holder))).rejects.toMatchObject({ fault: "fenced" });
});

test("a secret that is gone by then is named", async () => {
  const { tokens, ask } = setup(["gone"]);
  await expect(ask(await tokens.make(ref, holder))).rejects.toThrow('there is no secret "gone"');
});
