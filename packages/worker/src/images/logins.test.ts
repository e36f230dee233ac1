import { FaultError } from "@haversack/base";
import { expect, test } from "vitest";
import { openLogins, type RegistryVault } from "./logins.ts";

const never = new AbortController().signal;
const credentials = new Map([
  ["plain.example", { username: "a", password: "geheim" }],
  ["vault.example:5000", { username: "b", password: { secret: "pull" } }],
]);

const loginsOf = (getRegistrySecret: RegistryVault["getRegistrySecret"]) =>
  openLogins({ credentials, vault: { getRegistrySecret } });

test("a password that stands in the vault is asked for each time, and only for its own host", async () => {
  const values = ["first", "second"];
  const names: string[] = [];
  const logins = loginsOf(async (name) => {
    names.push(name);
    return values.shift() ?? "";
  });
  expect([logins.mayChange, openLogins({ credentials: new Map() }).mayChange]).toEqual([true, false]);
  expect(await logins.of("plain.example", never)).toEqual({ username: "a", password: "geheim" });
  expect(await logins.of("other.example", never)).toBeUndefined();
  expect(names).toEqual([]);
  expect(await logins.of("vault.example:5000", never)).toEqual({ username: "b", password: "first" });
  expect(await logins.of("vault.example:5000", never)).toEqual({ username: "b", password: "second" });
  expect(names).toEqual(["pull", "pull"]);
});

test.each([
  [new FaultError("missing", "not_found", "there is no secret"), "auth"],
  [new FaultError("denied", "permission_denied", "not for you"), "auth"],
  // It may be that the worker has not joined yet, or that the coordinator is away: that passes.
  [new FaultError("denied", "unauthenticated", "who are you"), "network"],
  [new FaultError("unavailable", "unavailable", "away"), "network"],
])("what the coordinator says, %o, is a fault of the flight: %s", async (error, code) => {
  const logins = loginsOf(() => Promise.reject(error));
  const told = {
    flightCode: code,
    message: expect.stringContaining('the secret "pull" for vault.example:5000'),
  };
  await expect(logins.of("vault.example:5000", never)).rejects.toMatchObject(told);
});

test("whoever stops waiting is told so", async () => {
  const stopping = new AbortController();
  const logins = loginsOf(async (_name, signal) => {
    stopping.abort(new Error("stopped"));
    signal.throwIfAborted();
    return "";
  });
  await expect(logins.of("vault.example:5000", stopping.signal)).rejects.toThrow("stopped");
});
