import { FaultError } from "@haversack/base";
import type { StepSecret, Task } from "@haversack/protocol";
import { expect, test, vi } from "vitest";
import { makeMasker } from "../mask/masker.ts";
import { taskOf } from "../testing/attempt-world.ts";
import { AttemptSecrets, type AttemptSecretsParts } from "./attempt-secrets.ts";

const token = new Uint8Array(32).fill(7);
const never = new AbortController().signal;
const task = (variables: readonly StepSecret[], ofPack: readonly string[] = [], given = token): Task =>
  taskOf("a", { secrets: { variables, ofPack, token: given } });
const ofVault = (variable: string, secret: string): StepSecret => ({ variable, from: { secret } });

function setup(asked: Task, values: Readonly<Record<string, string>> | FaultError = {}) {
  const masker = makeMasker();
  const notes: string[] = [];
  const getAttemptSecrets = vi.fn<AttemptSecretsParts["connection"]["getAttemptSecrets"]>(async () => {
    if (values instanceof FaultError) throw values;
    return new Map(Object.entries(values));
  });
  const host = { resolve: async (from: object) => ("env" in from ? "c4nary-of-host" : undefined) };
  const note = (text: string): void => void notes.push(text);
  const secrets = new AttemptSecrets(asked, { connection: { getAttemptSecrets }, host, masker, note });
  return { secrets, masker, notes, getAttemptSecrets };
}

test("values come once, with the token of the task, and are masked from then on", async () => {
  const asked = task([ofVault("A", "one"), { variable: "B", from: { env: "X" } }], ["of-pack"]);
  const { secrets, masker, getAttemptSecrets } = setup(asked, {
    one: "c4nary-one",
    "of-pack": "c4nary-pack",
  });
  await secrets.fetch(never);
  expect(masker.text("c4nary-pack")).toBe("[secret]");
  expect(await secrets.variables()).toEqual(
    new Map([
      ["A", "c4nary-one"],
      ["B", "c4nary-of-host"],
    ]),
  );
  expect(masker.text("c4nary-one c4nary-of-host")).toBe("[secret] [secret]");
  expect(await secrets.resolve({ secret: "of-pack" })).toBe("c4nary-pack");
  expect(await secrets.resolve({ secret: "another" })).toBeUndefined();
  expect(getAttemptSecrets.mock.calls).toEqual([[asked.ref, token, never]]);
});

test("a task that names nothing of the vault asks nobody", async () => {
  for (const asked of [taskOf("a"), task([{ variable: "B", from: { env: "X" } }], [], new Uint8Array())]) {
    const { secrets, getAttemptSecrets } = setup(asked);
    await secrets.fetch(never);
    expect(getAttemptSecrets).not.toHaveBeenCalled();
  }
});

test("what is not there is named", async () => {
  const gone = new FaultError("missing", "not_found", 'there is no secret "one"');
  const { secrets } = setup(task([ofVault("A", "one")]), gone);
  await expect(secrets.fetch(never)).rejects.toMatchObject({
    code: "unknown_secret",
    message: 'there is no secret "one"',
  });
  const file = setup(task([{ variable: "A", from: { file: "/run/secrets/x" } }]));
  await expect(file.secrets.variables()).rejects.toThrow(
    "the variable A of this step is the file /run/secrets/x of the worker, which is not to be had here",
  );
});

test("a coordinator that is away is no answer", async () => {
  const away = new FaultError("unavailable", "unavailable", "away");
  await expect(setup(task([ofVault("A", "one")]), away).secrets.fetch(never)).rejects.toBe(away);
});

test("a value too short to be masked is reported, by its name", async () => {
  const { secrets, notes } = setup(task([ofVault("A", "pin"), ofVault("B", "pin")]), { pin: "1234" });
  await secrets.fetch(never);
  await secrets.variables();
  expect(notes).toEqual([
    'the secret "pin" has 4 bytes, too few to be told from ordinary text: it is not masked',
  ]);
});
