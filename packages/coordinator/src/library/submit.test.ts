import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import { limitsFromEnvironment } from "@haversack/snapshot";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import type { Store } from "../store/store.ts";
import { Library } from "./library.ts";
import { Snapshots } from "./snapshots.ts";
import { Submitter } from "./submit.ts";

const examples = join(import.meta.dirname, "../../../../examples");
const ports = { clock: systemClock, random: systemRandom, log: silentLog };

/** Checks the example without a store, which a check does not touch. */
async function check(env: Readonly<Record<string, string>>): Promise<void> {
  const store = {} as Store;
  const library = new Library(join(examples, "agents"), undefined, limitsFromEnvironment(env));
  const dag = await readFile(join(examples, "dags/repo-report.yaml"), "utf8");
  await new Submitter(store, new Snapshots(store, library), ports).validate({
    dag,
    fileName: "repo-report.yaml",
  });
}

test("text of a dotenv file that looks like a key is refused with its place, unless the library excuses it", async () => {
  await using folder = await tempFolder();
  const key = `ghp_${"a1B2c3".repeat(6)}`;
  const library = new Library(folder.path, undefined);
  const submitter = new Submitter({} as Store, new Snapshots({} as Store, library), ports);
  const dag = "name: demo\ndotenv: .env\nsteps:\n  - { id: a, run: x }\n";
  const check = () =>
    submitter.validate({ dag, fileName: "dags/f.yaml", dotenv: { ".env": `A=1\nB=${key}\n` } });
  const refusal: unknown = await check().catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    problems: [{ file: "dags/.env", line: 2, column: 3, code: "key_like_string" }],
    message: expect.not.stringContaining(key),
  });
  const [digest = ""] = /\b[0-9a-f]{64}\b/.exec(String(refusal)) ?? [];
  await writeFile(join(folder.path, ".allowed-strings"), `${digest}\n`);
  await expect(check()).resolves.toBeUndefined();
});

test("a pack over the operator's limits fails the submission, at the step and with the size table", async () => {
  await check({});
  const problem = {
    file: "repo-report.yaml",
    line: expect.any(Number),
    field: "steps[5].agent",
    code: "snapshot_too_large",
    message: expect.stringMatching(
      /over 513\.0 KiB with 512\.0 KiB kept free for memory: skills\/repo-report/,
    ),
  };
  await expect(check({ HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: "576KiB" })).resolves.toBeUndefined();
  await expect(check({ HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: "513KiB" })).rejects.toMatchObject({
    problems: [problem],
  });
});
